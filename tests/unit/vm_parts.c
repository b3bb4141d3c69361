// SPDX-License-Identifier: GPL-2.0-or-later
/* Parts of the VM layer, without a VM: QMP, lines, CPUs, records, processes, ends. */
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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "config/config.h"
#include "config/problem.h"
#include "vm/budget.h"
#include "vm/command.h"
#include "vm/cores.h"
#include "vm/end.h"
#include "vm/lines.h"
#include "vm/machine.h"
#include "vm/memory.h"
#include "vm/placement.h"
#include "vm/process.h"
#include "vm/qmp.h"
#include "vm/record.h"

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/kbm-vm-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/cpus.lock", folder);
	unlink(path);
	return rmdir(folder);
}

static void expect_words(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("'%s' lacks '%s'", text, words);
}

/* QMP: a socket whose other end is ours. */
struct talk {
	struct ev_loop *loop;
	struct qmp qmp;
	int peer;
	int answers, error, events, closed;
	char text[128];
};

static void on_done(int error, struct json_object *result, const char *text, void *context)
{
	struct talk *talk = context;

	talk->answers++;
	talk->error = error;
	snprintf(talk->text, sizeof(talk->text), "%s",
		 result ? json_object_to_json_string_ext(result, JSON_C_TO_STRING_PLAIN) : text);
}

static void on_event(const char *name, struct json_object *data, void *context)
{
	struct talk *talk = context;

	talk->events++;
	snprintf(talk->text, sizeof(talk->text), "%s%s", name, data ? "+" : "");
}

static void on_closed(void *context)
{
	((struct talk *)context)->closed++;
}

static void begin_talk(struct talk *talk)
{
	int pair[2];

	*talk = (struct talk){ .loop = ev_loop_new(0) };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
			 0);
	talk->peer = pair[1];
	talk->qmp.event = on_event;
	talk->qmp.closed = on_closed;
	talk->qmp.context = talk;
	qmp_start(&talk->qmp, talk->loop, pair[0]);
}

static void end_talk(struct talk *talk)
{
	qmp_stop(&talk->qmp);
	close(talk->peer);
	ev_loop_destroy(talk->loop);
}

static void say(struct talk *talk, const char *text)
{
	assert_int_equal(write(talk->peer, text, strlen(text)), strlen(text));
	ev_run(talk->loop, EVRUN_NOWAIT);
}

static void test_qmp(void **state)
{
	struct talk talk;
	char heard[128] = "";

	(void)state;
	begin_talk(&talk);
	say(&talk, "{\"QMP\": {\"version\": {}}}\r\n");
	assert_int_equal(qmp_call(&talk.qmp, "query-status", 1, on_done, &talk), 0);
	assert_true(read(talk.peer, heard, sizeof(heard) - 1) > 0);
	assert_string_equal(heard, "{\"execute\": \"query-status\", \"id\": 1}\n");
	say(&talk, "{\"return\": {\"a\"");
	assert_int_equal(talk.answers, 0);
	say(&talk, ": 1}, \"id\": 1}\r\n{\"event\": \"SHUTDOWN\", \"data\": {}}\n");
	assert_int_equal(talk.answers, 1);
	assert_int_equal(talk.events, 1);
	assert_string_equal(talk.text, "SHUTDOWN+");
	assert_int_equal(qmp_call(&talk.qmp, "quit", 1, on_done, &talk), 0);
	say(&talk, "{\"error\": {\"class\": \"x\", \"desc\": \"not now\"}, \"id\": 2}\n");
	assert_int_equal(talk.error, -EREMOTEIO);
	assert_string_equal(talk.text, "not now");
	assert_int_equal(talk.qmp.nr_garbage, 0);
	end_talk(&talk);
}

