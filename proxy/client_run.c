// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies of run pages: one for each vCPU; the ring of coalesced accesses is the VM's. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "cleanup.h"
#include "client.h"
#include "client_private.h"

#define PAGE		4096u
#define COALESCED	((uint64_t)KVM_COALESCED_MMIO_PAGE_OFFSET * PAGE)
#define DIRTY_RING	((uint64_t)KVM_DIRTY_LOG_PAGE_OFFSET * PAGE)

int client_run_note(struct client *client, uint32_t vm, uint32_t vcpu)
{
	struct run_copy *list;
	int r = -ENOMEM;

	pthread_mutex_lock(&client->runs_lock);
	list = reallocarray(client->runs, client->nr_runs + 1, sizeof(*list));
	if (list) {
		client->runs = list;
		list[client->nr_runs++] = (struct run_copy){
			.vm = vm, .vcpu = vcpu, .signal_fd = -1,
		};
		r = 0;
	}
	pthread_mutex_unlock(&client->runs_lock);
	return r;
}

static struct run_copy *find_run(const struct client *client, uint32_t vcpu)
{
	for (unsigned int i = 0; i < client->nr_runs; i++) {
		if (client->runs[i].vcpu == vcpu && !client->runs[i].closed)
			return &client->runs[i];
	}
	return NULL;
}

/* The VM's first copy has the ring of coalesced accesses: also after its vCPU. */
static struct run_copy *first_run(const struct client *client, uint32_t vm)
{
	for (unsigned int i = 0; i < client->nr_runs; i++) {
		if (client->runs[i].vm == vm && client->runs[i].piece.bytes)
			return &client->runs[i];
	}
	return NULL;
}

int client_make_piece(struct client *client, uint32_t type, uint32_t vcpu, uint64_t bytes,
		      struct piece *ret_piece)
{
	struct transport *transport = client->transport;
	struct kbm_message message = { .type = type, .handle = vcpu };
	struct piece piece;
	int r = transport->ops->make(transport, bytes, &piece);

	if (r)
		return r;
	message.size = piece.bytes;
	message.offset = piece.offset;
	r = client_ask(client, &message, &piece.fd, piece.fd >= 0 ? 1 : 0, NULL);
	if (r)
		transport->ops->unmake(transport, &piece);
	else
		*ret_piece = piece;
	return r;
}

/* Copies are in the order in which the twin got them: their order says the first. */
static struct run_copy *move_behind(struct client *client, struct run_copy *run)
{
	struct run_copy moved = *run;
	unsigned int i = (unsigned int)(run - client->runs);

	for (; i + 1 < client->nr_runs; i++)
		client->runs[i] = client->runs[i + 1];
	client->runs[i] = moved;
	return &client->runs[i];
}

static int get_run(struct client *client, uint32_t vcpu, struct run_copy **ret_run)
{
	struct run_copy *run = find_run(client, vcpu);
	int r = 0;

	if (!run)
		return -ENODEV;
	if (!run->piece.bytes) {
		run = move_behind(client, run);
		r = client_make_piece(client, KBM_MESSAGE_ADD_RUN, run->vcpu, client->run_bytes,
				      &run->piece);
	}
	*ret_run = run;
	return r;
}

static int map_coalesced(struct client *client, const struct run_copy *run, uint8_t *address,
			 uint64_t bytes, int protection, int flags, uint64_t offset)
{
	struct transport *transport = client->transport;
	const struct run_copy *first = first_run(client, run->vm);

	if (first == run || offset > COALESCED || offset + bytes < COALESCED + PAGE)
		return 0;
	if (transport->ops->map(transport, &first->piece, address + (COALESCED - offset), PAGE,
				protection, (flags & ~MAP_FIXED_NOREPLACE) | MAP_FIXED,
				COALESCED) != MAP_FAILED)
		return 0;
	syscall(SYS_munmap, address, bytes);
	return -errno;
}

