// SPDX-License-Identifier: GPL-2.0-or-later
#include "twin.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "transport_kbm.h"
#include "transport_unix.h"
#include "twin_private.h"

struct twin twin;

static int prepare_kbm(const struct twin_setup *setup, void **ret_session)
{
	struct kbm_setup kbm = {
		.bytes = setup->bytes, .device = setup->lease, .own_bell = setup->bell,
		.send = setup->send ? setup->send : bell_send_device, .end_fd = -1,
	};

	/* Mappings of lent memory do not cross fork(). */
	kbm.memory = mmap(NULL, setup->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, setup->channel,
			  (off_t)setup->start);
	if (kbm.memory == MAP_FAILED)
		return -errno;
	*ret_session = kbm.memory;
	return transport_kbm_twin_new(&kbm, &twin.transport);
}

int twin_prepare(const struct twin_setup *setup)
{
	void *session = NULL;
	int r;

	/* Each arena of malloc() costs memory, and no thread here wants its own. */
	mallopt(M_ARENA_MAX, 1);
	pthread_mutex_init(&twin.lock, NULL);
	twin.proc_fds = setup->proc_fds;
	twin.handles = handles_new();
	if (!twin.handles)
		return -ENOMEM;
	r = setup->socket >= 0 ? transport_unix_new(setup->socket, &twin.transport) :
				 prepare_kbm(setup, &session);
	if (!r)
		twin_open_prepare(setup, session);
	return r;
}

_Noreturn void twin_serve(void)
{
	sigset_t kick;

	sigemptyset(&kick);
	sigaddset(&kick, TWIN_KICK_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &kick, NULL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_NAME, "kbm-twin");
	while (!twin_serve_message())
		;
	/* With the process goes all that the session had. */
	_exit(EXIT_SUCCESS);
}
