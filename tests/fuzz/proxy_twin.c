// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: a client that says and calls anything. Each input is a session of
 * a real twin in this process: messages over a socket, and calls with payload.
 *
 * The kernel behind it is an unkind one, kernel.c: it gives descriptors, and
 * random answers. With KBM_FUZZ_KVM=/dev/kvm it is the real one (but KVM_RUN,
 * which might not return, ends with EINTR); that can harm a machine whose KVM
 * has errors.
 *
 * A step of the input is struct step, then its payload.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "codec.h"
#include "kernel.h"
#include "message.h"
#include "status_page.h"
#include "twin_private.h"

#define MAX_HANDLES	64
#define ARENA		65536u
#define MEMORY		65536u
/* Kinds of steps: every fourth is a message. */
#define IS_MESSAGE	3u

#define EXACT_LENGTH	(1u << 0)	/* that of the row, as a client has it */
#define RAW_REQUEST	(1u << 1)	/* @value: request, then offset */
#define RAW_HANDLE	(1u << 2)
#define KNOWN_EVENTFD	(1u << 3)	/* a good handle in each such field */
#define NO_FDS		(1u << 4)

struct step {
	uint8_t kind;
	uint8_t flags;
	uint8_t handle;
	uint8_t row;
	uint8_t op;
	uint8_t memory;
	uint16_t length;
	uint64_t value;
} __attribute__((packed));

