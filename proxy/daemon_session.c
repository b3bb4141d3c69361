// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon_session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "daemon_loop.h"
#include "daemon_twin.h"
#include "log.h"

/* How often clients that have not said hello are looked at. */
#define GREETING_LOOK_MS	500

/**
 * struct session - a twin that is there
 * @exit:	of @pidfd.
 * @own:	a child of this daemon, not of an earlier one.
 * @greeted:	nothing is to be waited for.
 */
struct session {
	struct loop_operation exit;
	struct session *next;
	uint32_t number;
	pid_t pid;
	int pidfd;
	time_t started;
	bool own;
	bool greeted;
	char transport[8];
	uint32_t index;
};

static struct {
	const struct daemon_config *config;
	session_ended_fn ended;
	void *context;
	struct session *first;
	unsigned int count;
	uint32_t last_number;
	struct loop_operation look;
	bool looking;
} sessions;

static time_t now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void log_end(const struct session *session)
{
	struct session_view view = { 0 };
	siginfo_t info = { 0 };

	session_file_read(session->number, &view);
	if (!session->own || waitid(P_PIDFD, (id_t)session->pidfd, &info, WEXITED | WNOHANG) < 0)
		log_write(LOG_LEVEL_INFO, "session ended", "session=%u pid=%d", session->number,
			  session->pid);
	else if (view.page.failure)
		log_write(LOG_LEVEL_ERROR, "no twin", "session=%u pid=%d error=\"%s\" remedy=\"see [twin] in proxyd.conf\"",
			  session->number, session->pid, strerror((int)view.page.failure));
	else if (info.si_code == CLD_EXITED)
		log_write(LOG_LEVEL_INFO, "session ended", "session=%u pid=%d status=%d",
			  session->number, session->pid, info.si_status);
	else
		log_write(info.si_status == SIGKILL ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
			  "twin killed", "session=%u pid=%d signal=%d", session->number,
			  session->pid, info.si_status);
}

static void unlink_session(const struct session *session)
{
	struct session **at = &sessions.first;

	while (*at != session)
		at = &(*at)->next;
	*at = session->next;
	sessions.count--;
}

static void session_exited(struct loop_operation *operation, int result)
{
	struct session *session = (struct session *)operation;

	(void)result;
	log_end(session);
	unlink_session(session);
	session_file_remove(session->number);
	close_fd(session->pidfd);
	if (sessions.ended)
		sessions.ended(session->transport, session->index, sessions.context);
	free(session);
}

static int kill_session(const struct session *session)
{
	return syscall(SYS_pidfd_send_signal, session->pidfd, SIGKILL, NULL, 0) < 0 ? -errno : 0;
}

/* Return: whether it is still waited for. */
static bool look_at_greeting(struct session *session)
{
	struct session_view view;

	if (session->greeted)
		return false;
	if (session_file_read(session->number, &view) || view.page.greeted) {
		session->greeted = true;
		return false;
	}
	if (now_seconds() - session->started < (time_t)sessions.config->greeting_seconds)
		return true;
	log_write(LOG_LEVEL_WARNING, "client says nothing", "session=%u pid=%d client=%d",
		  session->number, session->pid, view.record.client_pid);
	session->greeted = true;
	kill_session(session);
	return false;
}

static void look_at_greetings(struct loop_operation *operation, int result)
{
	bool again = false;

	(void)result;
	for (struct session *session = sessions.first; session; session = session->next)
		again |= look_at_greeting(session);
	sessions.looking = again && !loop_sleep(operation, GREETING_LOOK_MS);
}

/* Its process by its pid, which may be another's if the twin has ended. */
static int open_process(const struct session *session)
{
	int fd = (int)syscall(SYS_pidfd_open, session->pid, 0);

	if (fd < 0)
		return -errno;
	if (session->own || session_file_alive(session->number))
		return fd;
	close_fd(fd);
	return -ESRCH;
}

static void add_session(struct session *session)
{
	session->next = sessions.first;
	sessions.first = session;
	sessions.count++;
	if (!sessions.looking)
		sessions.looking = !loop_sleep(&sessions.look, GREETING_LOOK_MS);
}

