// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of the shim: containerd is its user, not people. */
#include <stdio.h>
#include <stdlib.h>

#include "config/problem.h"
#include "options.h"
#include "verbs.h"
#include "version.h"

static const char help[] =
	"Usage: " SHIM_NAME " [OPTION...] start|delete\n"
	"Runs containers in Kata BM guests. containerd starts it by the name of the runtime,\n"
	"io.containerd.kata-bm.v2, as in: ctr run --runtime io.containerd.kata-bm.v2 IMAGE ID\n"
	"\n"
	"  -namespace NAME       containerd's namespace\n"
	"  -id ID                of the container or pod\n"
	"  -address PATH         containerd's gRPC socket\n"
	"  -publish-binary PATH  the program that forwards events\n"
	"  -bundle PATH          of delete; start takes the working directory\n"
	"  -debug                log more, the guest's console above all\n"
	"  -v                    print the version, and exit\n"
	"  -info                 print what it can do as a RuntimeInfo, and exit\n"
	"  -h                    print this, and exit\n";

static int print(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct problem problem = { "" };
	struct options options;

	if (options_parse(argc, argv, &options, &problem) < 0)
		return verb_fail(problem.text);
	switch (options.verb) {
	case VERB_DELETE:
		return verb_delete(&options);
	case VERB_VERSION:
		return print(SHIM_NAME " " SHIM_VERSION "\n");
	case VERB_INFO:
		return verb_info();
	case VERB_HELP:
		return print(help);
	default:
		return verb_start(&options);
	}
}
