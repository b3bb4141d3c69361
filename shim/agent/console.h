/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes the master of a new terminal from crun's --console-socket. */
#ifndef KBM_AGENT_CONSOLE_H
#define KBM_AGENT_CONSOLE_H

struct console;

/* Listens at path, which must be new. Returns 0 or a negative errno. */
int console_new(const char *path, struct console **ret_console);

/*
 * To be called when crun has ended: returns the master, which is the caller's,
 * or a negative errno: -ENOENT when crun has sent none.
 */
int console_take(struct console *console);

/* NULL is fine. */
void console_free(struct console *console);

#endif
