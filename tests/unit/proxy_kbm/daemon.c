// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon: a new one, the end of a lease, the end of the control BM. */
#include "session.h"

static void a_new_daemon_goes_on(void **state)
{
	uint32_t kvm = open_kvm();
	struct channel *before = session_new_daemon();

	(void)state;
	assert_int_equal(channel_start(test.channel), channel_start(before));
	channel_poll(test.channel);
	assert_int_equal(test.shared->host[0].state, KBM_SESSION_SERVED);
	assert_int_equal(client_ioctl(test.client, kvm, KVM_GET_API_VERSION, 0), 12);
	channel_free(before);
	/* Its end, at teardown, is seen by the new one. */
}

/* What is looked at is in end_session(). */
static void a_lease_that_lasts_is_told(void **state)
{
	(void)state;
	test.end_error = -EIO;
}

static void a_busy_lease_is_tried_again(void **state)
{
	(void)state;
	test.end_busy = 3;
}

static void a_lease_is_ended_only_once(void **state)
{
	(void)state;
	test.end_error = -ENODEV;
}

static void a_new_daemon_ends_the_lease_too(void **state)
{
	(void)state;
	test.restart = true;
}

static void a_dead_control_bm_is_rung_no_more(void **state)
{
	uint64_t words[2] = { 1, 1 };

	(void)state;
	open_kvm();
	assert_int_equal(pwrite(test.lease_file, words, sizeof(words), 4096), sizeof(words));
	session_client_page()->words[0] = 4096;
	session_client_page()->words[1] = 4097;
	session_client_page()->nr_words = 1000;
	test.shared->client_doorbell = session_client_page()->doorbell;
	channel_control_bm_ended(test.channel);
	assert_int_equal(pread(test.lease_file, words, sizeof(words), 4096), sizeof(words));
	assert_int_equal(words[0], 0);
	assert_int_equal(words[1], 1);
	assert_int_equal(session_client_page()->doorbell, 0);
	assert_int_equal(test.shared->client_doorbell, 0);
	assert_int_equal(test.shared->host[0].state, KBM_SESSION_SERVED);
	session_client_page()->doorbell = KBM_DOORBELL_WORD((uint32_t)test.client_bell, 32);
}

int test_daemon(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_new_daemon_goes_on),
		TEST(a_lease_that_lasts_is_told),
		TEST(a_busy_lease_is_tried_again),
		TEST(a_lease_is_ended_only_once),
		TEST(a_new_daemon_ends_the_lease_too),
		TEST(a_dead_control_bm_is_rung_no_more),
	};

	return cmocka_run_group_tests_name("daemon", tests, NULL, NULL);
}
