// SPDX-License-Identifier: GPL-2.0-or-later
#include "parts.h"

#include <signal.h>
#include <sys/prctl.h>

#include "config/problem.h"

char folder[64];

int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/kbm-vm-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

int remove_folder(void **state)
{
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/cpus.lock", folder);
	unlink(path);
	return rmdir(folder);
}

void expect_words(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("'%s' lacks '%s'", text, words);
}

void __attribute__((noreturn)) wait_for_the_end(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

struct config *configure(const char *text)
{
	struct problem problem = { "" };
	struct config *config = NULL;

	if (config_parse("f", text, strlen(text), &config, &problem))
		fail_msg("%s", problem.text);
	return config;
}
