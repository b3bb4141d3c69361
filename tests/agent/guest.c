// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "guest.h"
#include "stream/port.h"

#define KERNEL "build/guest-kernel/bzImage"
#define IMAGE "build/images/kata-bm-initrd.img"
#define QEMU "/usr/bin/qemu-system-x86_64"

char guest_error[1024];
#define CALL_SECONDS 60.

static double call_seconds = CALL_SECONDS;

static void run_qemu(const struct guest *guest, const char *accel, const char *cpu,
		     const char *disk, int agent, int streams)
{
	char agent_chardev[64], stream_chardev[64], share[128], drive[256], serial[128];
	char vcpus[16], mebibytes[16];
	const char *arguments[64] = {
		QEMU,
		"-M",
		"microvm,acpi=off,rtc=off",
		"-accel",
		accel,
		"-cpu",
		cpu,
		"-smp",
		vcpus,
		"-m",
		mebibytes,
		"-nodefaults",
		"-no-user-config",
		"-no-reboot",
		"-display",
		"none",
		"-global",
		"virtio-mmio.force-legacy=false",
		"-kernel",
		KERNEL,
		"-initrd",
		IMAGE,
		"-append",
		"console=ttyS0 reboot=t panic=-1 no_timer_check quiet",
		"-serial",
		serial,
		"-chardev",
		agent_chardev,
		"-chardev",
		stream_chardev,
		"-device",
		"virtio-serial-device",
		"-device",
		"virtserialport,chardev=agent,name=kbm.agent",
		"-device",
		"virtserialport,chardev=streams,name=kbm.streams",
		"-fsdev",
		share,
		"-device",
		"virtio-9p-device,fsdev=share,mount_tag=share",
		"-netdev",
		"user,id=net,restrict=on",
		"-device",
		"virtio-net-device,netdev=net,mac=52:54:00:12:34:56",
		"-device",
		"virtio-rng-device",
	};
	int used = 0;

	while (arguments[used])
		used++;
	snprintf(vcpus, sizeof(vcpus), "%u", guest->vcpus);
	snprintf(mebibytes, sizeof(mebibytes), "%u", guest->mebibytes);
	snprintf(agent_chardev, sizeof(agent_chardev), "socket,id=agent,fd=%d", agent);
	snprintf(stream_chardev, sizeof(stream_chardev), "socket,id=streams,fd=%d", streams);
	snprintf(share, sizeof(share), "local,id=share,path=%s,security_model=none",
		 guest->directory);
	snprintf(serial, sizeof(serial), "file:%s", guest->console);
	if (disk) {
		snprintf(drive, sizeof(drive), "if=none,id=disk,format=raw,file=%s", disk);
		arguments[used++] = "-drive";
		arguments[used++] = drive;
		arguments[used++] = "-device";
		arguments[used++] = "virtio-blk-device,drive=disk,serial=disk0";
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(QEMU, (char *const *)arguments);
	_exit(127);
}

static void on_closed(int error, void *context)
{
	struct guest *guest = context;

	(void)error;
	guest->has_hung_up = true;
	ev_break(guest->loop, EVBREAK_ALL);
}

static void on_failed(void *context, int error)
{
	on_closed(-error, context);
}

static bool start(struct guest *guest, const char *accel, const char *cpu, const char *disk)
{
	int agent[2], streams[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, agent) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, streams) < 0)
		return false;
	guest->pid = fork();
	if (!guest->pid) {
		close(agent[0]);
		close(streams[0]);
		run_qemu(guest, accel, cpu, disk, agent[1], streams[1]);
	}
	close(agent[1]);
	close(streams[1]);
	guest->has_hung_up = false;
	if (ttrpc_client_new(guest->loop, agent[0], &guest->client) < 0 ||
	    stream_port_new(guest->loop, streams[0], on_failed, guest, &guest->port) < 0)
		return false;
	ttrpc_client_on_closed(guest->client, on_closed, guest);
	guest->mux = stream_port_mux(guest->port);
	return true;
}

static void stop(struct guest *guest)
{
	kill(guest->pid, SIGKILL);
	waitpid(guest->pid, NULL, 0);
	ttrpc_client_free(guest->client);
	stream_port_free(guest->port);
	guest->client = NULL;
	guest->port = NULL;
}

/* A KVM that can be opened may still not run the guest: do not wait long. */
#define BOOT_SECONDS_KVM 10.
#define BOOT_SECONDS_TCG 60.

