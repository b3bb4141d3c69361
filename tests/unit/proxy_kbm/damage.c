// SPDX-License-Identifier: GPL-2.0-or-later
/* A client that writes what it must not into the session. */
#include "session.h"

#include "events.h"

static struct kbm_link *session_link(void)
{
	return (void *)(session_memory() + KBM_SESSION_DATA);
}

static void twin_must_end(void)
{
	session_ring(-1, session_host_page()->doorbell);
	session_twin_ended();
}

static void a_damaged_queue_ends_the_session(void **state)
{
	(void)state;
	atomic_store(&session_link()->to_twin.tail, 1000);
	twin_must_end();
}

static void a_damaged_head_ends_the_session(void **state)
{
	struct kbm_message hello = { .type = KBM_MESSAGE_HELLO };

	(void)state;
	atomic_store(&session_link()->to_client.head, 77777);
	session_link()->to_twin.messages[1 % KBM_LINK_MESSAGES] = hello;
	atomic_fetch_add(&session_link()->to_twin.tail, 1);
	twin_must_end();
}

static void odd_bits_wake_nobody(void **state)
{
	uint32_t kvm = open_kvm();

	(void)state;
	for (unsigned int i = 0; i < KBM_LINK_BITS; i++) {
		atomic_store(&session_link()->twin_bits[i], ~0ULL);
		atomic_store(&session_link()->client_bits[i], ~0ULL);
	}
	for (unsigned int i = 0; i < KBM_LINK_EVENT_BITS; i++) {
		atomic_store(&session_link()->twin_events[i], ~0ULL);
		atomic_store(&session_link()->client_events[i], ~0ULL);
	}
	session_ring(-1, session_host_page()->doorbell);
	session_ring(-1, session_client_page()->doorbell);
	usleep(20000);
	assert_int_equal(client_ioctl(test.client, kvm, KVM_GET_API_VERSION, 0), 12);
}

static bool is_event(const struct kbm_message *message)
{
	return message->type == KBM_MESSAGE_ADD_EVENT && message->size &&
	       message->size <= KBM_EVENT_TO_CLIENT && message->handle < KBM_MAX_EVENTS;
}

/* Each field of a message that names memory, at the edges. */
static void damaged_messages_get_answers(void **state)
{
	static const uint64_t values[] = { 0, 1, 4095, 4096, 8192, SESSION_BYTES - 8192,
					   SESSION_BYTES, 1ULL << 32, 1ULL << 63, UINT64_MAX,
					   UINT64_MAX - 4095 };

	(void)state;
	for (uint32_t type = 0; type < _KBM_MESSAGE_MAX + 2; type++) {
		for (unsigned int i = 0; i < 11 * 11; i++) {
			struct kbm_message message = {
				.type = type, .size = values[i / 11], .offset = values[i % 11],
				.handle = (uint32_t)values[i % 11],
			};

			if (type == KBM_MESSAGE_CANCEL || type == KBM_MESSAGE_ADD_RING ||
			    is_event(&message))
				continue;
			assert_true(client_ask(test.client, &message, NULL, 0, NULL) < 0);
		}
	}
	assert_true(client_open_kvm(test.client) != -EIO);
}

/* Rings anywhere, also over each other's memory. */
static void rings_on_odd_places(void **state)
{
	struct kbm_message last = {
		.type = KBM_MESSAGE_ADD_RING, .size = KBM_RING_ARENA + KBM_ARENA_MIN,
		.offset = SESSION_BYTES - KBM_SESSION_DATA - KBM_RING_ARENA,
	};

	(void)state;
	assert_int_equal(client_ask(test.client, &last, NULL, 0, NULL), -EINVAL);
	for (uint64_t offset = 0; offset < 2 * SESSION_BYTES; offset += 4096 * 37) {
		struct kbm_message message = {
			.type = KBM_MESSAGE_ADD_RING, .size = KBM_RING_ARENA + KBM_ARENA_MIN,
			.offset = offset,
		};
		int r = client_ask(test.client, &message, NULL, 0, NULL);

		bool inside = offset >= KBM_LINK_SIZE &&
			      offset + message.size <= SESSION_BYTES - KBM_SESSION_DATA;

		assert_true(inside ? r >= 0 : r == -EINVAL);
	}
}

int test_damage(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_damaged_queue_ends_the_session),
		TEST(a_damaged_head_ends_the_session),
		TEST(odd_bits_wake_nobody),
		TEST(damaged_messages_get_answers),
		TEST(rings_on_odd_places),
	};

	return cmocka_run_group_tests_name("damage", tests, NULL, NULL);
}
