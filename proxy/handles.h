/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin's things, by the names that its client has for them. */
#ifndef KBM_PROXY_HANDLES_H
#define KBM_PROXY_HANDLES_H

#include <pthread.h>
#include <stdint.h>

#include "ioctl_table.h"
#include "slots.h"

/**
 * struct object - what a handle names
 * @refs:	of the table and of calls under way; the last one closes it.
 * @fd:		descriptor, or -1.
 * @memory:	HANDLE_MEMORY: @bytes of it, mapped here.
 * @slots:	HANDLE_VM, under @lock.
 * @private:	what its kind needs besides; @release is told at the end.
 */
struct object {
	enum handle_kind kind;
	unsigned int refs;
	int fd;
	void *memory;
	uint64_t bytes;
	pthread_mutex_t lock;
	struct slots slots;
	void *private;
	void (*release)(void *private);
};

struct handles;

struct handles *handles_new(void);
void handles_free(struct handles *handles);

/* The handle (above 0) or -ENFILE, -ENOMEM. Takes @fd, also when it fails. */
int handles_add(struct handles *handles, enum handle_kind kind, int fd);
/* The same with @private; that stays the caller's if this fails. */
int handles_add_private(struct handles *handles, enum handle_kind kind, int fd, void *private,
			void (*release)(void *private));
/* The same for a mapping; it stays the caller's if this fails. */
int handles_add_memory(struct handles *handles, void *memory, uint64_t bytes);
/* A reference, if @handle is of one of @kinds (a mask); else NULL. */
struct object *handles_get(struct handles *handles, uint32_t handle, uint32_t kinds);
void handles_put(struct handles *handles, struct object *object);
/* -EBADF: no such handle of these kinds. */
int handles_close(struct handles *handles, uint32_t handle, uint32_t kinds);
unsigned int handles_count(struct handles *handles);

#endif
