// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies of rings of dirtied pages: one for each vCPU of a VM that has them. */
#include <errno.h>
#include <sys/mman.h>

#include <linux/kvm.h>

#include "client_private.h"

int client_dirty_map(struct client *client, struct run_copy *run, void *address, uint64_t bytes,
		     int protection, int flags, uint64_t offset, void **ret_address)
{
	struct transport *transport = client->transport;
	uint64_t ring = client_vm_dirty_bytes(client, run->vm);
	void *mapped;
	int r = 0;

	if (offset > ring || bytes > ring - offset || protection & PROT_EXEC ||
	    (flags & MAP_TYPE) == MAP_PRIVATE)
		return -EINVAL;
	if (!run->dirty.bytes)
		r = client_make_piece(client, KBM_MESSAGE_ADD_DIRTY, run->vcpu, ring, &run->dirty);
	if (r)
		return r;
	mapped = transport->ops->map(transport, &run->dirty, address, bytes, protection, flags,
				     offset);
	if (mapped == MAP_FAILED)
		return -errno;
	*ret_address = mapped;
	return 0;
}

void client_dirty_done(const struct client *client, const struct run_copy *run)
{
	if (run->dirty.bytes)
		client->transport->ops->unmake(client->transport, &run->dirty);
}