static int map_locked(struct client *client, uint32_t vcpu, void *address, uint64_t bytes,
		      int protection, int flags, uint64_t offset, void **ret_address)
{
	struct transport *transport = client->transport;
	struct run_copy *run;
	void *mapped;
	int r = get_run(client, vcpu, &run);

	if (r)
		return r;
	if (offset % PAGE)
		return -EINVAL;
	if (offset >= DIRTY_RING)
		return client_dirty_map(client, run, address, bytes, protection, flags,
					offset - DIRTY_RING, ret_address);
	if (offset > run->piece.bytes || bytes > run->piece.bytes - offset)
		return -EINVAL;
	mapped = transport->ops->map(transport, &run->piece, address, bytes, protection, flags,
				     offset);
	if (mapped == MAP_FAILED)
		return -errno;
	r = map_coalesced(client, run, mapped, bytes, protection, flags, offset);
	if (!r)
		*ret_address = mapped;
	return r;
}

int client_mmap(struct client *client, uint32_t vcpu, void *address, size_t bytes, int protection,
		int flags, int64_t offset, void **ret_address)
{
	/* Mappings end with a page. */
	uint64_t whole = (bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	int r;

	if (!bytes || whole < bytes || offset < 0)
		return -EINVAL;
	pthread_mutex_lock(&client->runs_lock);
	r = map_locked(client, vcpu, address, whole, protection, flags, (uint64_t)offset,
		       ret_address);
	pthread_mutex_unlock(&client->runs_lock);
	return r;
}

static bool vm_has_vcpus(const struct client *client, uint32_t vm)
{
	for (unsigned int i = 0; i < client->nr_runs; i++) {
		if (client->runs[i].vm == vm && !client->runs[i].closed)
			return true;
	}
	return false;
}

static void remove_vm(struct client *client, uint32_t vm)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < client->nr_runs; i++) {
		struct run_copy *run = &client->runs[i];

		if (run->vm != vm) {
			client->runs[kept++] = *run;
			continue;
		}
		client_dirty_done(client, run);
		if (run->piece.bytes)
			client->transport->ops->unmake(client->transport, &run->piece);
	}
	client->nr_runs = kept;
}

static void set_signal_fd(struct client *client, struct run_copy *run, int fd)
{
	client->nr_masks += (fd >= 0) - (run->signal_fd >= 0);
	close_fd(run->signal_fd);
	run->signal_fd = fd;
}

/* Nothing is read from it: a signal that ends KVM_RUN stays pending, as with KVM. */
static int make_signal_fd(const void *argument)
{
	const struct kvm_signal_mask *mask = argument;
	uint64_t wanted;
	int fd;

	if (mask->len != sizeof(wanted))
		return -EINVAL;
	memcpy(&wanted, mask->sigset, sizeof(wanted));
	wanted = ~wanted;
	fd = (int)syscall(SYS_signalfd4, -1, &wanted, sizeof(wanted), SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int client_run_set_mask(struct client *client, uint32_t vcpu, const void *mask)
{
	int fd = mask ? make_signal_fd(mask) : -1, r = -EINVAL;
	struct run_copy *run;

	if (mask && fd < 0)
		return fd;
	pthread_mutex_lock(&client->runs_lock);
	run = find_run(client, vcpu);
	if (run) {
		set_signal_fd(client, run, fd);
		r = 0;
	}
	pthread_mutex_unlock(&client->runs_lock);
	if (r)
		close_fd(fd);
	return r;
}

int client_run_signal_fd(struct client *client, uint32_t vcpu)
{
	const struct run_copy *run;
	int fd = -1;

	if (!client->nr_masks)
		return fd;
	pthread_mutex_lock(&client->runs_lock);
	run = find_run(client, vcpu);
	if (run)
		fd = run->signal_fd;
	pthread_mutex_unlock(&client->runs_lock);
	return fd;
}

void client_run_forget(struct client *client, uint32_t handle)
{
	struct run_copy *run;

	pthread_mutex_lock(&client->runs_lock);
	run = find_run(client, handle);
	if (run) {
		run->closed = 1;
		set_signal_fd(client, run, -1);
		/* Copies of a VM go together: one of them has what all map. */
		if (!vm_has_vcpus(client, run->vm))
			remove_vm(client, run->vm);
	}
	pthread_mutex_unlock(&client->runs_lock);
}
