/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Poststop hooks that are owed, in files of the shim's folder: what a killed shim
 * did not come to, `delete` does.
 */
#ifndef KBM_SHIM_POSTSTOP_H
#define KBM_SHIM_POSTSTOP_H

struct hooks;
struct problem;

/* Writes down that those of a container will have to be run. Negative errno. */
int poststop_owe(const char *state_dir, const struct hooks *hooks, const char *id,
		 const char *bundle, struct problem *problem);

/* They have been run. */
void poststop_forget(const char *state_dir, const char *id);

/*
 * Runs all that are owed there, each within @seconds if it says nothing else; what
 * fails is told on stderr, and not run again.
 */
void poststop_run_all(const char *state_dir, double seconds);

#endif