static int watch(const struct session_record *record, bool own)
{
	struct session *session = calloc(1, sizeof(*session));
	int r;

	if (!session)
		return -ENOMEM;
	session->exit.done = session_exited;
	session->number = record->session;
	session->pid = record->pid;
	session->own = own;
	session->started = now_seconds();
	session->index = record->index;
	memcpy(session->transport, record->transport, sizeof(session->transport));
	session->pidfd = open_process(session);
	r = session->pidfd < 0 ? session->pidfd :
				 loop_wait_readable(&session->exit, session->pidfd);
	if (!r) {
		add_session(session);
		return 0;
	}
	close_fd(session->pidfd);
	free(session);
	return r;
}

static void adopt(uint32_t number, void *context)
{
	struct session_view view = { 0 };
	bool readable = !session_file_read(number, &view);

	(void)context;
	if (number > sessions.last_number)
		sessions.last_number = number;
	if (readable && session_file_alive(number) && !watch(&view.record, false)) {
		log_write(LOG_LEVEL_INFO, "session adopted", "session=%u pid=%d", number,
			  view.record.pid);
		return;
	}
	session_file_remove(number);
	if (readable && sessions.ended)
		sessions.ended(view.record.transport, view.record.index, sessions.context);
}

int sessions_init(const struct daemon_config *config, session_ended_fn ended, void *context)
{
	sessions.config = config;
	sessions.ended = ended;
	sessions.context = context;
	sessions.look.done = look_at_greetings;
	return session_files_each(adopt, NULL);
}

static struct session_record make_record(const struct session_offer *offer, uint32_t number)
{
	struct session_record record = {
		.session = number, .client_pid = offer->client_pid,
		.client_uid = offer->client_uid, .started = (uint64_t)time(NULL),
		.index = offer->index,
	};

	strncpy(record.transport, offer->transport, sizeof(record.transport) - 1);
	return record;
}

static pid_t start_twin(const struct session_file *file, const struct session_offer *offer)
{
	cleanup_close int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	const struct twin_order order = {
		.fds = {
			[ORDER_PAGE] = file->fd, [ORDER_LOCK] = file->lock,
			[ORDER_KVM] = kvm < 0 ? -errno : kvm, [ORDER_LEASE] = offer->lease,
			[ORDER_SOCKET] = offer->socket, [ORDER_CHANNEL] = offer->channel,
			[ORDER_BELL] = offer->bell,
		},
		.start = offer->start, .bytes = offer->bytes,
	};

	return twin_start(&order);
}

static int start_in(const struct session_file *file, const struct session_offer *offer,
		    uint32_t number)
{
	struct session_record record = make_record(offer, number);
	int r = start_twin(file, offer);

	if (r < 0)
		return r;
	record.pid = r;
	r = session_file_write(file, &record);
	if (!r)
		r = watch(&record, true);
	if (r) {
		kill(record.pid, SIGKILL);
		waitpid(record.pid, NULL, 0);
	}
	return r;
}

static int start_numbered(const struct session_offer *offer, uint32_t number)
{
	struct session_file file;
	int r = session_file_create(number, &file);

	if (r)
		return r;
	r = start_in(&file, offer, number);
	session_file_close(&file);
	if (r)
		session_file_remove(number);
	return r;
}

int session_start(const struct session_offer *offer)
{
	uint32_t number = sessions.last_number % INT32_MAX + 1;
	int r;

	if (sessions.count >= sessions.config->max_sessions)
		return -EUSERS;
	r = start_numbered(offer, number);
	if (r)
		return r;
	sessions.last_number = number;
	log_write(LOG_LEVEL_INFO, "session started", "session=%u pid=%d transport=%s client=%d uid=%u",
		  number, sessions.first->pid, offer->transport, offer->client_pid,
		  offer->client_uid);
	return (int)number;
}

static const struct session *find_session(const char *transport, uint32_t index)
{
	const struct session *session = sessions.first;

	while (session && (session->index != index || strcmp(session->transport, transport)))
		session = session->next;
	return session;
}

bool session_exists(const char *transport, uint32_t index)
{
	return find_session(transport, index);
}

int session_kill(const char *transport, uint32_t index)
{
	const struct session *session = find_session(transport, index);

	return session ? kill_session(session) : -ESRCH;
}

unsigned int sessions_count(void)
{
	return sessions.count;
}

unsigned int sessions_copy(struct session_view *views, unsigned int most)
{
	unsigned int n = 0;

	for (const struct session *session = sessions.first; session && n < most;
	     session = session->next) {
		if (!session_file_read(session->number, &views[n]))
			n++;
	}
	return n;
}
