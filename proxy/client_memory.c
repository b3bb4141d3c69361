// SPDX-License-Identifier: GPL-2.0-or-later
/* Guest memory: from the VMM's private pages to pages shared with the twin. */
#include "client_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

#define PAGE		4096ULL
#define CHUNK		512u		/* pages looked at at a time */
#define PAGE_THERE	(3ULL << 62)	/* present, or in swap */

static bool overlaps(const struct shared_memory *memory, uint64_t start, uint64_t bytes)
{
	uint64_t own = (uintptr_t)memory->address;

	return start < own + memory->bytes && own < start + bytes;
}

static const struct shared_memory *find_memory(const struct client *client, uint64_t start,
					       uint64_t bytes)
{
	for (unsigned int i = 0; i < client->nr_memories; i++) {
		if (overlaps(&client->memories[i], start, bytes))
			return &client->memories[i];
	}
	return NULL;
}

/* Private, anonymous, and all of it there: only that can change its backing. */
static int check_range(uint64_t start, uint64_t bytes)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uint64_t covered = start, from, to, inode;
	int r = maps ? 0 : -errno;
	char line[512], mode[5];

	while (!r && covered < start + bytes && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %" SCNu64, &from, &to,
			   mode, &inode) != 4 || to <= covered)
			continue;
		if (from > covered || mode[3] != 'p' || inode || mode[0] != 'r' || mode[1] != 'w')
			r = -EOPNOTSUPP;
		covered = to;
	}
	if (maps)
		fclose(maps);
	if (!r && covered < start + bytes)
		r = -EFAULT;
	return r;
}

static int copy_page(int memfd, uint64_t start, uint64_t offset)
{
	ssize_t n = pwrite(memfd, (const void *)(uintptr_t)(start + offset), PAGE, (off_t)offset);

	if (n == (ssize_t)PAGE)
		return 0;
	return n < 0 ? -errno : -ENOSPC;
}

/* Pages never touched are zero on both sides, and stay unallotted. */
static int copy_touched(int memfd, uint64_t start, uint64_t bytes)
{
	cleanup_close int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entries[CHUNK], page, pages = bytes / PAGE;
	int r = pagemap < 0 ? -errno : 0;

	for (page = 0; !r && page < pages; page += CHUNK) {
		uint64_t count = pages - page < CHUNK ? pages - page : CHUNK;
		ssize_t wanted = (ssize_t)(count * sizeof(entries[0]));

		if (pread(pagemap, entries, (size_t)wanted,
			  (off_t)((start / PAGE + page) * sizeof(entries[0]))) != wanted)
			return -EIO;
		for (uint64_t i = 0; !r && i < count; i++) {
			if (entries[i] & PAGE_THERE)
				r = copy_page(memfd, start, (page + i) * PAGE);
		}
	}
	return r;
}

static int fill(int memfd, uint64_t start, uint64_t bytes)
{
	int r;

	if (ftruncate(memfd, (off_t)bytes) < 0)
		return -errno;
	r = copy_touched(memfd, start, bytes);
	if (!r && fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		r = -errno;
	return r;
}

static int make_copy(uint64_t start, uint64_t bytes)
{
	int r, memfd = memfd_create("kbm-memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (memfd < 0)
		return -errno;
	r = fill(memfd, start, bytes);
	if (!r)
		return memfd;
	close_fd(memfd);
	return r;
}

static int replace(struct client *client, uint64_t start, uint64_t bytes, uint32_t *ret_handle)
{
	struct kbm_message message = { .type = KBM_MESSAGE_ADD_MEMORY, .size = bytes };
	cleanup_close int memfd = make_copy(start, bytes);
	int handle;

	if (memfd < 0)
		return memfd;
	handle = client_ask(client, &message, &memfd, 1, NULL);
	if (handle < 0)
		return handle;
	/* Not mmap(): the preload library's own would look at it. */
	if (syscall(SYS_mmap, start, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		    memfd, 0) < 0)
		return -errno;
	*ret_handle = (uint32_t)handle;
	return 0;
}

static int add_memory(struct client *client, uint64_t start, uint64_t bytes)
{
	struct shared_memory *list;
	uint32_t handle = 0;
	int r;

	if (start % PAGE || bytes % PAGE || start + bytes < start)
		return -EINVAL;
	list = reallocarray(client->memories, client->nr_memories + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	client->memories = list;
	r = check_range(start, bytes);
	if (!r)
		r = replace(client, start, bytes, &handle);
	if (!r)
		list[client->nr_memories++] = (struct shared_memory){
			.address = (uint8_t *)(uintptr_t)start, .bytes = bytes, .handle = handle,
		};
	return r;
}

static int share_locked(struct client *client, uint64_t start, uint64_t bytes,
			uint32_t *ret_handle, uint64_t *ret_offset)
{
	const struct shared_memory *memory = find_memory(client, start, bytes);
	int r;

	if (!memory) {
		r = add_memory(client, start, bytes);
		if (r)
			return r;
		memory = find_memory(client, start, bytes);
	}
	if (start < (uintptr_t)memory->address ||
	    start + bytes > (uintptr_t)memory->address + memory->bytes)
		return -EOPNOTSUPP;
	*ret_handle = memory->handle;
	*ret_offset = start - (uintptr_t)memory->address;
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

void client_forget_memory(struct client *client, const void *address, uint64_t bytes)
{
	struct kbm_message message = { .type = KBM_MESSAGE_REMOVE_MEMORY };
	const struct shared_memory *memory;

	pthread_mutex_lock(&client->memory_lock);
	while ((memory = find_memory(client, (uintptr_t)address, bytes))) {
		message.handle = memory->handle;
		client->memories[memory - client->memories] =
			client->memories[--client->nr_memories];
		client_ask(client, &message, NULL, 0, NULL);
	}
	pthread_mutex_unlock(&client->memory_lock);
}
