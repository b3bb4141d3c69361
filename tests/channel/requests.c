// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests that the control BM's device must refuse, each with its error. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <asm/kbm.h>

#include "channel.h"
#include "lease.h"
#include "message.h"
#include "protocol.h"

static unsigned int wrong;

static void expect(const struct client *client, const char *what, int result, int error,
		   const char *word)
{
	char reason[256] = "";

	if (word)
		lease_reason(client->fd, reason, sizeof(reason));
	if (result == -error && (!word || strstr(reason, word))) {
		printf("ok   %s: %s%s\n", what, *reason ? "" : strerror(error), reason);
		return;
	}
	wrong++;
	printf("FAIL %s: %s, \"%s\"\n", what, result < 0 ? strerror(-result) : "accepted", reason);
}

static int map(const struct client *client, uint64_t start, uint64_t bytes, int flags)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, client->fd, (off_t)start);

	if (memory == MAP_FAILED)
		return -errno;
	munmap(memory, bytes);
	return 0;
}

static void mappings(const struct client *client)
{
	expect(client, "map the channel's header", map(client, client->start - SESSION_BYTES, 4096,
						       MAP_SHARED), ENXIO, "not in one extent");
	expect(client, "map behind the session",
	       map(client, client->start + client->bytes - 4096, 8192, MAP_SHARED), ENXIO,
	       "not in one extent");
	expect(client, "map before the extent", map(client, client->extent - 4096, 8192, MAP_SHARED),
	       ENXIO, "not in one extent");
	expect(client, "map behind the extent",
	       map(client, client->extent + client->extent_bytes, 4096, MAP_SHARED), ENXIO,
	       "not in one extent");
	expect(client, "map address 0", map(client, 0, 4096, MAP_SHARED), ENXIO,
	       "not in one extent");
	expect(client, "map privately", map(client, client->extent, 4096, MAP_PRIVATE), EINVAL,
	       "MAP_SHARED");
}

static int doorbell(const struct client *client, uint64_t word, int fd, uint32_t flags)
{
	struct kbm_doorbell request = { .word = word, .eventfd = fd, .flags = flags };

	return call(client->fd, KBM_DOORBELL, &request);
}

static void doorbells(const struct client *client)
{
	int event = eventfd(0, EFD_CLOEXEC);
	uint64_t *word = (uint64_t *)(client->extent_memory + 64);
	const struct kbm_session_client *page = (void *)client->memory;

	expect(client, "doorbell in the host's page",
	       doorbell(client, client->start + KBM_SESSION_HOST, event, 0), EINVAL, "extent");
	expect(client, "doorbell in the session's data",
	       doorbell(client, client->start + KBM_SESSION_DATA, event, 0), EINVAL, "extent");
	expect(client, "doorbell outside", doorbell(client, 0x1000, event, 0), EINVAL, "extent");
	expect(client, "doorbell, unaligned", doorbell(client, client->extent + 4, event, 0),
	       EINVAL, "aligned");
	expect(client, "doorbell with no eventfd", doorbell(client, client->extent, -1, 0), EBADF,
	       "eventfd");
	expect(client, "doorbell, unknown flag", doorbell(client, client->extent, event, 2),
	       EINVAL, "flags");
	expect(client, "the session's doorbell twice", doorbell(client, client->start, event, 0),
	       EEXIST, "has a doorbell");
	expect(client, "a good doorbell in the extent",
	       doorbell(client, client->extent + 64, event, 0), 0, NULL);
	expect(client, "its word is valid", *word & KBM_DOORBELL_VALID ? 0 : -EIO, 0, NULL);
	expect(client, "and listed for the host",
	       page->nr_words == 1 && page->words[0] == client->extent + 64 ? 0 : -EIO, 0, NULL);
	expect(client, "take it back",
	       doorbell(client, client->extent + 64, event, KBM_DOORBELL_DEASSIGN), 0, NULL);
	expect(client, "its word is 0, and not listed", *word || page->words[0] ? -EIO : 0, 0, NULL);
	expect(client, "take it back twice",
	       doorbell(client, client->extent + 64, event, KBM_DOORBELL_DEASSIGN), ENOENT,
	       "no doorbell");
	close(event);
}

