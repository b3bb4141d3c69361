/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the agent of a guest is still at work. It is asked only when it has left
 * a call without an answer: an idle sandbox uses no CPU.
 */
#ifndef KBM_SHIM_HEALTH_H
#define KBM_SHIM_HEALTH_H

struct health;
struct ttrpc_client;

/* @seconds: for an answer. @hung: there was none; called from the loop. */
struct health *health_new(struct ttrpc_client *client, double seconds, void (*hung)(void *context),
			  void *context);

/* Asks, unless a question is under way; not after the client was freed. */
void health_check(struct health *health);

/* After the client, or before. NULL is fine. */
struct health *health_free(struct health *health);

#endif
