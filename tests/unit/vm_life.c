// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VMs from start to end: a microvm of the QEMU that is installed, emulated, with
 * the smallest of kernels (vm_guest.S). Where the host refuses CPUs, a program
 * stands in QEMU's place.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <ev.h>

#include "config/config.h"
#include "config/problem.h"
#include "vm/process.h"
#include "vm/vm.h"

#define STAYS	"build/tools/vm_guest_stays.img"
#define ENDS	"build/tools/vm_guest_ends.img"
#define SECONDS	15.

static char folder[64];

/* One VM and what was heard of it. */
struct life {
	struct ev_loop *loop;
	struct config *config;
	struct vm *vm;
	struct vm_options options;
	struct problem problem;
	int nr_started, nr_ended;
	struct vm_end end;
	char end_text[2048];
	char console[256];
	char warnings[4096];
};

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/kbm-life-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s " PLACEMENT_FILE, folder);
	return system(command);
}

static void need_qemu(void)
{
	if (system("command -v qemu-system-x86_64 >/dev/null"))
		skip();
}

static void on_started(struct vm *vm, void *context)
{
	struct life *life = context;

	(void)vm;
	life->nr_started++;
	ev_break(life->loop, EVBREAK_ALL);
}

static void on_ended(struct vm *vm, const struct vm_end *end, void *context)
{
	struct life *life = context;

	(void)vm;
	life->nr_ended++;
	life->end = *end;
	snprintf(life->end_text, sizeof(life->end_text), "%s", end->text);
	ev_break(life->loop, EVBREAK_ALL);
}

static void on_log(struct vm *vm, enum vm_log level, const char *line, void *context)
{
	struct life *life = context;
	size_t used = strlen(life->warnings);

	(void)vm;
	if (level == VM_LOG_CONSOLE)
		snprintf(life->console, sizeof(life->console), "%s", line);
	else
		snprintf(life->warnings + used, sizeof(life->warnings) - used, "%s\n", line);
}

static const struct vm_callbacks callbacks = { on_started, on_ended, on_log };

static void begin(struct life *life, const char *kernel, const char *more)
{
	char text[1024];
	struct problem problem = { "" };

	*life = (struct life){ .loop = ev_loop_new(0) };
	snprintf(text, sizeof(text), "[hypervisor.qemu]\nkernel = \"%s/%s\"\ninitrd = \"%s/%s\"\n"
		 "default_memory = 64\n%s", getenv("PWD"), kernel, getenv("PWD"), kernel, more);
	if (config_parse("f", text, strlen(text), &life->config, &problem))
		fail_msg("%s", problem.text);
	life->options = (struct vm_options){
		.config = life->config, .id = "life", .state_dir = folder,
	};
}

#define EMULATED	"isolation = \"none\"\naccel = \"tcg\"\n"

static int start(struct life *life)
{
	return vm_start(life->loop, &life->options, &callbacks, life, &life->vm, &life->problem);
}

static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	*(bool *)timer->data = true;
	ev_break(loop, EVBREAK_ALL);
}

/* Until @counter moves. */
static void run_until(struct life *life, const int *counter)
{
	bool is_late = false;
	ev_timer timer;

	ev_timer_init(&timer, on_timeout, SECONDS, 0.);
	timer.data = &is_late;
	ev_timer_start(life->loop, &timer);
	while (!*counter && !is_late)
		ev_run(life->loop, 0);
	ev_timer_stop(life->loop, &timer);
	if (is_late)
		fail_msg("nothing happens; end: %s; log: %s", life->end_text, life->warnings);
}

static void start_well(struct life *life)
{
	if (start(life))
		fail_msg("%s", life->problem.text);
	run_until(life, &life->nr_started);
}

static void finish(struct life *life)
{
	char path[96];

	vm_free(life->vm);
	config_free(life->config);
	ev_loop_destroy(life->loop);
	snprintf(path, sizeof(path), "%s/vm", folder);
	assert_int_equal(access(path, F_OK), -1);
}

static void expect_words(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("'%s' lacks '%s'", text, words);
}

static void test_guest_ends(void **state)
{
	struct life life;

	(void)state;
	need_qemu();
	begin(&life, ENDS, EMULATED);
	assert_int_equal(start(&life), 0);
	assert_true(vm_pid(life.vm) > 0);
	run_until(&life, &life.nr_ended);
	assert_int_equal(life.nr_ended, 1);
	assert_int_equal(life.end.reason, VM_SHUTDOWN);
	assert_int_equal(life.end.was_started, life.nr_started);
	assert_string_equal(life.console, "guest here");
	expect_words(life.warnings, "emulated");
	assert_int_equal(vm_pid(life.vm), 0);
	vm_stop(life.vm, 1);
	vm_kill(life.vm);
	finish(&life);
}