static void test_qmp_garbage(void **state)
{
	static const char *const lines[] = {
		"x\n",
		"{\n",
		"[]\n",
		"3\n",
		"\"\"\n",
		"null\n",
		"{}\n",
		"{\"return\": {}}\n",
		"{\"return\": {}, \"id\": 7}\n",
		"{\"return\": {}, \"id\": \"1\"}\n",
		"{\"id\": 1}\n",
		"{\"event\": 3}\n",
		"\xff\xfe\n",
		"{\"error\": {}, \"id\": 9}\n",
	};
	struct talk talk;

	(void)state;
	begin_talk(&talk);
	assert_int_equal(qmp_call(&talk.qmp, "stop", 60, on_done, &talk), 0);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		say(&talk, lines[i]);
		assert_int_equal(talk.qmp.nr_garbage, i + 1);
	}
	for (int i = 0; i < 100; i++)
		say(&talk, "[[[[[[[[[[");
	say(&talk, "\n\r\n \n");
	assert_int_equal(talk.qmp.nr_garbage, sizeof(lines) / sizeof(lines[0]) + 1);
	assert_int_equal(talk.answers + talk.events + talk.closed, 0);
	say(&talk, "{\"event\": \"E\", \"data\": 5}\n");
	assert_string_equal(talk.text, "E");
	say(&talk, "{\"error\": 5, \"id\": 1}\n");
	assert_int_equal(talk.error, -EREMOTEIO);
	end_talk(&talk);
}

static void test_qmp_limits(void **state)
{
	struct talk talk;
	char block[4096];
	size_t sent = 0;

	(void)state;
	begin_talk(&talk);
	for (int i = 0; i < QMP_MAX_CALLS; i++)
		assert_int_equal(qmp_call(&talk.qmp, "stop", 0.01, on_done, &talk), 0);
	assert_int_equal(qmp_call(&talk.qmp, "stop", 1, on_done, &talk), -EBUSY);
	while (talk.answers < QMP_MAX_CALLS)
		ev_run(talk.loop, EVRUN_ONCE);
	assert_int_equal(talk.error, -ETIMEDOUT);
	assert_int_equal(talk.closed, 0);
	/* An answer that is late is garbage. */
	say(&talk, "{\"return\": {}, \"id\": 1}\n");
	assert_int_equal(talk.qmp.nr_garbage, 1);
	assert_int_equal(qmp_call(&talk.qmp, "stop", 60, on_done, &talk), 0);
	memset(block, ' ', sizeof(block));
	while (!talk.closed && sent < 2 * QMP_MAX_LINE) {
		ssize_t length = write(talk.peer, block, sizeof(block));

		sent += length > 0 ? (size_t)length : 0;
		ev_run(talk.loop, EVRUN_NOWAIT);
	}
	assert_int_equal(talk.closed, 1);
	assert_int_equal(talk.error, -ECONNRESET);
	assert_int_equal(qmp_call(&talk.qmp, "stop", 1, on_done, &talk), -ENOTCONN);
	end_talk(&talk);
}

static void test_qmp_close(void **state)
{
	struct talk talk;

	(void)state;
	begin_talk(&talk);
	assert_int_equal(qmp_call(&talk.qmp, "quit", 60, on_done, &talk), 0);
	shutdown(talk.peer, SHUT_RDWR);
	ev_run(talk.loop, EVRUN_NOWAIT);
	assert_int_equal(talk.answers, 1);
	assert_int_equal(talk.error, -ECONNRESET);
	assert_int_equal(talk.closed, 1);
	end_talk(&talk);
}

struct heard {
	int nr;
	char last[LINES_MAX + 1];
};

static void on_line(const char *line, void *context)
{
	struct heard *heard = context;

	heard->nr++;
	snprintf(heard->last, sizeof(heard->last), "%s", line);
}

static void test_lines(void **state)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct heard heard = { 0 };
	struct lines lines;
	char text[3000];
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	lines_start(&lines, loop, pair[0], on_line, &heard);
	assert_int_equal(write(pair[1], "one\r\n\ntwo\033[2J\n th", 17), 17);
	ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(heard.nr, 2);
	assert_string_equal(heard.last, "two?[2J");
	memset(text, 'x', sizeof(text));
	assert_int_equal(write(pair[1], text, sizeof(text)), sizeof(text));
	close(pair[1]);
	lines_drain(&lines);
	assert_int_equal(heard.nr, 5);
	assert_int_equal(strlen(heard.last), 3 + sizeof(text) - 2 * LINES_MAX);
	lines_stop(&lines);
	ev_loop_destroy(loop);
}

