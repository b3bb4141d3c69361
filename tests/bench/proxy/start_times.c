// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long a guest takes to start: by the VMM's own KVM calls, or over the proxy.
 *
 *     kbm-start-times [--prompt] ROUNDS WHERE VMM [ARGUMENT...]
 *
 * Starts it ROUNDS times each way, in turn, with -accel kvm[,proxy=WHERE] and QMP
 * and the first serial line as pipes. Prints JSON: nanoseconds from the VMM's
 * start to the answer of QMP, and (not with --prompt) to the guest's first line.
 * As first process of a guest it writes that line.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROUNDS	100u
#define MAX_ARGUMENTS	100
/* An emulated machine's time flies while it waits for its disk. */
#define TIME_LIMIT_MS	600000
/* The host makes a new spare twin after a session's start. */
#define PAUSE_MS	300
#define LINE		"guest is up"

enum { LOCAL, PROXIED, WAYS };

static const char *const way_names[WAYS] = { "local", "proxied" };

struct times {
	uint64_t prompt[MAX_ROUNDS];
	uint64_t line[MAX_ROUNDS];
};

static struct times times[WAYS];
static bool only_prompt;

/* A VMM that runs, and our ends of its pipes. */
struct vmm {
	pid_t pid;
	int to_qmp;
	int from_qmp;
	int console;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static _Noreturn void be_guest(void)
{
	puts(LINE);
	fflush(stdout);
	/* The VMM is told to end then. */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static _Noreturn void execute(const char *where, int console, char **command)
{
	char *arguments[MAX_ARGUMENTS + 12], accel[256], serial[32];
	unsigned int nr = 0;

	snprintf(accel, sizeof(accel), where ? "kvm,proxy=%s" : "kvm", where);
	snprintf(serial, sizeof(serial), "file:/dev/fd/%d", console);
	while (command[nr]) {
		arguments[nr] = command[nr];
		nr++;
	}
	arguments[nr++] = (char *)"-accel";
	arguments[nr++] = accel;
	arguments[nr++] = (char *)"-qmp";
	arguments[nr++] = (char *)"stdio";
	arguments[nr++] = (char *)"-serial";
	arguments[nr++] = serial;
	arguments[nr] = NULL;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(arguments[0], arguments);
	err(EXIT_FAILURE, "%s", arguments[0]);
}

static struct vmm start_vmm(const char *where, char **command)
{
	int to[2], from[2], console[2];
	struct vmm vmm;

	if (pipe(to) || pipe(from) || pipe(console))
		err(EXIT_FAILURE, "pipes");
	vmm.pid = fork();
	if (vmm.pid < 0)
		err(EXIT_FAILURE, "fork");
	if (!vmm.pid) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		close(to[1]);
		close(from[0]);
		close(console[0]);
		execute(where, console[1], command);
	}
	close(to[0]);
	close(from[1]);
	close(console[1]);
	vmm.to_qmp = to[1];
	vmm.from_qmp = from[0];
	vmm.console = console[0];
	return vmm;
}

/* Reads until @words have come. */
static void await(int fd, const char *words, const char *what)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	char text[65536];
	size_t got = 0;
	ssize_t n;

	do {
		if (poll(&poller, 1, TIME_LIMIT_MS) <= 0)
			errx(EXIT_FAILURE, "%s: nothing in %d ms; got: %.*s", what, TIME_LIMIT_MS,
			     (int)got, text);
		n = read(fd, text + got, sizeof(text) - 1 - got);
		if (n <= 0)
			errx(EXIT_FAILURE, "%s: the VMM has ended; got: %.*s", what, (int)got, text);
		got += (size_t)n;
		text[got] = 0;
	} while (!strstr(text, words));
}

static void tell(const struct vmm *vmm, const char *command)
{
	if (write(vmm->to_qmp, command, strlen(command)) < 0)
		err(EXIT_FAILURE, "QMP");
}

static void end_vmm(const struct vmm *vmm)
{
	if (only_prompt)
		kill(vmm->pid, SIGKILL);
	close(vmm->to_qmp);
	if (waitpid(vmm->pid, NULL, 0) < 0)
		err(EXIT_FAILURE, "wait");
	close(vmm->from_qmp);
	close(vmm->console);
}

static void measure(const char *where, char **command, uint64_t *ret_prompt, uint64_t *ret_line)
{
	uint64_t begin = now_ns();
	struct vmm vmm = start_vmm(where, command);

	tell(&vmm, "{\"execute\": \"qmp_capabilities\"}\n");
	await(vmm.from_qmp, "\"return\"", "QMP");
	*ret_prompt = now_ns() - begin;
	if (!only_prompt) {
		await(vmm.console, LINE, "the guest's console");
		*ret_line = now_ns() - begin;
	}
	end_vmm(&vmm);
}

static void print_numbers(const char *name, const uint64_t *numbers, unsigned int rounds)
{
	printf("  \"%s\": [", name);
	for (unsigned int i = 0; i < rounds; i++)
		printf("%s%llu", i ? ", " : "", (unsigned long long)numbers[i]);
	fputs("]", stdout);
}

static void print_times(unsigned int rounds)
{
	puts("{");
	for (unsigned int way = 0; way < WAYS; way++) {
		printf(" \"%s\": {\n", way_names[way]);
		print_numbers("prompt_ns", times[way].prompt, rounds);
		if (!only_prompt) {
			puts(",");
			print_numbers("line_ns", times[way].line, rounds);
		}
		puts(way == WAYS - 1 ? "\n }" : "\n },");
	}
	puts("}");
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	unsigned int rounds;

	if (getpid() == 1)
		be_guest();
	only_prompt = argc > 1 && !strcmp(argv[1], "--prompt");
	argc -= only_prompt;
	argv += only_prompt;
	rounds = argc > 3 ? (unsigned int)atoi(argv[1]) : 0;
	if (rounds < 1 || rounds > MAX_ROUNDS || argc > MAX_ARGUMENTS)
		errx(EXIT_FAILURE, "usage: kbm-start-times [--prompt] ROUNDS WHERE VMM [ARGUMENT...]");
	signal(SIGPIPE, SIG_IGN);
	/* The first of each way reads files, and is not counted. */
	for (unsigned int i = 0; i < WAYS * (rounds + 1); i++) {
		unsigned int way = i % WAYS, round = i < WAYS ? 0 : i / WAYS - 1;

		measure(way == PROXIED ? argv[2] : NULL, argv + 3, &times[way].prompt[round],
			&times[way].line[round]);
		nanosleep(&pause, NULL);
	}
	print_times(rounds);
	return EXIT_SUCCESS;
}
