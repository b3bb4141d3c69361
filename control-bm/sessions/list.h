/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a kernel's list that changes while it is read. */
#ifndef KBM_SESSIONS_LIST_H
#define KBM_SESSIONS_LIST_H

/**
 * list_read - read a file that the kernel writes anew for each read()
 * @path:	the file.
 * @ret_text:	all of it, ended by a NUL; the caller frees it.
 *
 * A session that starts or ends between two calls of read() moves what follows
 * it, and the text is then of two states. Two readings that are alike are of one.
 *
 * Return: 0, -EAGAIN if it changed for a second, or another negative errno.
 */
int list_read(const char *path, char **ret_text);

#endif
