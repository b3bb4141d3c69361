/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_TEST_REPORT_H
#define KBM_TEST_REPORT_H

#include <stdbool.h>

#include "kicks.h"
#include "machine.h"

struct report {
	const struct options *options;
	const struct machine *machine;
	const struct kicks *kicks;	/* NULL: none were asked for */
	enum vcpu_end end;		/* the guest's */
	bool passed;
	double seconds;
	unsigned int runs;
};

/* On stdout, as text or JSON. Reads KVM's statistics: the VM must exist. */
int report_print(const struct report *report);

#endif
