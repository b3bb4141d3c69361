/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a VM ended, from all that was seen of it. */
#ifndef KBM_SHIM_VM_END_H
#define KBM_SHIM_VM_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm.h"

struct json_object;

#define END_TEXT_SIZE	1536
#define END_WORDS_SIZE	1024

/* What was seen; all zero at the start. */
struct end_signs {
	/* KATA_BM_ENDED came, with reason and detail. */
	bool is_told;
	enum vm_reason told;
	uint64_t detail;
	/* GUEST_PANICKED came, or the console said so. */
	bool is_panic;
	/* SHUTDOWN came. */
	bool is_down;
	/* We asked it to quit, or killed it. */
	bool is_asked;
	/* It did not answer in time, and was killed for that. */
	bool is_stuck;
	/* QEMU's last words: the last line that it wrote. */
	char words[END_WORDS_SIZE];
};

/* An event of QMP. */
void end_event(struct end_signs *signs, const char *name, struct json_object *data);

/* A line of the console. */
void end_console(struct end_signs *signs, const char *line);

/* A line of QEMU's messages. */
void end_message(struct end_signs *signs, const char *line);

/**
 * end_conclude - what it was
 * @signs:	seen.
 * @is_direct:	a direct guest: exit status says more.
 * @code:	of siginfo_t: CLD_EXITED, ...; 0: not known.
 * @status:	of siginfo_t.
 * @text:	END_TEXT_SIZE bytes that @ret->text points to.
 */
void end_conclude(const struct end_signs *signs, bool is_direct, int code, int status, char *text,
		  struct vm_end *ret);

#endif