static void sends(const struct client *client)
{
	const struct kbm_session_host *host = (void *)(client->memory + KBM_SESSION_HOST);
	uint64_t good = host->doorbell;

	expect(client, "ring nobody", send_doorbell(client->fd, 0), EINVAL, "not a doorbell");
	expect(client, "ring the host's reboot vector",
	       send_doorbell(client->fd, KBM_DOORBELL_WORD(0, 0xf8)), ENOENT, "twin");
	expect(client, "ring an exception", send_doorbell(client->fd, KBM_DOORBELL_WORD(0, 8)),
	       EINVAL, "vector");
	expect(client, "ring with bits to spare", send_doorbell(client->fd, good | 1ULL << 40),
	       EINVAL, "not a doorbell");
	expect(client, "ring another CPU", send_doorbell(client->fd, good ^ 1), ENOENT, "twin");
	expect(client, "ring the twin", send_doorbell(client->fd, good), 0, NULL);
}

static void others(const struct client *client)
{
	struct client none = { .fd = open(KBM_DEVICE_PATH, O_RDWR | O_CLOEXEC) };
	struct kbm_channel_session session;
	struct kbm_lend_memory memory = { .bytes = 2 << 20 };
	struct kbm_lend_cpu cpu = { .cpu = 1 };
	uint32_t index = client->index, many = 4000, idle = NR_SESSIONS - 1;

	expect(client, "a second session", call(client->fd, KBM_OPEN_SESSION, &session), EBUSY,
	       "has session");
	expect(client, "a session to nowhere", call(none.fd, KBM_OPEN_SESSION, (void *)-8L), EFAULT,
	       NULL);
	expect(client, "lend a CPU", call(client->fd, KBM_LEND_CPU, &cpu), ENOTTY, NULL);
	expect(client, "lend memory", call(client->fd, KBM_LEND_MEMORY, &memory), ENOTTY, NULL);
	expect(client, "grant all", call(client->fd, KBM_GRANT_ALL, NULL), ENOTTY, NULL);
	expect(client, "end our own session", call(client->fd, KBM_END_SESSION, &index), EBUSY,
	       "belongs to");
	expect(client, "end an absent session", call(client->fd, KBM_END_SESSION, &many), EINVAL,
	       "no session 4000");
	expect(client, "end a free session", call(client->fd, KBM_END_SESSION, &idle), ENOENT,
	       "not open");
	expect(&none, "map without a session", map(&none, client->extent, 4096, MAP_SHARED), ENXIO,
	       "KBM_OPEN_SESSION");
	expect(&none, "ring without a session", send_doorbell(none.fd, KBM_DOORBELL_WORD(0, 64)),
	       ENXIO, "KBM_OPEN_SESSION");
	close(none.fd);
}

static sigjmp_buf after_fault;

static void on_fault(int signal)
{
	siglongjmp(after_fault, signal);
}

static int write_byte(volatile char *at)
{
	if (sigsetjmp(after_fault, 1))
		return -EFAULT;
	*at = 1;
	return 0;
}

/* What the driver vouches for, user space can only read. */
static void guarded_pages(const struct client *client)
{
	volatile char *memory = client->memory;

	signal(SIGBUS, on_fault);
	expect(client, "write to the client's page", write_byte(&memory[8]), EFAULT, NULL);
	expect(client, "write to the host's page", write_byte(&memory[KBM_SESSION_HOST]), EFAULT,
	       NULL);
	expect(client, "write to the data", write_byte(&memory[KBM_SESSION_DATA + 4096]), 0, NULL);
	expect(client, "write to the extent", write_byte(client->extent_memory), 0, NULL);
	signal(SIGBUS, SIG_DFL);
}

int test_requests(void)
{
	struct client client;
	int r = client_open(&client);

	if (r)
		return r;
	guarded_pages(&client);
	mappings(&client);
	doorbells(&client);
	sends(&client);
	others(&client);
	client_close(&client);
	printf("%u wrong answers\n", wrong);
	return wrong ? -EINVAL : 0;
}
