/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KBM_ERROR_H
#define _KBM_ERROR_H

/* Why the last call on an open file failed, in words; read() returns it. */

#include <linux/compiler.h>
#include <linux/mutex.h>
#include <linux/stdarg.h>
#include <linux/types.h>

#define KBM_ERROR_SIZE		192

struct kbm_error {
	struct mutex lock;
	char text[KBM_ERROR_SIZE];
};

void kbm_error_init(struct kbm_error *error);
__printf(2, 3) void kbm_error_set(struct kbm_error *error, const char *format, ...);
__printf(2, 0) void kbm_error_vset(struct kbm_error *error, const char *format, va_list args);
ssize_t kbm_error_read(struct kbm_error *error, char __user *buffer, size_t size);

#endif /* _KBM_ERROR_H */