static bool answers(struct guest *guest, double seconds)
{
	Grpc__GuestDetailsRequest request = GRPC__GUEST_DETAILS_REQUEST__INIT;
	ProtobufCMessage *response;
	enum ttrpc_code code;

	call_seconds = seconds;
	response = guest_call(guest, "GetGuestDetails", &request, &code);
	call_seconds = CALL_SECONDS;
	if (!response)
		return false;
	protobuf_c_message_free_unpacked(response, NULL);
	return true;
}

bool guest_is_possible(void)
{
	static const char *const needed[] = { KERNEL, IMAGE, QEMU, "/bin/busybox", "/sbin/mke2fs" };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (access(needed[i], R_OK) == 0)
			continue;
		fprintf(stderr, "no %s here\n", needed[i]);
		return false;
	}
	return true;
}

bool guest_boot(struct guest *guest, const char *disk)
{
	/*
	 * KVM in a VM may not take its own ARCH_CAPABILITIES; for TCG see
	 * shim/vm/machine_microvm.c.
	 */
	static const char *const ways[][2] = { { "kvm", "host" },
					       { "kvm", "host,-arch-capabilities" },
					       { "tcg", "max,-erms,-fsrm" } };
	const char *wanted = getenv("AGENT_TEST_ACCEL");

	guest->loop = ev_loop_new(EVFLAG_AUTO);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (wanted && strcmp(ways[i][0], wanted))
			continue;
		if (start(guest, ways[i][0], ways[i][1], disk) &&
		    answers(guest, i < 2 ? BOOT_SECONDS_KVM : BOOT_SECONDS_TCG)) {
			fprintf(stderr, "guest by %s\n", ways[i][0]);
			return true;
		}
		stop(guest);
	}
	fprintf(stderr, "no guest would boot: %s; see %s\n", guest_error, guest->console);
	return false;
}

void guest_limit_calls(double seconds)
{
	call_seconds = seconds > 0. ? seconds : CALL_SECONDS;
}

static void on_limit(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	*(bool *)timer->data = true;
	ev_break(loop, EVBREAK_ALL);
}

bool guest_run(struct guest *guest, const bool *flag, double seconds)
{
	bool is_over = false;
	ev_timer limit;

	ev_timer_init(&limit, on_limit, seconds, 0.);
	limit.data = &is_over;
	ev_now_update(guest->loop);
	ev_timer_start(guest->loop, &limit);
	while (!*flag && !is_over && !guest->has_hung_up)
		ev_run(guest->loop, EVRUN_ONCE);
	ev_timer_stop(guest->loop, &limit);
	return *flag;
}

struct answer {
	bool is_there;
	enum ttrpc_code code;
	ProtobufCMessage *response;
};

static void on_done(struct ttrpc_result *result, void *context)
{
	struct answer *answer = context;

	answer->is_there = true;
	answer->code = result->code;
	answer->response = result->response;
	result->response = NULL;
	snprintf(guest_error, sizeof(guest_error), "%s", result->message);
}

ProtobufCMessage *guest_call(struct guest *guest, const char *method, const void *request,
			     enum ttrpc_code *ret_code)
{
	struct answer answer = { .code = TTRPC_UNAVAILABLE };
	const ProtobufCServiceDescriptor *service = &grpc__agent_service__descriptor;

	if (!strcmp(method, "Check") || !strcmp(method, "Version"))
		service = &grpc__health__descriptor;
	if (ttrpc_client_call(guest->client, service, NULL, method, request, call_seconds, NULL,
			      on_done, &answer, NULL) < 0) {
		snprintf(guest_error, sizeof(guest_error), "%s was not sent", method);
		*ret_code = answer.code;
		return NULL;
	}
	/* Not guest_run(): the answer of a guest that has hung up comes, too. */
	while (!answer.is_there)
		ev_run(guest->loop, EVRUN_ONCE);
	*ret_code = answer.code;
	return answer.response;
}

int guest_end(struct guest *guest, double seconds)
{
	int status = -1;

	for (int waited = 0; waited < seconds * 1000; waited += 10) {
		if (waitpid(guest->pid, &status, WNOHANG) == guest->pid)
			guest->pid = 0;
		if (!guest->pid)
			break;
		usleep(10000);
	}
	if (guest->pid) {
		kill(guest->pid, SIGKILL);
		waitpid(guest->pid, &status, 0);
	}
	ttrpc_client_free(guest->client);
	stream_port_free(guest->port);
	ev_loop_destroy(guest->loop);
	return status;
}