static void test_stop(void **state)
{
	struct life life;

	(void)state;
	need_qemu();
	begin(&life, STAYS, EMULATED);
	assert_int_equal(start(&life), 0);
	assert_int_equal(vm_take_agent(life.vm), -EBADF);
	run_until(&life, &life.nr_started);
	vm_stop(life.vm, 10);
	vm_stop(life.vm, 10);
	run_until(&life, &life.nr_ended);
	assert_int_equal(life.end.reason, VM_SHUTDOWN);
	expect_words(life.end_text, "as asked");
	assert_true(life.end.was_started);
	finish(&life);
}

/* QEMU cannot answer: it is stopped. */
static void test_stop_of_a_stuck_one(void **state)
{
	struct life life;

	(void)state;
	need_qemu();
	begin(&life, STAYS, EMULATED);
	start_well(&life);
	kill(vm_pid(life.vm), SIGSTOP);
	vm_stop(life.vm, 0.2);
	run_until(&life, &life.nr_ended);
	assert_int_equal(life.end.reason, VM_KILLED);
	assert_int_equal(life.end.detail, SIGKILL);
	finish(&life);
}

static void test_killed(void **state)
{
	struct life life;

	(void)state;
	need_qemu();
	begin(&life, STAYS, EMULATED);
	start_well(&life);
	kill(vm_pid(life.vm), SIGKILL);
	run_until(&life, &life.nr_ended);
	assert_int_equal(life.end.reason, VM_KILLED);
	expect_words(life.end_text, "by signal 9");
	finish(&life);
}

static void test_killed_from_files(void **state)
{
	struct problem problem = { "" };
	struct life life;

	(void)state;
	need_qemu();
	begin(&life, STAYS, EMULATED);
	start_well(&life);
	assert_int_equal(vm_kill_from_files(folder, 5, &problem), 0);
	run_until(&life, &life.nr_ended);
	assert_int_equal(life.end.reason, VM_KILLED);
	finish(&life);
}

static void test_free_while_it_runs(void **state)
{
	struct life life;
	int pidfd;

	(void)state;
	need_qemu();
	begin(&life, STAYS, EMULATED);
	start_well(&life);
	pidfd = process_open(vm_pid(life.vm));
	assert_true(pidfd >= 0);
	life.vm = vm_free(life.vm);
	assert_int_equal(process_signal(pidfd, 0), -ESRCH);
	close(pidfd);
	assert_int_equal(life.nr_ended, 0);
	finish(&life);
}

/* What a process has open: whether one of it is @path. */
static bool has_open(pid_t pid, const char *path)
{
	char folder_path[64], target[256];
	struct dirent *entry;
	bool found = false;
	DIR *entries;

	snprintf(folder_path, sizeof(folder_path), "/proc/%d/fd", pid);
	entries = opendir(folder_path);
	assert_non_null(entries);
	while ((entry = readdir(entries))) {
		ssize_t length =
			readlinkat(dirfd(entries), entry->d_name, target, sizeof(target) - 1);

		if (length < 0)
			continue;
		target[length] = 0;
		found |= !strcmp(target, path);
	}
	closedir(entries);
	return found;
}

static void test_no_descriptor_leaks(void **state)
{
	struct life life;
	char path[96];
	int leak, agent;

	(void)state;
	need_qemu();
	snprintf(path, sizeof(path), "%s/secret", folder);
	leak = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(leak >= 0);
	begin(&life, STAYS, EMULATED);
	start_well(&life);
	assert_true(has_open(getpid(), path));
	assert_false(has_open(vm_pid(life.vm), path));
	agent = vm_take_agent(life.vm);
	assert_true(agent >= 0);
	assert_true(fcntl(agent, F_GETFL) & O_NONBLOCK);
	assert_int_equal(vm_take_agent(life.vm), -EBADF);
	/* Nobody has the port open yet: this waits. */
	assert_int_equal(write(agent, "hello", 5), 5);
	close(agent);
	close(leak);
	unlink(path);
	finish(&life);
}

static void test_not_started(void **state)
{
	const struct vm_disk disk = { .source = "/nowhere/disk", .serial = "d" };
	struct life life;

	(void)state;
	need_qemu();
	begin(&life, "nothing", EMULATED);
	assert_int_equal(start(&life), -ENOENT);
	expect_words(life.problem.text, "/nothing\" in [hypervisor.qemu]");
	finish(&life);
	begin(&life, STAYS, EMULATED "path = \"/nowhere/qemu\"\n");
	assert_int_equal(start(&life), -ENOENT);
	finish(&life);
	begin(&life, STAYS, EMULATED);
	life.options.disks = &disk;
	life.options.nr_disks = 1;
	assert_int_equal(start(&life), 0);
	run_until(&life, &life.nr_ended);
	assert_int_equal(life.nr_started, 0);
	assert_int_equal(life.end.reason, VM_FAILED);
	expect_words(life.end_text, "/nowhere/disk");
	finish(&life);
}

static void test_no_host(void **state)
{
	struct life life;

	(void)state;
	if (!access("/dev/kata-bm", F_OK))
		skip();
	begin(&life, STAYS, "");
	assert_int_equal(start(&life), -ENODEV);
	expect_words(life.problem.text, "no usable /dev/kata-bm");
	expect_words(life.problem.text, "isolation = \"none\"");
	finish(&life);
}

