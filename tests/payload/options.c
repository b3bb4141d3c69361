/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/kbm_guest.h>

#include "message.h"
#include "payload.h"

static const char usage[] =
"Usage: kbm-payload [OPTION]...\n"
"Run a small payload in a direct guest on lent CPUs and memory.\n"
"\n"
"  --payload=NAME    a built-in payload (--list), or a path to flat code\n"
"  --mode=MODE       direct, walled (default), or stock (ordinary KVM)\n"
"  --cpus=LIST       CPUs to lend, e.g. 2,3 or 2-5 (default 1)\n"
"  --memory=SIZE     e.g. 64M, 1G (default 64M)\n"
"  --node=N          NUMA node of the memory (default: any)\n"
"  --seconds=N       time limit, and how long live runs (default 10)\n"
"  --rate=N          timer interrupts a second (default 1000)\n"
"  --count=N         how often a payload does its thing (default 1000)\n"
"  --argument=N      number for payloads that want one\n"
"  --kicks=N         kick the first vCPU N times, and measure\n"
"  --runs=N          start and stop N guests, one after the other\n"
"  --grant           the guest may reach all memory that is set aside\n"
"  --json            print the result as JSON\n"
"  --list            list the payloads\n"
"\n"
"Exits with 0 if every guest ended by its shutdown hypercall (or, for payloads\n"
"that never end, at its time limit or SIGTERM), else with 1.\n";

const char *options_mode_name(int mode)
{
	switch (mode) {
	case KBM_MODE_DIRECT:
		return "direct";
	case KBM_MODE_WALLED:
		return "walled";
	default:
		return "stock";
	}
}

static int parse_mode(const char *text, int *ret_mode)
{
	for (int mode = MODE_STOCK; mode <= KBM_MODE_WALLED; mode++) {
		if (strcmp(text, options_mode_name(mode)))
			continue;
		*ret_mode = mode;
		return 0;
	}
	return fail(0, "--mode=%s: direct, walled or stock", text);
}

static int parse_number(const char *option, const char *text, uint64_t *ret_number)
{
	unsigned int shift = 0;
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(text, &end, 0);
	switch (toupper((unsigned char)*end)) {
	case 'G':
		shift += 10;
		/* fall through */
	case 'M':
		shift += 10;
		/* fall through */
	case 'K':
		shift += 10;
		end++;
	}
	if (errno || end == text || *end || number > UINT64_MAX >> shift)
		return fail(0, "--%s=%s: not a number", option, text);
	*ret_number = number << shift;
	return 0;
}

static int add_cpus(struct options *options, unsigned long first, unsigned long last)
{
	for (unsigned long cpu = first; cpu <= last; cpu++) {
		if (options->nr_cpus == PAYLOAD_MAX_CPUS)
			return fail(0, "--cpus: at most %d", PAYLOAD_MAX_CPUS);
		options->cpus[options->nr_cpus++] = (unsigned int)cpu;
	}
	return 0;
}

static int parse_cpus(const char *text, struct options *options)
{
	const char *at = text;
	int r = 0;

	options->nr_cpus = 0;
	while (!r) {
		char *end;
		unsigned long first = strtoul(at, &end, 10);
		unsigned long last = first;

		if (end == at)
			return fail(0, "--cpus=%s: a list of numbers and ranges", text);
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		r = add_cpus(options, first, last);
		if (!*end)
			break;
		if (*end != ',')
			return fail(0, "--cpus=%s: a list of numbers and ranges", text);
		at = end + 1;
	}
	return r;
}

enum option_id {
	OPTION_PAYLOAD = 1, OPTION_MODE, OPTION_CPUS, OPTION_MEMORY, OPTION_NODE,
	OPTION_SECONDS, OPTION_RATE, OPTION_COUNT, OPTION_ARGUMENT, OPTION_KICKS,
	OPTION_RUNS, OPTION_GRANT, OPTION_JSON, OPTION_LIST, OPTION_HELP,
};

static const struct option long_options[] = {
	{ "payload", required_argument, NULL, OPTION_PAYLOAD },
	{ "mode", required_argument, NULL, OPTION_MODE },
	{ "cpus", required_argument, NULL, OPTION_CPUS },
	{ "memory", required_argument, NULL, OPTION_MEMORY },
	{ "node", required_argument, NULL, OPTION_NODE },
	{ "seconds", required_argument, NULL, OPTION_SECONDS },
	{ "rate", required_argument, NULL, OPTION_RATE },
	{ "count", required_argument, NULL, OPTION_COUNT },
	{ "argument", required_argument, NULL, OPTION_ARGUMENT },
	{ "kicks", required_argument, NULL, OPTION_KICKS },
	{ "runs", required_argument, NULL, OPTION_RUNS },
	{ "grant", no_argument, NULL, OPTION_GRANT },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "list", no_argument, NULL, OPTION_LIST },
	{ "help", no_argument, NULL, OPTION_HELP },
	{}
};

static int parse_numeric(int id, const char *text, struct options *options)
{
	uint64_t number = 0;
	int r = parse_number(long_options[id - 1].name, text, &number);

	if (r)
		return r;
	switch (id) {
	case OPTION_MEMORY:
		options->memory = number;
		return 0;
	case OPTION_NODE:
		options->node = (uint32_t)number;
		options->any_node = false;
		return 0;
	case OPTION_RATE:
		options->rate = number ? (unsigned int)number : 1;
		return 0;
	case OPTION_COUNT:
		options->count = number;
		return 0;
	case OPTION_KICKS:
		options->kicks = (unsigned int)number;
		return 0;
	case OPTION_RUNS:
		options->runs = (unsigned int)number;
		return 0;
	default:
		options->argument = number;
		return 0;
	}
}

static int parse_one(int id, const char *text, struct options *options)
{
	switch (id) {
	case OPTION_PAYLOAD:
		options->payload = text;
		return 0;
	case OPTION_MODE:
		return parse_mode(text, &options->mode);
	case OPTION_CPUS:
		return parse_cpus(text, options);
	case OPTION_SECONDS:
		options->seconds = strtod(text, NULL);
		return options->seconds > 0 ? 0 : fail(0, "--seconds=%s: more than 0", text);
	case OPTION_GRANT:
		options->grant = true;
		return 0;
	case OPTION_JSON:
		options->json = true;
		return 0;
	case OPTION_LIST:
		payload_list(stdout);
		return 1;
	case OPTION_HELP:
		fputs(usage, stdout);
		return 1;
	case '?':
		return -EINVAL;
	default:
		return parse_numeric(id, text, options);
	}
}

int options_parse(int argc, char **argv, struct options *ret_options)
{
	struct options options = {
		.payload = "hello",
		.mode = KBM_MODE_WALLED,
		.cpus = { 1 },
		.nr_cpus = 1,
		.memory = 64 << 20,
		.any_node = true,
		.seconds = 10,
		.rate = 1000,
		.count = 1000,
		.runs = 1,
	};
	int id;

	while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		int r = parse_one(id, optarg, &options);

		if (r)
			return r;
	}
	if (optind < argc)
		return fail(0, "%s: unexpected; see --help", argv[optind]);
	*ret_options = options;
	return 0;
}
