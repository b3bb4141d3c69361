// SPDX-License-Identifier: GPL-2.0-or-later
/* The control BM's check of a channel: it takes a good one, and finds each fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "channel_check.h"

#define MIB		(1ULL << 20)
#define BYTES		(64 * MIB)

static struct kbm_geometry good(void)
{
	return (struct kbm_geometry){
		.magic = KBM_CHANNEL_MAGIC,
		.version = KBM_CHANNEL_VERSION,
		.bytes = BYTES,
		.nr_sessions = 31,
		.session_bytes = 2 * MIB,
		.first_session = 2 * MIB,
	};
}

#define CHECK(field, value, assertion) do {		\
	struct kbm_geometry geometry = good();		\
	geometry.field = (value);			\
	assertion(kbm_geometry_check(&geometry, BYTES));	\
} while (0)

#define BAD(field, value)	CHECK(field, value, assert_non_null)
#define FINE(field, value)	CHECK(field, value, assert_null)

static void test_good(void **state)
{
	struct kbm_geometry geometry = good();

	(void)state;
	assert_null(kbm_geometry_check(&geometry, BYTES));
	/* Not what the info page says. */
	assert_non_null(kbm_geometry_check(&geometry, BYTES + 4096));
}

static void test_header(void **state)
{
	(void)state;
	BAD(magic, 0);
	BAD(magic, KBM_CHANNEL_MAGIC + 1);
	BAD(version, 0);
	BAD(version, KBM_CHANNEL_VERSION + 1);
	BAD(bytes, 0);
	BAD(bytes, UINT64_MAX);
}

static void test_sessions(void **state)
{
	(void)state;
	FINE(nr_sessions, 1);
	BAD(nr_sessions, 0);
	BAD(nr_sessions, 32);
	BAD(nr_sessions, UINT32_MAX);
	FINE(session_bytes, KBM_SESSION_DATA + 4096);
	BAD(session_bytes, KBM_SESSION_DATA);
	BAD(session_bytes, 0);
	BAD(session_bytes, 2 * MIB + 4096);
	BAD(session_bytes, 2 * MIB - 1);
	BAD(session_bytes, UINT64_MAX - 4095);
	BAD(first_session, 0);
	BAD(first_session, 4096);
	BAD(first_session, 2 * MIB + 1);
	BAD(first_session, 2 * MIB + 4096);
	BAD(first_session, BYTES);
	BAD(first_session, UINT64_MAX - 4095);
	FINE(first_session, 1 * MIB);
	BAD(first_session, 1 * MIB + 8);
}

/* They would fit, but not into the tables of struct kbm_channel. */
static void test_many_sessions(void **state)
{
	struct kbm_geometry geometry = good();

	(void)state;
	geometry.session_bytes = KBM_SESSION_DATA + 4096;
	geometry.nr_sessions = KBM_CHANNEL_SESSIONS;
	assert_null(kbm_geometry_check(&geometry, BYTES));
	geometry.nr_sessions++;
	assert_non_null(kbm_geometry_check(&geometry, BYTES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_many_sessions),
	};

	return cmocka_run_group_tests_name("channel_check", tests, NULL, NULL);
}