/* A program in the place of a VMM: it speaks as much QMP as a start needs. */
static void write_program(char *path, size_t size, const char *before)
{
	FILE *file;

	snprintf(path, size, "%s/vmm", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/bash\nall=\"$*\"\n%s\n"
		"echo '{\"QMP\": {}}' >&3\n"
		"read -r line <&3; echo '{\"return\": {}, \"id\": 1}' >&3\n"
		"read -r line <&3; echo '{\"return\": {}, \"id\": 2}' >&3\n"
		"echo \"all: $all\" >&6\nread -r line <&3\nexit 0\n", before);
	fchmod(fileno(file), 0755);
	fclose(file);
}

static void begin_direct(struct life *life, const char *before)
{
	char path[96], more[256];

	write_program(path, sizeof(path), before);
	snprintf(more, sizeof(more), "path = \"%s\"\nproxy = \"unix:/p\"\ncpus = \"2-9\"\n"
		 "default_vcpus = 2\n", path);
	begin(life, STAYS, more);
}

static void end_direct(struct life *life)
{
	char path[96];

	finish(life);
	snprintf(path, sizeof(path), "%s/vmm", folder);
	unlink(path);
}

static void test_refused_cpus(void **state)
{
	struct life life;

	(void)state;
	begin_direct(&life,
		     "case $all in\n"
		     "*cpus=2-3*) echo 'cannot lend CPU 3: CPU 3 is lent already; online are "
		     "0-2,5-6' >&2; exit 1;;\n"
		     "*cpus=2+5*) echo 'cannot lend CPU 2: CPU 2 is offline' >&2; exit 1;; esac");
	start_well(&life);
	while (!*life.console)
		ev_run(life.loop, EVRUN_ONCE);
	expect_words(life.console, "cpus=5-6 ");
	expect_words(life.warnings, "CPU 3 is lent already");
	vm_stop(life.vm, 5);
	run_until(&life, &life.nr_ended);
	assert_int_equal(life.end.reason, VM_SHUTDOWN);
	end_direct(&life);
}

static void test_no_cpus_left(void **state)
{
	struct life life;

	(void)state;
	begin_direct(&life,
		     "echo 'cannot lend CPU 2: CPU 2 is lent already; online are 0-2' >&2; exit 1");
	assert_int_equal(start(&life), 0);
	run_until(&life, &life.nr_ended);
	assert_int_equal(life.nr_started, 0);
	assert_int_equal(life.end.reason, VM_FAILED);
	expect_words(life.end_text, "2 CPUs asked for, free are 0 (none)");
	end_direct(&life);
}

static void test_no_memory(void **state)
{
	struct life life;

	(void)state;
	begin_direct(&life,
		     "echo 'cannot lend 64 MiB of memory: no free run of 64 MiB' >&2; exit 1");
	assert_int_equal(start(&life), 0);
	run_until(&life, &life.nr_ended);
	assert_int_equal(life.end.reason, VM_FAILED);
	expect_words(life.end_text, "no free run of 64 MiB");
	end_direct(&life);
}

/* Two guests at once never have a CPU in common, and the second's are free after its end. */
static void test_two_at_once(void **state)
{
	struct life first, second, third;
	char path[96];

	(void)state;
	begin_direct(&first, "");
	begin_direct(&second, "");
	start_well(&first);
	second.config->vcpus = 6;
	start_well(&second);
	while (!*first.console)
		ev_run(first.loop, EVRUN_ONCE);
	while (!*second.console)
		ev_run(second.loop, EVRUN_ONCE);
	expect_words(first.console, "cpus=2-3 ");
	expect_words(second.console, "cpus=4-9 ");
	begin_direct(&third, "");
	snprintf(path, sizeof(path), "%s/third", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	third.options.state_dir = path;
	assert_int_equal(start(&third), -EBUSY);
	expect_words(third.problem.text, "2 CPUs asked for, free are 0 (none)");
	vm_kill(second.vm);
	run_until(&second, &second.nr_ended);
	assert_int_equal(start(&third), 0);
	run_until(&third, &third.nr_started);
	finish(&second);
	vm_kill(first.vm);
	run_until(&first, &first.nr_ended);
	finish(&first);
	end_direct(&third);
}

static void test_garbage_instead_of_qmp(void **state)
{
	struct life life;

	(void)state;
	begin_direct(
		&life,
		"echo 'x{}[' >&3; echo '{\"error\": {\"desc\": \"not today\"}, \"id\": 1}' >&3; "
		"exec sleep 1000");
	assert_int_equal(start(&life), 0);
	run_until(&life, &life.nr_ended);
	assert_int_equal(life.end.reason, VM_FAILED);
	expect_words(life.end_text, "not today");
	end_direct(&life);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_ends),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_stop_of_a_stuck_one),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_killed_from_files),
		cmocka_unit_test(test_free_while_it_runs),
		cmocka_unit_test(test_no_descriptor_leaks),
		cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_no_host),
		cmocka_unit_test(test_refused_cpus),
		cmocka_unit_test(test_no_cpus_left),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_garbage_instead_of_qmp),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
