/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_TEST_MESSAGE_H
#define KBM_TEST_MESSAGE_H

/**
 * fail() - say on stderr what went wrong
 * @error: negative errno, returned; its text follows the message. 0 for a
 *         message that says it all; then -EINVAL is returned.
 */
int fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
