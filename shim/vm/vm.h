/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VM of a sandbox: QEMU's process from its start to its end.
 *
 *	vm_start()  -> started(), then ended();  or only ended()
 *	vm_stop(), vm_kill()  -> ended()
 *	vm_free()
 *
 * All callbacks come from the loop, never from within a call. ended() comes
 * once, when the process is reaped. The loop must not be libev's default loop,
 * which reaps children of others; the end is waited for by a pidfd.
 *
 * What is left on disk, in options.state_dir, is enough for
 * vm_kill_from_files(): QEMU also dies with the process that started it
 * (PR_SET_PDEATHSIG), since nobody could talk to such a guest any more, but who
 * cleans up has to know that it is gone and its CPUs and memory are free.
 */
#ifndef KBM_SHIM_VM_H
#define KBM_SHIM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct config;
struct ev_loop;
struct problem;
struct vm;

/* Names of the virtio-console ports in the guest. */
#define VM_AGENT_PORT	"kbm.agent"
#define VM_STREAM_PORT	"kbm.streams"

/* A block device of the guest: /sys/block/DEVICE/serial is @serial. */
struct vm_disk {
	/* Block device or image (raw). */
	const char *source;
	/* At most 20 letters, digits, '-', '_', '.'. */
	const char *serial;
	bool read_only;
};

/* A directory that the guest mounts by 9p. */
struct vm_share {
	const char *path;
	const char *tag;
};

/* A network interface on a tap that is open already. */
struct vm_nic {
	/* Open tap (network_link.tap); stays the caller's. */
	int tap;
	uint8_t mac[6];
	unsigned int mtu;
};

struct vm_options {
	/* After config_size(). All pointers need to live during vm_start() only. */
	const struct config *config;
	/* Shown in the list of processes; letters, digits, '-', '_', '.'. */
	const char *id;
	/* A directory that exists, for this sandbox alone. */
	const char *state_dir;
	const struct vm_disk *disks;
	size_t nr_disks;
	const struct vm_share *shares;
	size_t nr_shares;
	const struct vm_nic *nics;
	size_t nr_nics;
};

enum vm_reason {
	/* It powered off, or vm_stop() ended it in order. */
	VM_SHUTDOWN,
	VM_REBOOT,
	VM_PANIC,
	VM_TRIPLE_FAULT,
	/* The guest's kernel would not boot. */
	VM_REFUSED,
	VM_MEMORY_FAULT,
	/* The twin on the host is gone. */
	VM_PROXY_LOST,
	/* QEMU said why in words, and gave up; also: no CPUs, no memory. */
	VM_FAILED,
	/* By a signal: vm_kill(), the OOM killer, a crash. */
	VM_KILLED,
	VM_NR_REASONS,
};

struct vm_end {
	enum vm_reason reason;
	/* Of KATA_BM_ENDED: vCPU or address; of VM_KILLED: the signal. */
	uint64_t detail;
	/* One sentence for people, with QEMU's last words. Never NULL. */
	const char *text;
	/* started() had been called. */
	bool was_started;
};

/* Levels of vm_callbacks.log. */
enum vm_log {
	VM_LOG_CONSOLE,
	VM_LOG_INFO,
	VM_LOG_WARNING,
};

struct vm_callbacks {
	/* QEMU runs the guest's CPUs; the guest's kernel boots. */
	void (*started)(struct vm *vm, void *context);
	/* The process is gone and reaped. vm_free() is allowed here. */
	void (*ended)(struct vm *vm, const struct vm_end *end, void *context);
	/*
	 * A line of the guest's console, of QEMU, or about the VM; no newline. A guest
	 * that floods its console gets few through (budget.h).
	 */
	void (*log)(struct vm *vm, enum vm_log level, const char *line, void *context);
};

/**
 * vm_start - choose CPUs, start QEMU and its guest
 * @callbacks:	copied; all three have to be set.
 *
 * Returns when the process is forked. If the CPUs turn out to be taken by
 * somebody else, others are tried before ended() says so; vm_pid() may change
 * until started().
 *
 * -EBUSY: not enough free CPUs (asked, free, remedy in @problem). -ENODEV: this
 * machine cannot do config.isolation. -ENOENT: no QEMU, kernel or initrd.
 */
int vm_start(struct ev_loop *loop, const struct vm_options *options,
	     const struct vm_callbacks *callbacks, void *context, struct vm **ret,
	     struct problem *problem);

/**
 * vm_take_agent - our end of the port VM_AGENT_PORT
 *
 * A connected, non-blocking, close-on-exec stream socket. It can be written to
 * before the guest has opened the port: bytes wait in the socket. Only after
 * started(), and once: the caller closes it. Return: it, or -EBADF.
 */
int vm_take_agent(struct vm *vm);

/* The same for VM_STREAM_PORT. */
int vm_take_streams(struct vm *vm);

/* QEMU's process; 0 after its end. */
pid_t vm_pid(const struct vm *vm);

/**
 * vm_stop - end it, in order if it can be
 * @grace:	seconds for QEMU to end after QMP's "quit"; then it is killed.
 *
 * The guest is not asked: that is the agent's DestroySandbox, before. Harmless
 * when it is ending already.
 */
void vm_stop(struct vm *vm, double grace);

/* SIGKILL now. ended() follows. */
void vm_kill(struct vm *vm);

/* Kills it if it still runs, waits until it is gone, without ended(). */
struct vm *vm_free(struct vm *vm);

/**
 * vm_kill_from_files - kill the VM whose record is in a directory
 * @state_dir:	vm_options.state_dir of a shim that is gone, perhaps.
 * @wait:	seconds until it has to be gone.
 *
 * A process that has the recorded number but another start time is left alone.
 * No record, or nobody there: 0. -ETIMEDOUT: killed, and still there.
 */
int vm_kill_from_files(const char *state_dir, double wait, struct problem *problem);

const char *vm_reason_name(enum vm_reason reason);

#endif
