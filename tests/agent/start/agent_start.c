// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a container that does nothing takes in a guest of its own, without shim and
 * containerd: to compare with, in tests/e2e/measure.
 *
 *     agent-start ROUNDS VCPUS MIB
 *
 * Prints JSON: milliseconds of each round, by phase.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "agent.pb-c.h"
#include "guest.h"
#include "process.h"

#define MAX_ROUNDS	1000u
#define END_SECONDS	30.

enum phase { BOOT, CONTAINER, END, PHASES };

static const char *const phase_names[PHASES] = { "boot", "container", "end" };
static double times[PHASES][MAX_ROUNDS];
static char directory[] = "/tmp/agent-start-XXXXXX";

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void call(struct guest *guest, const char *method, const void *request)
{
	enum ttrpc_code code;
	ProtobufCMessage *response = guest_call(guest, method, request, &code);

	if (!response)
		errx(EXIT_FAILURE, "%s: code %d, %s", method, code, guest_error);
	protobuf_c_message_free_unpacked(response, NULL);
}

/* The share has the container's root. */
static void boot(struct guest *guest)
{
	Grpc__CreateSandboxRequest request = GRPC__CREATE_SANDBOX_REQUEST__INIT;
	Grpc__Storage share = GRPC__STORAGE__INIT;
	Grpc__Storage *storages[] = { &share };

	if (!guest_boot(guest, NULL))
		errx(EXIT_FAILURE, "no guest");
	share.driver = share.fstype = (char *)"9p";
	share.source = (char *)"share";
	share.mount_point = (char *)"/run/share";
	request.sandbox_id = (char *)"start";
	request.storages = storages;
	request.n_storages = 1;
	call(guest, "CreateSandbox", &request);
}

static void run_container(struct guest *guest)
{
	struct process process;

	if (container_run(&process, guest, "one", "true", NULL))
		errx(EXIT_FAILURE, "the container did not run: %s", guest_error);
	process_free(&process);
}

static void end(struct guest *guest)
{
	Grpc__DestroySandboxRequest request = GRPC__DESTROY_SANDBOX_REQUEST__INIT;
	int status;

	call(guest, "DestroySandbox", &request);
	status = guest_end(guest, END_SECONDS);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		errx(EXIT_FAILURE, "QEMU ended with %d", status);
}

static void measure(const struct guest *size, unsigned int round)
{
	static void (*const steps[PHASES])(struct guest *) = { boot, run_container, end };
	struct guest guest = *size;
	double begin = now_ms();

	for (unsigned int phase = 0; phase < PHASES; phase++) {
		steps[phase](&guest);
		times[phase][round] = now_ms() - begin;
		begin += times[phase][round];
	}
}

static void print_times(unsigned int rounds)
{
	for (unsigned int phase = 0; phase < PHASES; phase++) {
		printf("%s\"%s\": [", phase ? ", " : "{", phase_names[phase]);
		for (unsigned int i = 0; i < rounds; i++)
			printf("%s%.1f", i ? ", " : "", times[phase][i]);
		fputs("]", stdout);
	}
	puts("}");
}

static void make_root(void)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "cd %s && mkdir -p rootfs/bin rootfs/proc rootfs/dev rootfs/sys rootfs/tmp && "
		 "cp /bin/busybox rootfs/bin && ln -s busybox rootfs/bin/sh",
		 directory);
	if (system(command))
		errx(EXIT_FAILURE, "%s: cannot make a root there", directory);
}

/* At the program's end, whatever ends it. */
static void remove_root(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (system(command))
		warnx("%s is left", directory);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc == 4 ? (unsigned int)atoi(argv[1]) : 0;
	struct guest size = { .loop = NULL };

	if (rounds < 1 || rounds > MAX_ROUNDS || atoi(argv[2]) < 1 || atoi(argv[3]) < 1)
		errx(EXIT_FAILURE, "usage: agent-start ROUNDS VCPUS MIB");
	size.vcpus = (unsigned int)atoi(argv[2]);
	size.mebibytes = (unsigned int)atoi(argv[3]);
	signal(SIGPIPE, SIG_IGN);
	if (!guest_is_possible() || !mkdtemp(directory))
		errx(EXIT_FAILURE, "no guest can be started");
	atexit(remove_root);
	strcpy(size.directory, directory);
	snprintf(size.console, sizeof(size.console), "%s/console", directory);
	make_root();
	for (unsigned int round = 0; round < rounds; round++)
		measure(&size, round);
	print_times(rounds);
	return EXIT_SUCCESS;
}
