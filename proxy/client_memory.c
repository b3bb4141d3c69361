// SPDX-License-Identifier: GPL-2.0-or-later
/* Guest memory: which of this process' the twin has, too, and by which name. */
#include "client_private.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

#define PAGE	4096ULL

static uint64_t first_of(const struct shared_memory *memory)
{
	return (uintptr_t)memory->address;
}

static struct shared_memory *find_memory(const struct client *client, uint64_t start,
					 uint64_t bytes)
{
	for (unsigned int i = 0; i < client->nr_memories; i++) {
		struct shared_memory *memory = &client->memories[i];

		if (start < first_of(memory) + memory->bytes && first_of(memory) < start + bytes)
			return memory;
	}
	return NULL;
}

static int insert(struct client *client, const struct shared_memory *memory)
{
	struct shared_memory *list;

	list = reallocarray(client->memories, client->nr_memories + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	client->memories = list;
	list[client->nr_memories++] = *memory;
	return 0;
}

static int send_memory(struct client *client, int fd, uint64_t offset, uint64_t bytes)
{
	struct kbm_message message = {
		.type = KBM_MESSAGE_ADD_MEMORY, .size = bytes, .offset = offset,
	};

	return client_ask(client, &message, &fd, 1, NULL);
}

static void remove_memory(struct client *client, uint32_t handle)
{
	struct kbm_message message = { .type = KBM_MESSAGE_REMOVE_MEMORY, .handle = handle };

	client_ask(client, &message, NULL, 0, NULL);
}

static bool is_named(const struct client *client, uint32_t handle)
{
	for (unsigned int i = 0; i < client->nr_memories; i++) {
		if (client->memories[i].handle == handle)
			return true;
	}
	return false;
}

/* What is left and right of [@start, @end) stays. */
static void cut(struct client *client, struct shared_memory *memory, uint64_t start, uint64_t end)
{
	struct shared_memory old = *memory, right = old;
	uint64_t old_end = first_of(&old) + old.bytes;

	*memory = client->memories[--client->nr_memories];
	right.address = (uint8_t *)(uintptr_t)end;
	right.base += end - first_of(&old);
	right.bytes = old_end - end;
	if (end < old_end && insert(client, &right))
		return;
	old.bytes = start - first_of(&old);
	if (start > first_of(&old) && insert(client, &old))
		return;
	if (!old.lent && !is_named(client, old.handle))
		remove_memory(client, old.handle);
}

/* The twin gets the file that both then map. */
static int share_file(struct client *client, uint64_t start, uint64_t bytes, int fd,
		      uint64_t offset)
{
	struct shared_memory memory = { .address = (uint8_t *)(uintptr_t)start, .bytes = bytes };
	int r, handle = send_memory(client, fd, offset, bytes);

	if (handle < 0)
		return handle;
	memory.handle = (uint32_t)handle;
	r = insert(client, &memory);
	if (r)
		remove_memory(client, memory.handle);
	return r;
}

/* What another thread writes there in this moment may be lost. */
static int share_private(struct client *client, uint64_t start, uint64_t bytes)
{
	cleanup_close int memfd = client_backing_make(start, bytes);
	int r = memfd < 0 ? memfd : share_file(client, start, bytes, memfd, 0);

	if (r)
		return r;
	r = client_backing_map(start, bytes, memfd);
	if (r)
		cut(client, find_memory(client, start, bytes), start, start + bytes);
	else
		find_memory(client, start, bytes)->owned = 1;
	return r;
}

static int add_memory(struct client *client, uint64_t start, uint64_t bytes)
{
	cleanup_close int fd = -1;
	uint64_t offset = 0, first = start, whole = bytes;
	int r = client_backing_find(start, bytes, &fd, &offset);

	if (!r)
		return share_file(client, start, bytes, fd, offset);
	if (r != -ENOENT)
		return r;
	/* Other parts of the same mapping will be other slots: one piece for all. */
	if (client->hooks.piece_of)
		client->hooks.piece_of(&first, &whole);
	if (!find_memory(client, first, whole) && !share_private(client, first, whole))
		return 0;
	return first == start && whole == bytes ? -EOPNOTSUPP :
						  share_private(client, start, bytes);
}

static int share_locked(struct client *client, uint64_t start, uint64_t bytes,
			uint32_t *ret_handle, uint64_t *ret_offset)
{
	const struct shared_memory *memory = find_memory(client, start, bytes);
	int r;

	if (start % PAGE || bytes % PAGE || start + bytes < start)
		return -EINVAL;
	if (!memory) {
		r = add_memory(client, start, bytes);
		if (r)
			return r;
		memory = find_memory(client, start, bytes);
	}
	if (start < first_of(memory) || start + bytes > first_of(memory) + memory->bytes)
		return -EOPNOTSUPP;
	*ret_handle = memory->handle;
	*ret_offset = memory->base + (start - first_of(memory));
	return 0;
}

int client_share_memory(struct client *client, uint64_t address, uint64_t bytes,
			uint32_t *ret_handle, uint64_t *ret_offset)
{
	int r;

	pthread_mutex_lock(&client->memory_lock);
	r = share_locked(client, address, bytes, ret_handle, ret_offset);
	pthread_mutex_unlock(&client->memory_lock);
	return r;
}

int client_name_memory(struct client *client, void *address, uint64_t bytes, uint32_t handle,
		       uint64_t base)
{
	struct shared_memory memory = {
		.address = address, .bytes = bytes, .base = base, .handle = handle, .lent = 1,
	};
	int r;

	pthread_mutex_lock(&client->memory_lock);
	r = insert(client, &memory);
	pthread_mutex_unlock(&client->memory_lock);
	return r;
}

void client_forget_memory(struct client *client, const void *address, uint64_t bytes)
{
	uint64_t start = (uintptr_t)address & ~(PAGE - 1);
	uint64_t end = ((uintptr_t)address + bytes + PAGE - 1) & ~(PAGE - 1);
	struct shared_memory *memory;

	pthread_mutex_lock(&client->memory_lock);
	while (end > start && (memory = find_memory(client, start, end - start)))
		cut(client, memory, start, end);
	pthread_mutex_unlock(&client->memory_lock);
}

static bool discard(const struct shared_memory *memory, uint64_t start, uint64_t end)
{
	uint64_t from = start > first_of(memory) ? start : first_of(memory);
	uint64_t last = first_of(memory) + memory->bytes;
	uint64_t to = end < last ? end : last;

	if (!memory->owned || from >= to)
		return false;
	/* It takes no other range: this cannot fail but for lack of memory. */
	syscall(SYS_madvise, from, to - from, MADV_REMOVE);
	return true;
}

int client_discard_memory(struct client *client, const void *address, uint64_t bytes)
{
	uint64_t start = (uintptr_t)address, end = start + bytes;
	int found = 0;

	pthread_mutex_lock(&client->memory_lock);
	for (unsigned int i = 0; i < client->nr_memories; i++)
		found |= discard(&client->memories[i], start, end);
	pthread_mutex_unlock(&client->memory_lock);
	return found;
}

int client_owns_memory(struct client *client, const void *address, uint64_t bytes)
{
	uint64_t start = (uintptr_t)address;
	const struct shared_memory *memory;
	int owned;

	pthread_mutex_lock(&client->memory_lock);
	memory = find_memory(client, start, bytes);
	owned = memory && memory->owned && start >= first_of(memory) &&
		start + bytes <= first_of(memory) + memory->bytes;
	pthread_mutex_unlock(&client->memory_lock);
	return owned;
}
