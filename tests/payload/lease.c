/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lease.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "cleanup.h"
#include "message.h"

void lease_reason(int fd, char *ret_reason, unsigned int size)
{
	ssize_t length = read(fd, ret_reason, size - 1);

	ret_reason[length > 0 ? length : 0] = '\0';
}

static int lease_fail(const struct lease *lease, const char *what)
{
	int error = -errno;
	char reason[256];

	lease_reason(lease->fd, reason, sizeof(reason));
	return fail(error, "%s: %s", what, reason);
}

void lease_explain(const struct lease *lease)
{
	char reason[256];

	lease_reason(lease->fd, reason, sizeof(reason));
	if (*reason)
		fail(0, "the host says: %s", reason);
}

int lease_open(struct lease *ret_lease)
{
	struct lease lease = {};

	lease.fd = open(KBM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (lease.fd < 0)
		return fail(-errno, "cannot open " KBM_DEVICE_PATH
			    " (is this the patched host kernel?)");
	if (ioctl(lease.fd, KBM_GET_HOST_INFO, &lease.host) < 0) {
		int error = lease_fail(&lease, "KBM_GET_HOST_INFO");

		lease_close(&lease);
		return error;
	}
	if (lease.host.version != KBM_ABI_VERSION) {
		lease_close(&lease);
		return fail(0, KBM_DEVICE_PATH " has version %u, this program %u",
			    lease.host.version, KBM_ABI_VERSION);
	}
	*ret_lease = lease;
	return 0;
}

void lease_close(struct lease *lease)
{
	if (lease->fd >= 0)
		close(lease->fd);
	lease->fd = -1;
}

int lease_cpu(struct lease *lease, unsigned int cpu, uint32_t *ret_apic_id, uint32_t *ret_node)
{
	struct kbm_lend_cpu request = { .cpu = cpu };

	if (ioctl(lease->fd, KBM_LEND_CPU, &request) < 0)
		return lease_fail(lease, "KBM_LEND_CPU");
	*ret_apic_id = request.apic_id;
	*ret_node = request.node;
	return 0;
}

int lease_memory(struct lease *lease, uint64_t bytes, uint32_t node, uint32_t flags,
		 struct extent *ret_extent)
{
	struct kbm_lend_memory request = { .bytes = bytes, .node = node, .flags = flags };
	void *memory;

	if (ioctl(lease->fd, KBM_LEND_MEMORY, &request) < 0)
		return lease_fail(lease, "KBM_LEND_MEMORY");
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, lease->fd,
		      (off_t)request.start);
	if (memory == MAP_FAILED)
		return lease_fail(lease, "mmap of lent memory");
	*ret_extent = (struct extent){
		.start = request.start,
		.bytes = bytes,
		.node = request.node,
		.memory = memory,
	};
	return 0;
}
