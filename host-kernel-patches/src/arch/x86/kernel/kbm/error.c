// SPDX-License-Identifier: GPL-2.0
/* The reason of a failed call: set by the call, read by its caller. */

#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "error.h"

void kbm_error_init(struct kbm_error *error)
{
	mutex_init(&error->lock);
	error->text[0] = '\0';
}

void kbm_error_vset(struct kbm_error *error, const char *format, va_list args)
{
	mutex_lock(&error->lock);
	vscnprintf(error->text, sizeof(error->text), format, args);
	mutex_unlock(&error->lock);
}

/**
 * kbm_error_set() - note why a call fails
 * @error:	of the file.
 * @format:	what is wrong, with which value, and what to do.
 */
void kbm_error_set(struct kbm_error *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	kbm_error_vset(error, format, args);
	va_end(args);
}

/* read() of the file: the text without a newline, as much as fits. */
ssize_t kbm_error_read(struct kbm_error *error, char __user *buffer, size_t size)
{
	char text[KBM_ERROR_SIZE];
	size_t length;

	mutex_lock(&error->lock);
	memcpy(text, error->text, sizeof(text));
	mutex_unlock(&error->lock);

	length = min(strnlen(text, sizeof(text)), size);
	return copy_to_user(buffer, text, length) ? -EFAULT : length;
}
