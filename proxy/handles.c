// SPDX-License-Identifier: GPL-2.0-or-later
#include "handles.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "cleanup.h"
#include "status_page.h"
#include "wire.h"

/* Handle = generation, then index: a closed one does not name its successor. */
#define INDEX_BITS	12
#define GENERATIONS	(1u << 18)

static_assert(KBM_MAX_HANDLES == 1u << INDEX_BITS, "size");

struct entry {
	struct object *object;
	uint32_t generation;
};

struct handles {
	pthread_mutex_t lock;
	unsigned int count;
	struct entry entries[KBM_MAX_HANDLES];
};

struct handles *handles_new(void)
{
	struct handles *handles = calloc(1, sizeof(*handles));

	if (handles)
		pthread_mutex_init(&handles->lock, NULL);
	return handles;
}

/*
 * A slot may still be there: its addresses stay taken, without the memory, so
 * that nothing else of this process is ever mapped under a guest.
 */
static void release_memory(const struct object *object)
{
	/* If it fails they stay taken by the memory itself. */
	if (object->memory &&
	    mmap(object->memory, object->bytes, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
		return;
}

static void put_locked(struct object *object)
{
	if (--object->refs)
		return;
	release_memory(object);
	close_fd(object->fd);
	slots_done(&object->slots);
	if (object->release)
		object->release(object->private);
	pthread_mutex_destroy(&object->lock);
	free(object);
}

void handles_free(struct handles *handles)
{
	for (unsigned int i = 0; handles && i < KBM_MAX_HANDLES; i++) {
		if (handles->entries[i].object)
			put_locked(handles->entries[i].object);
	}
	free(handles);
}

static struct entry *free_entry(struct handles *handles)
{
	for (unsigned int i = 0; i < KBM_MAX_HANDLES; i++) {
		if (!handles->entries[i].object)
			return &handles->entries[i];
	}
	return NULL;
}

static struct object *object_new(enum handle_kind kind, int fd)
{
	struct object *object = calloc(1, sizeof(*object));

	if (!object)
		return NULL;
	object->kind = kind;
	object->refs = 1;
	object->fd = fd;
	pthread_mutex_init(&object->lock, NULL);
	return object;
}

/* @change: 1 or -1. */
static void count_object(struct handles *handles, const struct object *object, int change)
{
	handles->count += (unsigned int)change;
	status_object(object->kind, change);
	status_memory(change * (int64_t)object->bytes);
}

/* Whole before it has a name: clients guess handles. */
static int name_object(struct handles *handles, struct object *object)
{
	struct entry *entry;
	int handle = -ENFILE;

	pthread_mutex_lock(&handles->lock);
	entry = free_entry(handles);
	if (entry) {
		entry->object = object;
		entry->generation = entry->generation % GENERATIONS + 1;
		handle = (int)(entry->generation << INDEX_BITS |
			       (uint32_t)(entry - handles->entries));
		count_object(handles, object, 1);
	}
	pthread_mutex_unlock(&handles->lock);
	return handle;
}

int handles_add_private(struct handles *handles, enum handle_kind kind, int fd, void *private,
			void (*release)(void *private))
{
	struct object *object = object_new(kind, fd);
	int handle;

	if (!object) {
		close_fd(fd);
		return -ENOMEM;
	}
	object->private = private;
	object->release = release;
	handle = name_object(handles, object);
	if (handle < 0) {
		object->release = NULL;
		put_locked(object);
	}
	return handle;
}

int handles_add(struct handles *handles, enum handle_kind kind, int fd)
{
	return handles_add_private(handles, kind, fd, NULL, NULL);
}

int handles_add_memory(struct handles *handles, void *memory, uint64_t bytes)
{
	struct object *object = object_new(HANDLE_MEMORY, -1);
	int handle;

	if (!object)
		return -ENOMEM;
	object->memory = memory;
	object->bytes = bytes;
	handle = name_object(handles, object);
	if (handle < 0) {
		object->memory = NULL;
		put_locked(object);
	}
	return handle;
}

static struct entry *find(struct handles *handles, uint32_t handle, uint32_t kinds)
{
	struct entry *entry = &handles->entries[handle % KBM_MAX_HANDLES];

	if (!entry->object || entry->generation != handle >> INDEX_BITS ||
	    !(kinds & 1u << entry->object->kind))
		return NULL;
	return entry;
}

struct object *handles_get(struct handles *handles, uint32_t handle, uint32_t kinds)
{
	struct object *object = NULL;
	struct entry *entry;

	pthread_mutex_lock(&handles->lock);
	entry = find(handles, handle, kinds);
	if (entry) {
		object = entry->object;
		object->refs++;
	}
	pthread_mutex_unlock(&handles->lock);
	return object;
}

void handles_put(struct handles *handles, struct object *object)
{
	if (!object)
		return;
	pthread_mutex_lock(&handles->lock);
	put_locked(object);
	pthread_mutex_unlock(&handles->lock);
}

int handles_close(struct handles *handles, uint32_t handle, uint32_t kinds)
{
	struct entry *entry;
	int r = -EBADF;

	pthread_mutex_lock(&handles->lock);
	entry = find(handles, handle, kinds);
	if (entry) {
		count_object(handles, entry->object, -1);
		put_locked(entry->object);
		entry->object = NULL;
		r = 0;
	}
	pthread_mutex_unlock(&handles->lock);
	return r;
}

unsigned int handles_count(struct handles *handles)
{
	unsigned int count;

	pthread_mutex_lock(&handles->lock);
	count = handles->count;
	pthread_mutex_unlock(&handles->lock);
	return count;
}