static void test_budget(void **state)
{
	struct budget budget = { 0 };
	unsigned long dropped = 1;

	(void)state;
	for (int i = 0; i < BUDGET_LINES; i++)
		assert_true(budget_take(&budget, 1e9, &dropped));
	assert_int_equal(dropped, 0);
	for (int i = 0; i < 5; i++)
		assert_false(budget_take(&budget, 1e9, &dropped));
	assert_true(budget_take(&budget, 1e9 + 1, &dropped));
	assert_int_equal(dropped, 5);
	for (int i = 1; i < BUDGET_LINES_PER_SECOND; i++)
		assert_true(budget_take(&budget, 1e9 + 1, &dropped));
	assert_int_equal(dropped, 0);
	assert_false(budget_take(&budget, 1e9 + 1, &dropped));
	/* The clock is set back: no silence until it has caught up. */
	assert_true(budget_take(&budget, 1e8, &dropped));
}

/* A child that does nothing, and is not left behind by a test that fails. */
static void __attribute__((noreturn)) wait_for_the_end(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static struct config *configure(const char *text)
{
	struct problem problem = { "" };
	struct config *config = NULL;

	if (config_parse("f", text, strlen(text), &config, &problem))
		fail_msg("%s", problem.text);
	return config;
}

static void open_placement(struct placement *placement, const struct config *config)
{
	struct problem problem = { "" };
	char path[96];

	snprintf(path, sizeof(path), "%s/cpus.lock", folder);
	if (placement_open(placement, config, path, &problem))
		fail_msg("%s", problem.text);
}

static void expect_cpus(const struct placement *placement, const char *expected)
{
	char text[CPU_LIST_TEXT_SIZE];

	cpu_list_print(&placement->cpus, ',', text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_placement(void **state)
{
	struct config *config = configure("[hypervisor.qemu]\ncpus = \"2-4,8\"\n");
	struct placement first, second;
	struct problem problem = { "" };

	(void)state;
	open_placement(&first, config);
	open_placement(&second, config);
	assert_int_equal(placement_choose(&first, 2, &problem), 0);
	expect_cpus(&first, "2-3");
	assert_int_equal(placement_choose(&second, 3, &problem), -EBUSY);
	expect_words(problem.text,
		     "3 CPUs asked for, free are 2 (4,8) of those that guests may have "
		     "(2-4,8)");
	expect_cpus(&second, "none");
	assert_int_equal(placement_choose(&second, 2, &problem), 0);
	expect_cpus(&second, "4,8");
	placement_done(&first);
	open_placement(&first, config);
	assert_int_equal(placement_choose(&first, 2, &problem), 0);
	expect_cpus(&first, "2-3");
	placement_done(&first);
	placement_done(&second);
	config_free(config);
}

static void test_refusals(void **state)
{
	struct config *config = configure("[hypervisor.qemu]\ncpus = \"2-9\"\n");
	struct placement placement;
	struct problem problem = { "" };

	(void)state;
	open_placement(&placement, config);
	assert_int_equal(placement_choose(&placement, 2, &problem), 0);
	assert_false(placement_refused(&placement, "qemu: cannot lend 512 MiB of memory: no"));
	assert_false(placement_refused(&placement, "qemu: cannot lend CPU x"));
	assert_false(placement_refused(&placement, "qemu: cannot lend CPU 7: it is not of ours"));
	expect_cpus(&placement, "2-3");
	assert_true(placement_refused(&placement,
				      "kata-bm: cannot lend CPU 3: CPU 3 is lent already; "
				      "online are 0-2,5,7"));
	expect_cpus(&placement, "none");
	assert_int_equal(placement_choose(&placement, 2, &problem), 0);
	expect_cpus(&placement, "2,5");
	assert_true(placement_refused(&placement, "cannot lend CPU 2: CPU 2 is offline; bring it"));
	assert_int_equal(placement_choose(&placement, 3, &problem), -EBUSY);
	expect_words(problem.text, "free are 2 (5,7) of those that guests may have (5,7)");
	placement_done(&placement);
	config_free(config);
}

/* The host says which CPUs are of one core; the others are guessed from that. */
static void test_whole_cores(void **state)
{
	struct config *config = configure("[hypervisor.qemu]\ncpus = \"2-7,10-15\"\n");
	struct placement first, second;
	struct problem problem = { "" };

	(void)state;
	open_placement(&first, config);
	open_placement(&second, config);
	assert_int_equal(placement_choose(&first, 3, &problem), 0);
	expect_cpus(&first, "2-4");
	assert_true(placement_refused(&first,
				      "kata-bm: no vCPU on CPU 2: CPU 2 shares its core with CPU "
				      "10, which is not lent to this guest; lend both"));
	expect_cpus(&first, "none");
	assert_int_equal(placement_choose(&first, 3, &problem), 0);
	expect_cpus(&first, "2-3,10-11");
	/* Half a core is left alone: the other has not learned, and has to. */
	assert_int_equal(placement_choose(&second, 1, &problem), 0);
	expect_cpus(&second, "4");
	assert_true(placement_refused(&second, "CPU 4 shares its core with CPU 12, which is"));
	assert_int_equal(placement_choose(&second, 9, &problem), -EBUSY);
	expect_words(problem.text, "9 CPUs asked for, free are 8 (4-7,12-15) of those that guests "
				   "may have (2-7,10-15), in whole cores: end");
	assert_int_equal(placement_choose(&second, 8, &problem), 0);
	expect_cpus(&second, "4-7,12-15");
	/* What is known already is no reason to try again. */
	assert_false(placement_refused(&second, "CPU 4 shares its core with CPU 12, which is"));
	assert_false(placement_refused(&second, "CPU 3 shares its core with CPU 9, which is"));
	assert_false(placement_refused(&second, " shares its core with CPU "));
	placement_done(&first);
	placement_done(&second);
	config_free(config);
}

static void write_siblings(unsigned int cpu, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "mkdir -p %s/cpu%u/topology", folder, cpu);
	assert_int_equal(system(path), 0);
	if (!text)
		return;
	snprintf(path, sizeof(path), "%s/cpu%u/topology/thread_siblings_list", folder, cpu);
	file = fopen(path, "w");
	fprintf(file, "%s\n", text);
	fclose(file);
}

static void test_cores(void **state)
{
	struct cores cores = { 0 };
	char command[96];

	(void)state;
	write_siblings(0, "0-1");
	write_siblings(1, "0-1");
	write_siblings(2, "2");
	write_siblings(3, NULL);
	write_siblings(4, "4,6");
	write_siblings(5, "bad");
	assert_int_equal(cores_read(&cores, folder), 0);
	assert_int_equal(cores_next(&cores, 0), 1);
	assert_int_equal(cores_next(&cores, 1), 0);
	assert_int_equal(cores_next(&cores, 2), 2);
	assert_int_equal(cores_next(&cores, 3), 3);
	assert_int_equal(cores_next(&cores, 6), 4);
	/* Here nothing is guessed. */
	assert_true(cores_learn(&cores, 2, 3));
	assert_int_equal(cores_next(&cores, 3), 2);
	assert_int_equal(cores_next(&cores, 8), 8);
	assert_false(cores_learn(&cores, 0, 1));
	assert_false(cores_learn(&cores, 7, CPU_LIST_MAX));
	cores_done(&cores);
	snprintf(command, sizeof(command), "rm -r %s/cpu*", folder);
	assert_int_equal(system(command), 0);
}

/* Neighbours, and what was guessed is given up when the host says otherwise. */
static void test_cores_guessed(void **state)
{
	struct cores cores = { 0 };

	(void)state;
	assert_int_equal(cores_next(&cores, 5), 5);
	assert_true(cores_learn(&cores, 3, 2));
	assert_int_equal(cores_next(&cores, 8), 9);
	assert_int_equal(cores_next(&cores, 9), 8);
	assert_true(cores_learn(&cores, 8, 12));
	assert_int_equal(cores_next(&cores, 8), 12);
	assert_int_equal(cores_next(&cores, 9), 9);
	assert_int_equal(cores_next(&cores, 2), 3);
	cores_done(&cores);
}

/* The claim is QEMU's, too: it outlives the process that made it. */
static void test_claim_is_inherited(void **state)
{
	struct config *config = configure("[hypervisor.qemu]\ncpus = \"2\"\n");
	struct placement first, second;
	struct problem problem = { "" };
	pid_t child;

	(void)state;
	open_placement(&first, config);
	assert_int_equal(placement_choose(&first, 1, &problem), 0);
	child = fork();
	if (!child)
		wait_for_the_end();
	placement_done(&first);
	open_placement(&second, config);
	assert_int_equal(placement_choose(&second, 1, &problem), -EBUSY);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(placement_choose(&second, 1, &problem), 0);
	placement_done(&second);
	config_free(config);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
}

static int check_memory(const char *keys, bool is_direct, struct problem *problem)
{
	char text[128], lendable[96], info[96];
	struct json_object *spec = json_object_new_object();
	struct config *config;
	int r;

	snprintf(text, sizeof(text), "[hypervisor.qemu]\n%s\n", keys);
	config = configure(text);
	assert_int_equal(config_size(config, spec, problem), 0);
	snprintf(lendable, sizeof(lendable), "%s/lendable", folder);
	snprintf(info, sizeof(info), "%s/info", folder);
	r = memory_check(config, is_direct, lendable, info, problem);
	config_free(config);
	json_object_put(spec);
	return r;
}

static void test_memory(void **state)
{
	struct problem problem = { "" };
	char lendable[96], info[96];

	(void)state;
	snprintf(lendable, sizeof(lendable), "%s/lendable", folder);
	snprintf(info, sizeof(info), "%s/info", folder);
	/* Where nothing can be seen the host decides. */
	assert_int_equal(check_memory("default_memory = 8192", true, &problem), 0);
	assert_int_equal(check_memory("default_memory = 8192", false, &problem), 0);
	write_file(lendable, "0 0x100000000 0x20000000 lent\n0 0x120000000 0x10000000 free\n"
			     "1 0x200000000 0x20000000 free\n1 0x220000000 0x20000000 lent\n"
			     "1 0x240000000 0x4000000 free\n");
	write_file(info, "MemTotal: 9000000 kB\nMemAvailable:    1048576 kB\n");
	assert_int_equal(check_memory("default_memory = 512", true, &problem), 0);
	assert_int_equal(check_memory("default_memory = 514", true, &problem), -EBUSY);
	expect_words(problem.text,
		     "514 MiB of memory asked for, free in one piece are 512 MiB (832 in all of "
		     "the 1856 MiB that guests may have): end another sandbox");
	assert_int_equal(check_memory("default_memory = 256\nnode = 0", true, &problem), 0);
	assert_int_equal(check_memory("default_memory = 512\nnode = 0", true, &problem), -EBUSY);
	expect_words(problem.text, "are 256 MiB (256 in all of the 768 MiB that guests may have "
				   "on node 0)");
	assert_int_equal(check_memory("default_memory = 1024", false, &problem), 0);
	assert_int_equal(check_memory("default_memory = 1026", false, &problem), -EBUSY);
	expect_words(problem.text, "1026 MiB of memory asked for, available on this machine are "
				   "1024 MiB: end another sandbox");
	unlink(lendable);
	unlink(info);
}

static void test_record(void **state)
{
	struct record mine, read_back, other;
	struct problem problem = { "" };
	char path[96];
	pid_t child;
	int fd;

	(void)state;
	assert_int_equal(record_read(folder, &read_back), -ENOENT);
	assert_int_equal(vm_kill_from_files(folder, 1, &problem), 0);
	assert_int_equal(vm_kill_from_files("/nowhere", 1, &problem), 0);
	child = fork();
	if (!child)
		wait_for_the_end();
	assert_int_equal(record_of(child, &mine), 0);
	other = mine;
	other.start++;
	/* The same number, another process. */
	assert_int_equal(record_write(folder, &other), 0);
	assert_int_equal(vm_kill_from_files(folder, 1, &problem), 0);
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
	assert_int_equal(record_write(folder, &mine), 0);
	assert_int_equal(record_read(folder, &read_back), 0);
	assert_int_equal(read_back.pid, child);
	assert_true(read_back.start == mine.start);
	assert_int_equal(vm_kill_from_files(folder, 5, &problem), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(record_read(folder, &read_back), -ENOENT);
	assert_int_equal(record_of(child, &mine), -ESRCH);
	snprintf(path, sizeof(path), "%s/" RECORD_FILE, folder);
	for (int i = 0; i < 4; i++) {
		static const char *const damaged[] = { "", "12", "1 5\n", "x y\n" };

		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(write(fd, damaged[i], strlen(damaged[i])), strlen(damaged[i]));
		close(fd);
		assert_int_equal(vm_kill_from_files(folder, 1, &problem), -EBADMSG);
	}
	unlink(path);
}

static void read_all(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t length;

	while ((length = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)length;
	text[used] = 0;
}

static void test_process(void **state)
{
	char *const words[] = { "sh", "-c", "ls /proc/self/fd; read x <&4; echo $x; exit 7", NULL };
	char *const missing[] = { "/nowhere/qemu", NULL };
	int output[2], input[2], fds[3], pidfd, leak = open("/dev/null", O_RDWR);
	siginfo_t info;
	char text[512];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(output), 0);
	assert_int_equal(pipe(input), 0);
	assert_true(leak >= 0);
	/* Crosswise, and one that is not there. */
	fds[0] = -1;
	fds[1] = input[0];
	fds[2] = 3;
	assert_int_equal(write(input[1], "hello\n", 6), 6);
	assert_int_equal(process_start(words, fds, 3, output[1], &pid, &pidfd), 0);
	close(output[1]);
	read_all(output[0], text, sizeof(text));
	/* ls has its directory open at the first that is free. */
	assert_string_equal(text, "0\n1\n2\n3\n4\n5\nhello\n");
	assert_int_equal(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), 0);
	assert_int_equal(info.si_status, 7);
	close(pidfd);
	close(output[0]);
	assert_int_equal(pipe(output), 0);
	assert_int_equal(process_start(missing, NULL, 0, output[1], &pid, &pidfd), 0);
	close(output[1]);
	read_all(output[0], text, sizeof(text));
	assert_string_equal(text, "/nowhere/qemu: cannot run it: No such file or directory\n");
	assert_int_equal(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), 0);
	assert_int_equal(info.si_status, 127);
	close(pidfd);
	close(output[0]);
	close(input[0]);
	close(input[1]);
	close(leak);
}

/* It ends with the process that started it. */
static void test_process_ends_with_us(void **state)
{
	char *const words[] = { "sleep", "1000", NULL };
	struct pollfd end = { .events = POLLIN };
	int report[2], pidfd = -1;
	pid_t pid = 0, child;

	(void)state;
	assert_int_equal(pipe(report), 0);
	child = fork();
	if (!child) {
		process_start(words, NULL, 0, 2, &pid, &pidfd);
		_exit(write(report[1], &pid, sizeof(pid)) == sizeof(pid) && pause());
	}
	assert_int_equal(read(report[0], &pid, sizeof(pid)), sizeof(pid));
	assert_true(pid > 0);
	end.fd = process_open(pid);
	assert_true(end.fd >= 0);
	assert_int_equal(poll(&end, 1, 200), 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(poll(&end, 1, 5000), 1);
	close(end.fd);
	close(report[0]);
	close(report[1]);
}

struct end_case {
	const char *event, *data, *message, *console;
	bool is_direct, is_asked, is_stuck;
	int code, status;
	enum vm_reason reason;
	const char *text;
};

static const struct end_case ends[] = {
	{ .code = CLD_EXITED, .reason = VM_SHUTDOWN, .text = "the guest powered off" },
	{ .code = CLD_EXITED,
	  .is_direct = true,
	  .status = 3,
	  .reason = VM_REBOOT,
	  .text = "the guest rebooted" },
	{ .code = CLD_EXITED,
	  .is_direct = true,
	  .status = 8,
	  .reason = VM_PROXY_LOST,
	  .text = "twin" },
	{ .code = CLD_EXITED, .status = 3, .reason = VM_FAILED, .text = "QEMU failed" },
	{ .code = CLD_EXITED,
	  .is_direct = true,
	  .status = 1,
	  .message = "no memory",
	  .reason = VM_FAILED,
	  .text = "QEMU failed: no memory" },
	{ .code = CLD_EXITED,
	  .is_direct = true,
	  .status = 99,
	  .reason = VM_FAILED,
	  .text = "QEMU failed" },
	{ .code = CLD_KILLED,
	  .status = 9,
	  .reason = VM_KILLED,
	  .text = "QEMU was killed by signal 9" },
	{ .code = CLD_KILLED,
	  .status = 9,
	  .is_asked = true,
	  .reason = VM_KILLED,
	  .text = "as asked" },
	{ .code = CLD_EXITED,
	  .is_asked = true,
	  .reason = VM_SHUTDOWN,
	  .text = "QEMU ended, as asked" },
	{ .code = CLD_KILLED,
	  .status = 9,
	  .is_stuck = true,
	  .is_asked = true,
	  .reason = VM_FAILED,
	  .text = "did not answer" },
	{ .event = "KATA_BM_ENDED",
	  .data = "{\"reason\": \"memory-fault\", \"detail\": 4096}",
	  .is_direct = true,
	  .code = CLD_EXITED,
	  .status = 7,
	  .reason = VM_MEMORY_FAULT,
	  .text = "(0x1000)" },
	{ .event = "KATA_BM_ENDED",
	  .data = "{\"reason\": \"triple-fault\", \"detail\": 1}",
	  .is_direct = true,
	  .code = 0,
	  .reason = VM_TRIPLE_FAULT,
	  .text = "(vCPU 1)" },
	{ .event = "KATA_BM_ENDED",
	  .data = "{\"reason\": \"new\"}",
	  .is_direct = true,
	  .code = CLD_EXITED,
	  .status = 4,
	  .reason = VM_PANIC,
	  .text = "panicked" },
	{ .event = "KATA_BM_ENDED",
	  .data = "{\"reason\": null}",
	  .code = CLD_EXITED,
	  .reason = VM_SHUTDOWN,
	  .text = "powered off" },
	{ .event = "SHUTDOWN",
	  .data = "{\"reason\": 3}",
	  .code = 0,
	  .reason = VM_SHUTDOWN,
	  .text = "powered off" },
	{ .console = "[ 1.0] Kernel panic - not syncing: x",
	  .code = CLD_EXITED,
	  .reason = VM_PANIC,
	  .text = "panicked" },
	{ .console = "[ 1.0] Kernel panic - not syncing: x",
	  .is_asked = true,
	  .code = CLD_KILLED,
	  .status = 9,
	  .reason = VM_PANIC,
	  .text = "panicked" },
	{ .message = "kata-bm: cannot lend 512 MiB of memory: no free run of 512 MiB on node 0 "
		     "(300 MiB are free there); see kbm.memory= of the host",
	  .is_direct = true,
	  .code = CLD_EXITED,
	  .status = 1,
	  .reason = VM_FAILED,
	  .text = "(300 MiB are free there); see kbm.memory= of the host: end another sandbox, or "
		  "lower the memory limit or default_memory" },
	{ .code = 0, .reason = VM_FAILED, .text = "QEMU failed" },
};

static void test_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const struct end_case *which = &ends[i];
		struct end_signs signs = { .is_asked = which->is_asked,
					   .is_stuck = which->is_stuck };
		struct json_object *data = which->data ? json_tokener_parse(which->data) : NULL;
		char text[END_TEXT_SIZE];
		struct vm_end end = { 0 };

		if (which->event)
			end_event(&signs, which->event, data);
		if (which->console)
			end_console(&signs, which->console);
		if (which->message)
			end_message(&signs, which->message);
		end_conclude(&signs, which->is_direct, which->code, which->status, text, &end);
		json_object_put(data);
		if (end.reason != which->reason)
			fail_msg("case %zu: %s", i, vm_reason_name(end.reason));
		expect_words(end.text, which->text);
	}
}

