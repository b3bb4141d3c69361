// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon_twin.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "daemon_loop.h"
#include "session_file.h"
#include "twin.h"

/* After a start, which has this machine to do. */
#define SPARE_DELAY_MS	100

/* A process that waits for its order at the other end of @socket. */
struct waiting_twin {
	pid_t pid;
	int socket;
};

static struct {
	const struct isolation *isolation;
	struct waiting_twin spare;	/* without pid: none */
	struct loop_operation delay;
	bool delayed;
} twins;

static int shut_in(int socket, int *ret_proc_fds)
{
	int r = isolation_close_fds(&socket, 1);

	if (r)
		return r;
	prctl(PR_SET_NAME, "kbm-spare");
	*ret_proc_fds = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = isolation_enter(twins.isolation);
	return r ? r : isolation_seal();
}

static int take_order(const struct twin_order *order, int proc_fds)
{
	const struct twin_setup setup = {
		.socket = order->fds[ORDER_SOCKET], .kvm = order->fds[ORDER_KVM],
		.lease = order->fds[ORDER_LEASE], .proc_fds = proc_fds,
		.channel = order->fds[ORDER_CHANNEL], .start = order->start,
		.bytes = order->bytes, .bell = order->fds[ORDER_BELL],
	};
	int r = twin_prepare(&setup);

	/* With it a twin could map all sessions. */
	close_fd(order->fds[ORDER_CHANNEL]);
	return r;
}

/* A process that cannot be shut in lives until it can say so to a session. */
static _Noreturn void be_twin(int socket)
{
	int proc_fds = -1, shut = shut_in(socket, &proc_fds), r;
	struct twin_order order;

	if (twin_order_receive(socket, &order) ||
	    session_file_map(order.fds[ORDER_PAGE], &status_page))
		_exit(EXIT_FAILURE);
	close_fd(socket);
	close_fd(order.fds[ORDER_PAGE]);
	r = shut ? shut : take_order(&order, proc_fds);
	if (!r)
		twin_serve();
	atomic_store(&status_page->failure, (uint32_t)-r);
	_exit(EXIT_FAILURE);
}

static int fork_twin(struct waiting_twin *ret_twin)
{
	int sockets[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	pid = isolation_fork(twins.isolation);
	if (pid == 0)
		be_twin(sockets[1]);
	close_fd(sockets[1]);
	if (pid < 0) {
		close_fd(sockets[0]);
		return pid;
	}
	*ret_twin = (struct waiting_twin){ .pid = pid, .socket = sockets[0] };
	return 0;
}

static void make_spare(void)
{
	/* Without a spare the next session forks its own, and reports errors. */
	if (!twins.spare.pid && fork_twin(&twins.spare))
		twins.spare.pid = 0;
}

static void delay_over(struct loop_operation *operation, int result)
{
	(void)operation;
	(void)result;
	twins.delayed = false;
	make_spare();
}

static int give_order(struct waiting_twin *twin, const struct twin_order *order)
{
	int r = twin_order_send(twin->socket, order);

	close_fd(twin->socket);
	if (!r)
		return twin->pid;
	kill(twin->pid, SIGKILL);
	waitpid(twin->pid, NULL, 0);
	return r;
}

static pid_t use_spare(const struct twin_order *order)
{
	struct waiting_twin twin = twins.spare;

	if (!twin.pid)
		return -ESRCH;
	twins.spare.pid = 0;
	return give_order(&twin, order);
}

pid_t twin_start(const struct twin_order *order)
{
	pid_t pid = use_spare(order);
	struct waiting_twin twin = { .socket = -1 };
	int r;

	if (!twins.delayed)
		twins.delayed = !loop_sleep(&twins.delay, SPARE_DELAY_MS);
	if (pid > 0)
		return pid;
	r = fork_twin(&twin);
	return r ? r : give_order(&twin, order);
}

void twins_init(const struct isolation *isolation)
{
	twins.isolation = isolation;
	twins.delay.done = delay_over;
	make_spare();
}
