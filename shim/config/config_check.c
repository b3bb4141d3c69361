// SPDX-License-Identifier: GPL-2.0-or-later
#include "config_check.h"

#include <regex.h>
#include <stdbool.h>
#include <string.h>

#include "cpu_list.h"

#define UNIX_PREFIX	"unix:"
#define KBM_PREFIX	"kbm:"

const char *check_path(const char *value)
{
	if (*value && *value != '/')
		return "needs an absolute path";
	return NULL;
}

/* QEMU and the guest take any bytes, but x86 has room for 2047 of them, and ours are to fit, too. */
const char *check_params(const char *value)
{
	if (strlen(value) > 1536)
		return "is longer than the 1536 bytes that fit on a kernel's command line";
	for (; *value; value++)
		if ((unsigned char)*value < ' ')
			return "has a control character";
	return NULL;
}

const char *check_regex(const char *value)
{
	regex_t regex;

	if (regcomp(&regex, value, REG_EXTENDED | REG_NOSUB))
		return "is not a regular expression";
	regfree(&regex);
	return NULL;
}

const char *check_cpus(const char *value)
{
	struct cpu_list list;

	if (cpu_list_parse(value, "", &list) < 0)
		return "needs a list of CPUs such as \"2-3,8\"";
	if (cpu_list_has(&list, 0))
		return "has CPU 0, which boots and stops the host and cannot be lent";
	return NULL;
}

static bool is_proxy(const char *value, const char *prefix)
{
	return !strncmp(value, prefix, strlen(prefix)) && value[strlen(prefix)] == '/';
}

const char *check_proxy(const char *value)
{
	if (!*value || !strcmp(value, "auto") || is_proxy(value, UNIX_PREFIX) ||
	    is_proxy(value, KBM_PREFIX))
		return NULL;
	return "needs \"auto\", \"\" (none), \"kbm:/DEVICE\" or \"unix:/SOCKET\"";
}
