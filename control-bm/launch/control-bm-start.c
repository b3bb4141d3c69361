// SPDX-License-Identifier: GPL-2.0-or-later
/* Becomes the VMM of the control BM. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"
#include "command.h"
#include "config.h"

/* Exit statuses; the VMM's own are in vmm/README.md. */
#define STATUS_FAILED	1
#define STATUS_USAGE	2

static const char help[] =
	"Usage: control-bm-start [OPTION...]\n"
	"Starts the control BM: becomes its VMM.\n"
	"\n"
	"  -c, --config=FILE  read FILE (" CONFIG_DEFAULT_PATH ";\n"
	"                     without a file there the defaults hold)\n"
	"      --check        only check the file and what it names\n"
	"      --print        only print the VMM's command line, a word a line\n"
	"  -h, --help         print this\n"
	"\n"
	"Exit status: 1 it cannot start, 2 wrong usage, else the VMM's.\n";

struct options {
	const char *config;
	bool check;
	bool print;
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check", no_argument, NULL, 'k' },
	{ "print", no_argument, NULL, 'p' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void parse_options(int argc, char **argv, struct options *options)
{
	int letter;

	while ((letter = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1) {
		if (letter == 'c')
			options->config = optarg;
		else if (letter == 'k')
			options->check = true;
		else if (letter == 'p')
			options->print = true;
		else
			exit(letter == 'h' && fputs(help, stdout) >= 0 ? 0 : STATUS_USAGE);
	}
	if (optind != argc) {
		fprintf(stderr, "control-bm-start: %s: not an option; see --help\n",
			argv[optind]);
		exit(STATUS_USAGE);
	}
}

static int check_access(const char *path, int mode, const char *remedy)
{
	if (access(path, mode) == 0)
		return 0;
	fprintf(stderr, "control-bm-start: %s: %s; %s\n", path, strerror(errno), remedy);
	return -EINVAL;
}

/* All that the file names is there. Return: 0 or -EINVAL. */
static int check_files(const struct config *config)
{
	int r = check_access(config->vmm, X_OK, "install the VMM, or name one by vmm =");

	r |= check_access(config->kernel, R_OK, "install the kernel, or name one by kernel =");
	r |= check_access(config->root, R_OK | W_OK, "install the image, or name one by root =");
	for (size_t i = 0; i < config->nr_disks; i++)
		r |= check_access(config->disks[i].path,
				  config->disks[i].writable ? R_OK | W_OK : R_OK,
				  "remove the disk, or name another file");
	return r;
}

static int make_pipe(const char *folder, const char *end)
{
	char *path;
	int r;

	if (asprintf(&path, "%s/" COMMAND_REQUESTS ".%s", folder, end) < 0)
		return -ENOMEM;
	r = mkfifo(path, 0600) == 0 || errno == EEXIST ? 0 : -errno;
	if (r < 0)
		fprintf(stderr, "control-bm-start: %s: cannot make this pipe: %s\n", path,
			strerror(-r));
	free(path);
	return r;
}

/* The folder for sockets and pipes; only root may reach them. */
static int make_run_folder(const char *path)
{
	int r;

	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		r = -errno;
		fprintf(stderr, "control-bm-start: %s: cannot make this folder: %s\n", path,
			strerror(-r));
		return r;
	}
	r = make_pipe(path, "in");
	return r < 0 ? r : make_pipe(path, "out");
}

static void print_words(const struct command *command)
{
	for (size_t i = 0; i < command->nr_words; i++)
		puts(command->words[i]);
}

static int start(const struct config *config, const struct options *options)
{
	struct command command = { 0 };
	struct channel channel;
	int r = 0;

	if (config->proxyd)
		r = channel_find(config->proxyd, &channel);
	if (!r)
		r = command_make(config, config->proxyd ? &channel : NULL, &command);
	if (!r && options->print)
		print_words(&command);
	else if (!r)
		r = make_run_folder(config->run);
	if (!r && !options->print) {
		execv(command.words[0], command.words);
		r = -errno;
		fprintf(stderr, "control-bm-start: %s: %s\n", config->vmm, strerror(-r));
	}
	command_free(&command);
	return r;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct config config = { 0 };
	int r;

	parse_options(argc, argv, &options);
	r = config_read(options.config ? options.config : CONFIG_DEFAULT_PATH, options.config,
			&config);
	if (!r && !options.print)
		r = check_files(&config);
	if (!r && !options.check)
		r = start(&config, &options);
	config_free(&config);
	return r ? STATUS_FAILED : 0;
}
