// SPDX-License-Identifier: GPL-2.0-or-later
/* A session of the channel by the control BM's /dev/kata-bm. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <asm/kbm.h>
#include <asm/kbm_channel.h>

#include "cleanup.h"
#include "transport_kbm.h"

#define TWIN_COMES_MS	30000

static int own_doorbell(int device, uint64_t start, int eventfd)
{
	struct kbm_doorbell doorbell = {
		.word = start + offsetof(struct kbm_session_client, doorbell), .eventfd = eventfd,
	};

	return ioctl(device, KBM_DOORBELL, &doorbell) < 0 ? -errno : 0;
}

/* The device says POLLIN when the session has its twin. */
static int wait_twin(int device)
{
	struct pollfd fd = { .fd = device, .events = POLLIN };
	int n;

	do {
		n = poll(&fd, 1, TWIN_COMES_MS);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return -ETIMEDOUT;
	if (n < 0)
		return -errno;
	return fd.revents & POLLIN ? 0 : -EIO;
}

static int open_session(struct kbm_setup *setup)
{
	struct kbm_channel_session session;
	void *memory;
	int r;

	if (ioctl(setup->device, KBM_OPEN_SESSION, &session) < 0)
		return errno == ENOSPC ? -EUSERS : -errno;
	memory = mmap(NULL, session.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, setup->device,
		      (off_t)session.start);
	if (memory == MAP_FAILED)
		return -errno;
	setup->memory = memory;
	setup->bytes = session.bytes;
	setup->start = session.start;
	r = own_doorbell(setup->device, session.start, setup->own_bell);
	return r ? r : wait_twin(setup->device);
}

static int connect_by(struct kbm_setup *setup, struct transport **ret_transport)
{
	int r = open_session(setup);

	if (!r)
		r = transport_kbm_client_new(setup, ret_transport);
	if (r && setup->memory)
		munmap(setup->memory, setup->bytes);
	return r;
}

int transport_kbm_connect(const char *device, struct transport **ret_transport)
{
	struct kbm_setup setup = { .send = bell_send_device, .owned = true };
	int r;

	setup.device = setup.end_fd = open(device, O_RDWR | O_CLOEXEC);
	if (setup.device < 0)
		return -errno;
	setup.own_bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = setup.own_bell < 0 ? -errno : connect_by(&setup, ret_transport);
	if (!r)
		return 0;
	close_fd(setup.own_bell);
	close_fd(setup.device);
	return r;
}
