// SPDX-License-Identifier: GPL-2.0-or-later
#include "spin.h"

#define HOLD_FIRST	16u
#define HOLD_MAX	1024u
/* A wait in vain on one CPU: one side spins, then the other, then there is a switch. */
#define SOON		(3ULL * SPIN_MAX)

void spin_init(struct spin *spin)
{
	*spin = (struct spin){ .budget = SPIN_MAX / 4 };
}

static uint32_t within_limits(uint64_t budget)
{
	if (budget > SPIN_MAX)
		return SPIN_MAX;
	return budget < SPIN_MIN ? SPIN_MIN : (uint32_t)budget;
}

void spin_hit(struct spin *spin)
{
	*spin = (struct spin){ .budget = within_limits(2ULL * spin->budget) };
}

/*
 * The other side does not come while this one spins, however long: it waits for
 * this very CPU, or for another that is busy.
 */
static void give_up(struct spin *spin)
{
	spin->hold = spin->hold ? 2 * spin->hold : HOLD_FIRST;
	if (spin->hold > HOLD_MAX)
		spin->hold = HOLD_MAX;
	spin->held = spin->hold;
	spin->budget = SPIN_MIN;
	spin->raised = false;
}

void spin_missed(struct spin *spin, uint64_t waited)
{
	if (spin->raised && waited < SOON) {
		give_up(spin);
	} else if (waited > SPIN_MAX) {
		spin->budget = within_limits(spin->budget / 2);
		spin->raised = false;
	} else if (spin->held) {
		spin->held--;
		spin->budget = SPIN_MIN;
	} else {
		spin->budget = within_limits(2 * waited);
		spin->raised = true;
	}
}
