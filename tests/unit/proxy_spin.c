// SPDX-License-Identifier: GPL-2.0-or-later
/* How long a waiter spins: what it converges to, by what the other side is like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spin.h"

#define ROUNDS	2000u
#define SWITCH	20000u		/* to wake the other, or to switch to it */

/* One wait for a side on another CPU that answers after @work. Cycles waited. */
static uint64_t wait_for_other_cpu(struct spin *spin, uint64_t work)
{
	if (work <= spin->budget) {
		spin_hit(spin);
		return work;
	}
	spin_missed(spin, work + SWITCH);
	return work + SWITCH;
}

/* ... on this CPU: it comes only when this side sleeps, and spins itself first. */
static uint64_t wait_for_this_cpu(struct spin *spin, struct spin *other, uint64_t work)
{
	uint64_t waited = spin->budget + SWITCH + work + other->budget;

	spin_missed(other, other->budget + SWITCH + spin->budget);
	spin_missed(spin, waited);
	return waited;
}

static void an_answer_in_time_is_waited_for(void **state)
{
	const uint64_t works[] = { 500, SPIN_MIN * 5, SPIN_MAX - SWITCH };
	struct spin spin;

	(void)state;
	for (unsigned int i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		/* Whatever was before. */
		spin_init(&spin);
		for (unsigned int j = 0; j < 20; j++)
			wait_for_other_cpu(&spin, 100 * SPIN_MAX);
		assert_int_equal(spin.budget, SPIN_MIN);
		wait_for_other_cpu(&spin, works[i]);
		for (unsigned int j = 0; j < ROUNDS; j++)
			assert_int_equal(wait_for_other_cpu(&spin, works[i]), works[i]);
	}
}

static void nobody_spins_for_long_waits(void **state)
{
	struct spin spin;
	uint64_t spun = 0;

	(void)state;
	spin_init(&spin);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		spun += spin.budget;
		wait_for_other_cpu(&spin, 100 * SPIN_MAX);
	}
	assert_true(spun / ROUNDS < SPIN_MIN + SPIN_MIN / 10);
}

static void nobody_spins_on_the_cpu_that_the_other_wants(void **state)
{
	struct spin client, twin;
	uint64_t waited = 0;

	(void)state;
	spin_init(&client);
	spin_init(&twin);
	for (unsigned int i = 0; i < ROUNDS; i++)
		waited += wait_for_this_cpu(&client, &twin, SPIN_MIN);
	/* Two least budgets, the switch, the work, and a tenth. */
	assert_true(waited / ROUNDS < (3 * SPIN_MIN + SWITCH) * 11 / 10);
}

static void it_is_tried_again_when_the_other_has_moved(void **state)
{
	struct spin client, twin;

	(void)state;
	spin_init(&client);
	spin_init(&twin);
	for (unsigned int i = 0; i < ROUNDS; i++)
		wait_for_this_cpu(&client, &twin, SPIN_MIN);
	for (unsigned int i = 0; i < ROUNDS; i++)
		wait_for_other_cpu(&client, 5 * SPIN_MIN);
	assert_int_equal(wait_for_other_cpu(&client, 5 * SPIN_MIN), 5 * SPIN_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_in_time_is_waited_for),
		cmocka_unit_test(nobody_spins_for_long_waits),
		cmocka_unit_test(nobody_spins_on_the_cpu_that_the_other_wants),
		cmocka_unit_test(it_is_tried_again_when_the_other_has_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
