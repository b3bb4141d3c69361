/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a fresh guest is told before its first container: sandbox, clock, entropy,
 * network. One call after the other, since each may need the one before.
 */
#ifndef KBM_SHIM_GUEST_SETUP_H
#define KBM_SHIM_GUEST_SETUP_H

struct agent;
struct failure;
struct guest_options;
struct guest_setup;
struct network;
struct problem;

/* Takes what it needs of @options. @network must outlive it. */
int guest_setup_new(const struct guest_options *options, const struct network *network,
		    struct guest_setup **ret_setup, struct problem *problem);

/*
 * @done is called once, with NULL or why it did not work, and the setup is gone
 * then. The first call has the time limit dial_timeout, for the guest boots in it.
 */
void guest_setup_run(struct guest_setup *setup, struct agent *agent,
		     void (*done)(const struct failure *failure, void *context), void *context);

/* Without @done. NULL is fine. */
struct guest_setup *guest_setup_free(struct guest_setup *setup);

#endif
