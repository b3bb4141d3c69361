/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kbm transport without its kernels: the channel is a memfd, doorbells are
 * eventfds. Real are the daemon's side of the channel, the twin, the client.
 */
#ifndef TEST_PROXY_KBM_SESSION_H
#define TEST_PROXY_KBM_SESSION_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/kvm.h>

#include <asm/kbm_channel.h>
#include <asm/kbm_guest.h>

#include "channel.h"
#include "client_private.h"
#include "twin.h"

#define SESSION_BYTES	(2u << 20)
#define STORED		8

/* Of the test that runs: one session of a channel, with its twin and its client. */
struct test {
	int channel_file;
	bool channel_lent;
	int lease_file;
	ino_t lease_inode;
	struct channel *channel;
	struct kbm_channel *shared;
	pid_t twin;
	int client_bell;
	int end[2];
	int *leases_ended;	/* also by other processes */
	int end_busy;		/* how often it is busy first */
	int end_error;		/* what ending a lease gives */
	int lasting_error;	/* what the daemon was told of it */
	bool restart;		/* of the daemon, while the lease is given back */
	struct client *client;
	struct {
		char name[32];
		int fd;
	} stored[STORED];
};

extern struct test test;

/* Around each test; @state is not used. The end looks at what must be given back. */
int session_setup(void **state);
int session_teardown(void **state);

#define TEST(name)	cmocka_unit_test_setup_teardown(name, session_setup, session_teardown)

/* The session's memory, and the page of it that the client's driver writes. */
uint8_t *session_memory(void);
struct kbm_session_client *session_client_page(void);

/* The page of it that the host writes. */
struct kbm_session_host *session_host_page(void);

/* Rings the doorbell that @word is of. @device is not used. */
int session_ring(int device, uint64_t word);

/* Waits for the twin's end: its own or SIGKILL, never a sanitizer's. */
void session_twin_ended(void);

/* A new daemon that has seen nothing; the one before is the caller's to free. */
struct channel *session_new_daemon(void);

/* A handle of /dev/kvm; the test is skipped without one. */
uint32_t open_kvm(void);

/* The handle that a request on another one makes. */
uint32_t make(uint32_t on, unsigned long request, unsigned long argument);

int test_calls(void);
int test_events(void);
int test_runs(void);
int test_damage(void);
int test_daemon(void);

#endif