/* All words of a command line, with blanks between. */
static char *join(const struct command *command)
{
	static char text[8192];
	size_t at = 0;

	for (size_t i = 0; i < command->nr_words; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s ", command->words[i]);
	return text;
}

static void test_command(void **state)
{
	struct config *config =
		configure("[hypervisor.qemu]\nisolation = \"none\"\naccel = \"tcg\"\n"
			  "default_vcpus = 3\nkernel_params = \"a=b\"\n"
			  "seccompsandbox = \"on\"\nenable_iothreads = true\n");
	const struct vm_disk disk = { .source = "/dev/a,b",
				      .serial = "kbm-root",
				      .read_only = true };
	const struct vm_share share = { .path = "/run/s", .tag = "kataShared" };
	const struct vm_nic nic = { .tap = 1, .mac = { 2, 0, 0, 0, 0, 0xfe }, .mtu = 1450 };
	struct vm_options options = {
		.config = config, .id = "pod-1", .disks = &disk, .nr_disks = 1, .shares = &share,
		.nr_shares = 1, .nics = &nic, .nr_nics = 1,
	};
	struct problem problem = { "" };
	struct command command = { 0 };
	const char *note = NULL, *text;

	(void)state;
	assert_int_equal(machine_command(machine_of(config), &options, &command, &note, &problem),
			 0);
	text = join(&command);
	expect_words(text, "qemu-system-x86_64 -name pod-1 -machine microvm,");
	expect_words(text, "-accel tcg -cpu max,-erms,-fsrm,level-func7=0 -smp 3 ");
	expect_words(text, "-m 512M -nodefaults -no-user-config -no-reboot ");
	expect_words(text, "-sandbox on ");
	expect_words(text, "console=ttyS0 reboot=t panic=-1 no_timer_check quiet a=b ");
	expect_words(text, "-chardev socket,id=agent,fd=4 -device "
			   "virtserialport,chardev=agent,name=kbm.agent");
	expect_words(text, "aio=threads,cache.direct=off,cache.no-flush=off,file=/dev/a,,b ");
	expect_words(text, "virtio-blk-device,drive=disk-0,serial=kbm-root,iothread=disks ");
	expect_words(text,
		     "path=/run/s -device virtio-9p-device,fsdev=share-0,mount_tag=kataShared");
	expect_words(text, "tap,id=net-0,fd=8 ");
	expect_words(text, "mac=02:00:00:00:00:fe,host_mtu=1450");
	expect_words(note, "emulated");
	command_done(&command);
	options.id = "a,b";
	assert_int_equal(machine_command(machine_of(config), &options, &command, &note, &problem),
			 -EINVAL);
	options.id = "a";
	options.nr_nics = 30;
	assert_int_equal(machine_command(machine_of(config), &options, &command, &note, &problem),
			 -E2BIG);
	expect_words(problem.text, "has room for 6");
	command_done(&command);
	config_free(config);
}

static void test_command_direct(void **state)
{
	struct config *config =
		configure("[hypervisor.qemu]\nproxy = \"unix:/run/p,q\"\nnode = 1\n"
			  "enable_debug = true\n[agent.kata]\nenable_debug = true\n");
	struct vm_options options = { .config = config, .id = "g" };
	struct problem problem = { "" };
	struct command command = { 0 };
	const char *note = "", *text;

	(void)state;
	assert_int_equal(machine_command(machine_of(config), &options, &command, &note, &problem),
			 0);
	assert_null(note);
	assert_string_equal(command.words[MACHINE_WORD], "kata-bm,isolation=walled,node=1,cpus=");
	text = join(&command);
	expect_words(text, "-accel kvm,proxy=unix:/run/p,,q ");
	expect_words(text, "console=kbm panic=-1 agent.log=debug ");
	expect_words(text, "virtio-serial-bm,max_ports=4 ");
	assert_null(strstr(text, " quiet"));
	command_done(&command);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_qmp),
		cmocka_unit_test(test_qmp_garbage),
		cmocka_unit_test(test_qmp_limits),
		cmocka_unit_test(test_qmp_close),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_placement),
		cmocka_unit_test(test_whole_cores),
		cmocka_unit_test(test_cores),
		cmocka_unit_test(test_cores_guessed),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_claim_is_inherited),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_process_ends_with_us),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_command_direct),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
