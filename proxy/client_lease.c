// SPDX-License-Identifier: GPL-2.0-or-later
/* Lent memory of the session. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"
#include "client_private.h"

/* unix: the lease itself comes over, kbm: the session's file does for it. */
static int get_local_fd(struct client *client, uint32_t lease)
{
	int fd;

	if (client->transport->local_fd >= 0)
		return 0;
	fd = client_get_fd(client, lease);
	if (fd < 0)
		return fd;
	client->transport->local_fd = fd;
	return 0;
}

int client_open_lease(struct client *client)
{
	struct kbm_sqe sqe = { .op = KBM_OP_OPEN, .request = KBM_OPEN_LEASE };
	int r, lease = (int)client_call(client, &sqe);

	if (lease < 0)
		return lease;
	r = get_local_fd(client, (uint32_t)lease);
	if (r) {
		client_close(client, (uint32_t)lease);
		return r;
	}
	client->lease = (uint32_t)lease;
	return lease;
}

int client_local_fd(const struct client *client)
{
	return client->lease ? client->transport->local_fd : -ENODEV;
}

int client_lease_error(struct client *client, uint32_t lease, char *text, size_t size)
{
	struct kbm_sqe sqe = { .op = KBM_OP_ERROR, .handle = lease };
	int r;

	if (!size)
		return -EINVAL;
	r = (int)client_call_with(client, &sqe, NULL, text, size - 1);
	text[r > 0 ? r : 0] = '\0';
	return r;
}

int client_map_lease(struct client *client, uint32_t lease, uint64_t start, uint64_t bytes,
		     void *address, void **ret_address)
{
	int r, flags = MAP_SHARED | (address ? MAP_FIXED : 0);
	void *mapped;

	if (client_local_fd(client) < 0)
		return -ENODEV;
	/* Not mmap(): the preload library's own would look at it. */
	mapped = (void *)syscall(SYS_mmap, address, bytes, PROT_READ | PROT_WRITE, flags,
				 client_local_fd(client), (off_t)start);
	if (mapped == MAP_FAILED)
		return -errno;
	r = client_name_memory(client, mapped, bytes, lease, start);
	if (r)
		syscall(SYS_munmap, mapped, bytes);
	else
		*ret_address = mapped;
	return r;
}
