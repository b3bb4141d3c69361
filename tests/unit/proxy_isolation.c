// SPDX-License-Identifier: GPL-2.0-or-later
/* From inside of what a twin is shut in: what it cannot do. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "isolation.h"

#define LAST_CALL	512	/* above all of x86-64 */

static struct isolation isolation;
static int port;

static int setup(void **state)
{
	(void)state;
	isolation = (struct isolation){ .namespaces = true, .descriptors = 100,
					.private_bytes = 64 << 20 };
	return isolation_init(&isolation, "nobody");
}

/* Runs @attempt as a twin; its exit status, or -signal. */
static int as_twin(int (*attempt)(void), bool namespaces, bool sealed)
{
	struct isolation its = isolation;
	int status, r;
	pid_t pid;

	its.namespaces = namespaces;
	pid = isolation_fork(&its);
	assert_true(pid >= 0);
	if (!pid) {
		r = isolation_close_fds(NULL, 0);
		if (!r)
			r = isolation_enter(&its);
		if (!r && sealed)
			r = isolation_seal();
		_exit(r ? 200 : attempt());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int see_files(void)
{
	struct dirent *entry;
	DIR *root = opendir("/");

	if (!root)
		return 1;
	while ((entry = readdir(root))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			return 2;
	}
	if (open("/etc/passwd", O_RDONLY) >= 0 || open("/proc/self/status", O_RDONLY) >= 0 ||
	    open("/dev/kvm", O_RDWR) >= 0 || open("../../etc/passwd", O_RDONLY) >= 0)
		return 3;
	return open("/file", O_CREAT | O_WRONLY, 0600) >= 0 ? 4 : 0;
}

static void it_sees_no_file_and_makes_none(void **state)
{
	(void)state;
	assert_int_equal(as_twin(see_files, true, false), 0);
}

static int connect_here(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static void it_has_no_network(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t bytes = sizeof(address);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
	port = ntohs(address.sin_port);
	/* The attempt itself works where there is a network. */
	assert_int_equal(connect_here(), 1);
	assert_int_equal(as_twin(connect_here, true, false), 0);
	close(fd);
}

static int use_power(void)
{
	struct rlimit limit = { 1000, 1000 };

	if (getuid() == 0 || geteuid() == 0 || setuid(0) == 0 || setgid(0) == 0)
		return 1;
	if (!mount("none", "/", "tmpfs", 0, NULL) || !umount2("/", MNT_DETACH))
		return 2;
	if (!setrlimit(RLIMIT_NOFILE, &limit) || !sethostname("x", 1))
		return 3;
	if (prctl(PR_GET_DUMPABLE) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 4;
	for (int i = 0; i < 40; i++) {
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) > 0)
			return 5;
	}
	return fcntl(3, F_GETFD) >= 0 ? 6 : 0;
}

static void it_has_no_power_and_no_descriptors(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(as_twin(use_power, true, false), 0);
	assert_int_equal(as_twin(use_power, false, false), 0);
}

static int see_processes(void)
{
	return getpid() == 1 && kill(2, 0) < 0 && errno == ESRCH ? 0 : 1;
}

static void it_is_alone_in_its_pid_namespace(void **state)
{
	(void)state;
	if (!isolation.privileged)
		skip();
	assert_int_equal(as_twin(see_processes, true, false), 0);
	/* The next child of the daemon is where the daemon is. */
	assert_true(getpid() > 1);
}

static int call_number;

static int make_call(void)
{
	syscall(call_number, -1L, -1L, -1L, -1L, -1L, -1L);
	return 1;
}

/* Those that a twin makes, with -1 for all arguments. */
static bool is_allowed(int number)
{
	static const int allowed[] = {
		SYS_read, SYS_write, SYS_pread64, SYS_preadv2, SYS_close, SYS_ioctl,
		SYS_recvmsg, SYS_sendmsg, SYS_poll, SYS_ppoll, SYS_munmap, SYS_madvise,
		SYS_brk, SYS_memfd_create, SYS_ftruncate, SYS_fstat, SYS_eventfd2, SYS_readlinkat, SYS_futex,
		SYS_set_robust_list, SYS_rseq, SYS_gettid, SYS_getpid, SYS_tgkill,
		SYS_rt_sigprocmask, SYS_rt_sigtimedwait, SYS_rt_sigreturn, SYS_rt_sigaction,
		SYS_sched_yield, SYS_clock_gettime, SYS_clock_nanosleep, SYS_getrandom,
		SYS_restart_syscall, SYS_exit, SYS_exit_group,
		/* By their arguments; below. */
		SYS_clone3, SYS_newfstatat,
		/* Of the kernel's own uprobes: it lets them pass by any filter. */
		335, 336,
	};

	for (unsigned int i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (allowed[i] == number)
			return true;
	}
	return false;
}

static void all_other_system_calls_kill(void **state)
{
	int killed = 0, r;

	(void)state;
	for (call_number = 0; call_number < LAST_CALL; call_number++) {
		if (is_allowed(call_number))
			continue;
		r = as_twin(make_call, false, true);
		if (r != -SIGSYS)
			print_error("system call %d: %d\n", call_number, r);
		assert_int_equal(r, -SIGSYS);
		killed++;
	}
	print_message("%d system calls kill\n", killed);
}

#define ATTEMPT(name, expression) \
	static int name(void) { return (expression) == -1 ? 1 : 0; }

ATTEMPT(map_code, (intptr_t)mmap(NULL, 4096, PROT_READ | PROT_EXEC,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
ATTEMPT(protect_code, mprotect((void *)((uintptr_t)map_code & ~4095ul), 4096,
			       PROT_READ | PROT_EXEC))
ATTEMPT(fork_child, syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
ATTEMPT(share_no_thread, syscall(SYS_clone, CLONE_VM | SIGCHLD, 0, 0, 0, 0))
ATTEMPT(thread_in_namespace, syscall(SYS_clone, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND |
				     CLONE_NEWNET, 0, 0, 0, 0))
ATTEMPT(own_file, fcntl(0, F_SETOWN, 1))
ATTEMPT(stat_path, syscall(SYS_newfstatat, AT_FDCWD, "/", (struct stat *)NULL, 0))
ATTEMPT(undump, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
ATTEMPT(open_ring, syscall(SYS_io_uring_setup, 8, NULL))

static void arguments_count(void **state)
{
	static int (*const attempts[])(void) = { map_code, protect_code, fork_child,
		share_no_thread, thread_in_namespace, own_file, stat_path, undump, open_ring };

	(void)state;
	for (unsigned int i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		assert_int_equal(as_twin(attempts[i], false, true), -SIGSYS);
}

static void *do_nothing(void *argument)
{
	return argument;
}

static int work(void)
{
	pthread_t thread;
	void *memory;
	int fd;

	if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
		return 1;
	if (pthread_create(&thread, NULL, do_nothing, NULL) || pthread_join(thread, NULL))
		return 2;
	fd = memfd_create("x", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 4096))
		return 3;
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED || munmap(memory, 4096))
		return 4;
	return fcntl(fd, F_DUPFD_CLOEXEC, 10) == 10 ? 0 : 5;
}

static void a_twins_work_is_possible(void **state)
{
	(void)state;
	assert_int_equal(as_twin(work, true, true), 0);
}

static int fill_descriptors(void)
{
	int n = 0;

	while (fcntl(0, F_DUPFD_CLOEXEC, 3) >= 0)
		n++;
	return errno == EMFILE && n < 100 ? 0 : 1;
}

static int fill_memory(void)
{
	for (int i = 0; i < 64; i++) {
		if (mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0) == MAP_FAILED)
			return 0;
	}
	return 1;
}

static void there_are_limits(void **state)
{
	(void)state;
	assert_int_equal(as_twin(fill_descriptors, true, true), 0);
	assert_int_equal(as_twin(fill_memory, true, true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_sees_no_file_and_makes_none),
		cmocka_unit_test(it_has_no_network),
		cmocka_unit_test(it_has_no_power_and_no_descriptors),
		cmocka_unit_test(it_is_alone_in_its_pid_namespace),
		cmocka_unit_test(all_other_system_calls_kill),
		cmocka_unit_test(arguments_count),
		cmocka_unit_test(a_twins_work_is_possible),
		cmocka_unit_test(there_are_limits),
	};

	alarm(100);
	return cmocka_run_group_tests(tests, setup, NULL);
}