static struct {
	int client;
	struct twin_ring ring;
	uint32_t handles[MAX_HANDLES];
	unsigned int nr;
	uint32_t eventfd;
	uint32_t memory;
} session;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void must(int ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct twin_setup setup = { .lease = -ENOENT, .proc_fds = -1, .channel = -1, .bell = -1 };
	int pair[2];
	void *shared;

	(void)argc;
	(void)argv;
	must(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	session.client = pair[0];
	setup.socket = pair[1];
	setup.kvm = kernel_open();
	must(!twin_prepare(&setup));
	/* Each input has its own. */
	handles_free(twin.handles);
	shared = mmap(NULL, KBM_RING_ARENA + ARENA, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED);
	must(!ring_init(&session.ring.ring, shared, KBM_RING_ARENA + ARENA));
	session.ring.ring.transport = twin.transport;
	session.ring.buffer = calloc(1, TWIN_BUFFER_SIZE);
	must(session.ring.buffer != NULL);
	pthread_mutex_init(&session.ring.lock, NULL);
	return 0;
}

static void note_handle(int64_t handle)
{
	if (handle > 0 && handle <= UINT32_MAX && session.nr < MAX_HANDLES)
		session.handles[session.nr++] = (uint32_t)handle;
}

static uint32_t choose_handle(const struct step *step, uint8_t which)
{
	if (step->flags & RAW_HANDLE || !session.nr)
		return which * 0x01010101u;
	return session.handles[which % session.nr];
}

static int make_memfd(void)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	must(fd >= 0 && !ftruncate(fd, MEMORY) && !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	return fd;
}

/* What a client would send with it. */
static unsigned int make_fds(const struct step *step, int *fds)
{
	if (step->flags & NO_FDS)
		return 0;
	fds[0] = step->op == KBM_MESSAGE_ADD_EVENTFD ? eventfd(0, EFD_CLOEXEC) : make_memfd();
	return 1;
}

static void remember(const struct kbm_message *message)
{
	if (message->result <= 0)
		return;
	note_handle(message->result);
	if (message->type == KBM_MESSAGE_ADD_EVENTFD)
		session.eventfd = (uint32_t)message->result;
	if (message->type == KBM_MESSAGE_ADD_MEMORY)
		session.memory = (uint32_t)message->result;
}

static void take_answer(void)
{
	struct kbm_message message;
	int fds[KBM_MAX_FDS];

	must(!message_receive(session.client, &message, fds));
	remember(&message);
	for (unsigned int i = 0; i < KBM_MAX_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

/* A ring would have a thread that outlives the input: tests/unit/proxy_twin. */
static void send_message(const struct step *step, const uint8_t *payload, size_t bytes)
{
	struct kbm_message message = { 0 };
	int fds[KBM_MAX_FDS] = { -1, -1, -1 };
	unsigned int nr;

	memcpy(&message, payload, bytes < sizeof(message) ? bytes : sizeof(message));
	if (step->flags & EXACT_LENGTH) {
		message = (struct kbm_message){ .magic = KBM_WIRE_MAGIC,
						.version = KBM_WIRE_VERSION, .size = step->value };
		message.handle = choose_handle(step, step->handle);
	}
	message.type = step->op % (_KBM_MESSAGE_MAX + 1);
	if (message.type == KBM_MESSAGE_ADD_RING)
		return;
	nr = make_fds(step, fds);
	must(!message_send(session.client, &message, fds, nr));
	if (nr)
		close(fds[0]);
	must(!twin_serve_message());
	if (message.type != KBM_MESSAGE_CANCEL)
		take_answer();
}

static void put_eventfds(const struct ioctl_row *row, uint8_t *payload, size_t bytes)
{
	for (unsigned int i = 0; i < ROW_FIELDS; i++) {
		const struct ioctl_field *field = &row->fields[i];

		if (field->kind == FIELD_EVENTFD && field->offset + 4u <= bytes)
			codec_set_u32(payload, field->offset, session.eventfd);
	}
}

/* The length that goes with the payload's own counts. */
static uint32_t exact_length(const struct ioctl_row *row, const uint8_t *payload, size_t bytes)
{
	struct slots none = { 0 };
	struct codec_plan plan;

	if (!row->size || bytes < row->size || codec_plan(row, &none, payload, &plan))
		return row->size;
	return plan.total;
}

static void make_call(const struct step *step, const uint8_t *payload, size_t bytes)
{
	bool raw = step->flags & RAW_REQUEST;
	const struct ioctl_row *row = raw ? ioctl_row((uint32_t)step->value) :
					    ioctl_row_at(step->row);
	uint8_t *arena = ring_arena(&session.ring.ring);
	struct kbm_sqe sqe = {
		.op = step->op % (_KBM_OP_MAX + 1), .handle = choose_handle(step, step->handle),
		.value = step->value, .length = step->length, .sequence = 1,
		.memory = step->memory % 4 ? session.memory : choose_handle(step, step->memory),
	};
	int64_t r;

	sqe.request = row ? row->request : step->value;
	memcpy(arena, payload, bytes);
	if (row && step->flags & KNOWN_EVENTFD)
		put_eventfds(row, arena, bytes);
	if (row && step->flags & EXACT_LENGTH)
		sqe.length = exact_length(row, arena, bytes);
	if (raw)
		sqe.offset = (uint32_t)(step->value >> 32);
	r = twin_call(&session.ring, &sqe);
	if (sqe.op == KBM_OP_OPEN || (row && row->returns))
		note_handle(r);
}

static void start_session(void)
{
	twin.handles = handles_new();
	must(twin.handles != NULL);
	twin.greeted = true;
	session.ring.handles = twin.handles;
	session.nr = 0;
	session.eventfd = session.memory = 0;
	note_handle(twin_open(&session.ring, KBM_OPEN_KVM));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step step;
	size_t payload;

	kernel_seed(data, size);
	start_session();
	while (size >= sizeof(step)) {
		memcpy(&step, data, sizeof(step));
		data += sizeof(step);
		size -= sizeof(step);
		payload = step.length < size ? step.length : size;
		if (step.kind % 4 == IS_MESSAGE)
			send_message(&step, data, payload);
		else
			make_call(&step, data, payload);
		data += payload;
		size -= payload;
	}
	handles_free(twin.handles);
	/* Each session leaves as many descriptors as it found. */
	must(kernel_descriptors() == 0);
	return 0;
}
