// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: a client that writes anything into a session's memory over kbm. Each
 * input is a session of a real twin in this process: whole messages, bits of rings
 * and events, doorbells, signals of KVM's side, and bytes anywhere in the link.
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
#include <unistd.h>

#include <asm/kbm_channel.h>
#include <asm/kbm_guest.h>

#include "transport_kbm.h"
#include "twin_private.h"

#define SESSION	(2u << 20)

enum kind { MESSAGE, EVENT, BITS, SIGNAL, POKE, TAKE, KINDS };

struct step {
	uint8_t kind;
	uint8_t number;
	uint8_t direction;
	uint8_t length;
	uint16_t offset;
} __attribute__((packed));

static struct {
	struct kbm_side *side;
	struct kbm_link *link;
	struct kbm_session_client *client;
	int bell;
	uint32_t sent;
} session;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void must(int ok)
{
	if (!ok)
		abort();
}

static int ring_nobody(int device, uint64_t word)
{
	(void)device;
	(void)word;
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct twin_setup setup = {
		.socket = -1, .kvm = -ENOENT, .lease = -ENOENT, .proc_fds = -1, .bytes = SESSION,
		.send = ring_nobody,
	};

	(void)argc;
	(void)argv;
	setup.channel = memfd_create("session", MFD_CLOEXEC);
	setup.bell = session.bell = eventfd(0, EFD_CLOEXEC);
	must(setup.channel >= 0 && setup.bell >= 0 && !ftruncate(setup.channel, SESSION));
	must(!twin_prepare(&setup));
	/* Each input has its own. */
	handles_free(twin.handles);
	session.side = (struct kbm_side *)twin.transport;
	session.link = session.side->link;
	session.client = (void *)(session.side->data - KBM_SESSION_DATA);
	return 0;
}

/* The twin would wait for a message that does not come. */
static bool has_message(void)
{
	return atomic_load(&session.link->to_twin.tail) != session.side->received;
}

/* Whether the session goes on. A ring would have a thread that outlives the input. */
static bool serve(const struct kbm_message *message)
{
	if (message->type == KBM_MESSAGE_ADD_RING)
		return true;
	if (link_put(&session.link->to_twin, &session.sent, message))
		return false;
	return !has_message() || !twin_serve_message();
}

static bool send_message(const uint8_t *payload, size_t bytes)
{
	struct kbm_message message = { 0 };

	memcpy(&message, payload, bytes < sizeof(message) ? bytes : sizeof(message));
	message.type %= _KBM_MESSAGE_MAX + 1;
	return serve(&message);
}

static bool send_event(const struct step *step)
{
	struct kbm_message message = {
		.type = step->direction & 4 ? KBM_MESSAGE_REMOVE_EVENT : KBM_MESSAGE_ADD_EVENT,
		.handle = step->number, .size = step->direction & 3,
	};

	return serve(&message);
}

static void set_bits(const struct step *step)
{
	_Atomic uint64_t *bits = step->direction & 1 ? session.link->twin_bits :
						       session.link->twin_events;

	link_set_bit(bits, step->number);
	ring_signal(session.bell);
	must(!kbm_side_wait(session.side));
}

/* As KVM does it for an ioeventfd. */
static void signal_event(const struct step *step)
{
	int fd = session.side->events.fds[step->number];

	if (fd >= 0)
		ring_signal(fd);
	ring_signal(session.bell);
	must(!kbm_side_wait(session.side));
}

/* Not the words of a doorbell: these are the driver's. */
static void poke(const struct step *step, const uint8_t *payload, size_t bytes)
{
	uint8_t *link = (uint8_t *)session.link;
	size_t offset = step->offset % sizeof(*session.link);
	size_t room = sizeof(*session.link) - offset;

	memcpy(link + offset, payload, bytes < room ? bytes : room);
}

static bool make_step(const struct step *step, const uint8_t *payload, size_t bytes)
{
	switch (step->kind % KINDS) {
	case MESSAGE:
		return send_message(payload, bytes);
	case EVENT:
		return send_event(step);
	case BITS:
		set_bits(step);
		return true;
	case SIGNAL:
		signal_event(step);
		return true;
	case POKE:
		poke(step, payload, bytes);
		return !has_message() || !twin_serve_message();
	default:
		atomic_store(&session.link->to_client.head,
			     atomic_load(&session.link->to_client.tail));
		return true;
	}
}

static void begin(void)
{
	memset(session.link, 0, KBM_LINK_SIZE);
	session.client->doorbell = KBM_DOORBELL_WORD(1, 32);
	session.side->sent = session.side->received = session.sent = 0;
	twin.handles = handles_new();
	must(twin.handles != NULL);
	twin.greeted = true;
	twin.features = KBM_WIRE_FEATURES;
}

/* What the process' end does: each has its descriptor, and nobody else. */
static void end(void)
{
	for (uint32_t i = 0; i < KBM_MAX_EVENTS; i++) {
		struct kbm_message message = { .handle = i };
		int fd = session.side->events.fds[i];

		twin.features = KBM_WIRE_FEATURES;
		must((twin_remove_event(&message) >= 0) == (fd >= 0));
		must(fd < 0 || fcntl(fd, F_GETFD) < 0);
	}
	must(handles_count(twin.handles) == 0);
	handles_free(twin.handles);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step step;
	bool lives = true;
	size_t bytes;

	begin();
	while (lives && size >= sizeof(step)) {
		memcpy(&step, data, sizeof(step));
		data += sizeof(step);
		size -= sizeof(step);
		bytes = step.length < size ? step.length : size;
		lives = make_step(&step, data, bytes);
		data += bytes;
		size -= bytes;
	}
	end();
	return 0;
}
