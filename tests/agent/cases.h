/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the cases of kbm-agent share: one guest, in which they run one after the other. */
#ifndef TEST_AGENT_CASES_H
#define TEST_AGENT_CASES_H

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent.pb-c.h"
#include "process.h"

/* The guest's name: what it keeps of the sandbox's id. */
#define SANDBOX_NAME "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

extern struct guest guest;

/* Seconds of a clock that only goes forward. */
double seconds_now(void);

/* A call whose answer does not matter. Return: the status. */
enum ttrpc_code agent_call(const char *method, const void *request);

/* Return: how many have failed. */
int test_containers(void);
int test_stdio(void);
int test_resources(void);
int test_guest_setup(void);
int test_many(void);

#endif
