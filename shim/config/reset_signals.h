/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For a child, before it becomes another program. */
#ifndef KBM_SHIM_RESET_SIGNALS_H
#define KBM_SHIM_RESET_SIGNALS_H

#include <signal.h>
#include <stddef.h>

/* As at the start of a program: none ignored, handled or blocked. */
static inline void reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

#endif
