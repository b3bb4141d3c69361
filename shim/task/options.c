// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../config/problem.h"

/* containerd's identifiers.maxLength */
#define IDENTIFIER_MAX 76

enum flag_kind { FLAG_TEXT, FLAG_SWITCH, FLAG_VERB };

static const struct flag {
	const char *name;
	enum flag_kind kind;
	size_t offset; /* in struct options; of a verb: its number */
} flags[] = {
	{ "namespace", FLAG_TEXT, offsetof(struct options, namespace_) },
	{ "id", FLAG_TEXT, offsetof(struct options, id) },
	{ "address", FLAG_TEXT, offsetof(struct options, address) },
	{ "publish-binary", FLAG_TEXT, offsetof(struct options, publish_binary) },
	{ "bundle", FLAG_TEXT, offsetof(struct options, bundle) },
	{ "debug", FLAG_SWITCH, offsetof(struct options, debug) },
	{ "v", FLAG_VERB, VERB_VERSION },
	{ "info", FLAG_VERB, VERB_INFO },
	{ "h", FLAG_VERB, VERB_HELP },
	{ "help", FLAG_VERB, VERB_HELP },
};

bool identifier_is_valid(const char *name)
{
	size_t length = strlen(name);

	if (!length || length > IDENTIFIER_MAX || !isalnum((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
			return false;
	return true;
}

static const struct flag *find_flag(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strlen(flags[i].name) == length && !memcmp(flags[i].name, name, length))
			return &flags[i];
	return NULL;
}

/* Takes one flag, and its value if that is the next word. Returns how many words. */
static int take_flag(char *const words[], struct options *options, struct problem *problem)
{
	const char *name = words[0] + (words[0][1] == '-' ? 2 : 1);
	size_t length = strcspn(name, "=");
	const char *value = name[length] ? name + length + 1 : NULL;
	const struct flag *flag = find_flag(name, length);
	char *field = (char *)options;

	if (!flag)
		return problem_set(problem, -EINVAL, "%s: no such option; -h lists them", words[0]);
	switch (flag->kind) {
	case FLAG_VERB:
		options->verb = (enum verb)flag->offset;
		return 1;
	case FLAG_SWITCH:
		*(bool *)(field + flag->offset) = !value || !strcmp(value, "true");
		return 1;
	default:
		break;
	}
	if (!value && !words[1])
		return problem_set(problem, -EINVAL, "%s: wants a value", words[0]);
	*(const char **)(field + flag->offset) = value ? value : words[1];
	return value ? 1 : 2;
}

static int take_verb(const char *word, struct options *options, struct problem *problem)
{
	if (!word)
		return problem_set(problem, -EINVAL,
				   "no verb given; write start or delete, or -v, -info, -h");
	if (!strcmp(word, "start"))
		options->verb = VERB_START;
	else if (!strcmp(word, "delete"))
		options->verb = VERB_DELETE;
	else
		return problem_set(problem, -EINVAL, "%s: no such verb; write start or delete",
				   word);
	return 0;
}

static int check(const struct options *options, struct problem *problem)
{
	if (options->verb != VERB_START && options->verb != VERB_DELETE)
		return 0;
	if (!identifier_is_valid(options->namespace_))
		return problem_set(problem, -EINVAL,
				   "-namespace '%s': write a name of 1 to %d letters, "
				   "digits, '-', '_' and '.'",
				   options->namespace_, IDENTIFIER_MAX);
	if (!identifier_is_valid(options->id))
		return problem_set(problem, -EINVAL,
				   "-id '%s': write a name of 1 to %d letters, digits, "
				   "'-', '_' and '.'",
				   options->id, IDENTIFIER_MAX);
	return 0;
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

int options_parse(int argc, char *const argv[], struct options *ret_options,
		  struct problem *problem)
{
	struct options options = {
		.verb = VERB_START,
		.namespace_ = "",
		.id = "",
		.address = environment("GRPC_ADDRESS"),
		.ttrpc_address = environment("TTRPC_ADDRESS"),
		.publish_binary = "",
		.bundle = "",
	};
	int at = 1, r;

	while (at < argc && argv[at][0] == '-' && argv[at][1]) {
		r = take_flag(argv + at, &options, problem);
		if (r < 0)
			return r;
		at += r;
	}
	if (options.verb == VERB_START) {
		r = take_verb(at < argc ? argv[at] : NULL, &options, problem);
		if (r < 0)
			return r;
	}
	r = check(&options, problem);
	if (r < 0)
		return r;
	*ret_options = options;
	return 0;
}
