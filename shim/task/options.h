/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line that containerd gives a shim: Go's flags, then a verb. */
#ifndef KBM_SHIM_OPTIONS_H
#define KBM_SHIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct problem;

enum verb { VERB_START, VERB_DELETE, VERB_VERSION, VERB_INFO, VERB_HELP };

/* The strings are the command line's own, or of the environment; "" if not given. */
struct options {
	enum verb verb;
	const char *namespace_;
	const char *id;
	const char *address; /* of containerd's gRPC socket */
	const char *ttrpc_address; /* $TTRPC_ADDRESS */
	const char *publish_binary;
	const char *bundle; /* of delete; start has it as its working directory */
	bool debug;
};

/*
 * -EINVAL: wrong; @problem names the word and what would be right. Looks at what
 * the verb needs, too: names that cannot be file names, or are longer than
 * containerd's own limit of 76, are wrong.
 */
int options_parse(int argc, char *const argv[], struct options *ret_options,
		  struct problem *problem);

/* A namespace or an id: as containerd's own rule for identifiers. */
bool identifier_is_valid(const char *name);

#endif
