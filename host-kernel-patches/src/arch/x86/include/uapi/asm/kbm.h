/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Kata BM: what the host offers to a VMM beside KVM, and the control BM's
 * kernel to the VMMs in it. The control BM lends nothing itself: KBM_LEND_* are
 * -ENOTTY there, and cross to the host by the proxy.
 *
 * /dev/kata-bm lends CPUs and memory. One open file is one lease: everything
 * lent through it is given back when its last user goes away (the file, every
 * mapping of it, and the VM that it was attached to), or by KBM_END_LEASE.
 *
 * All calls return 0 or a negative errno. After an error read() on the file
 * returns the reason as one line of text, without a newline; it names the
 * thing, the value and the remedy. A call that failed changed nothing.
 */
#ifndef _UAPI_ASM_X86_KBM_H
#define _UAPI_ASM_X86_KBM_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KBM_DEVICE_PATH		"/dev/kata-bm"

/* Grows only by new ioctls; changes when a structure below changes. */
#define KBM_ABI_VERSION		1

/**
 * struct kbm_host_info - constants of the machine that a guest needs
 * @version:		KBM_ABI_VERSION of this kernel.
 * @flags:		KBM_HOST_* bits.
 * @tsc_khz:		frequency of the TSC.
 * @lapic_timer_hz:	input frequency of the local APIC timer with divisor 1.
 * @extent_align:	least size and alignment of lent memory, in bytes.
 */
struct kbm_host_info {
	__u32 version;
	__u32 flags;
	__u64 tsc_khz;
	__u64 lapic_timer_hz;
	__u64 extent_align;
};

/* The APIC timer has the TSC-deadline mode. */
#define KBM_HOST_TSC_DEADLINE	(1U << 0)

/**
 * struct kbm_lend_cpu - take one CPU from the host's Linux
 * @cpu:	in: number of an online CPU of the host, not 0.
 * @apic_id:	out: its physical APIC ID; also the ID of the vCPU that will
 *		run on it (KVM_CREATE_VCPU).
 * @node:	out: its NUMA node.
 *
 * -EINVAL: CPU 0, or IPI shorthands are in use (boot with no_ipi_broadcast=1),
 * or the local APIC is not in x2APIC mode. -ENODEV: no such CPU, or offline.
 * -EBUSY: already lent, or its SMT sibling is not the caller's.
 */
struct kbm_lend_cpu {
	__u32 cpu;
	__u32 apic_id;
	__u32 node;
	__u32 reserved;
};

#define KBM_MEMORY_FIXED	(1U << 0)	/* @start is given */
#define KBM_MEMORY_ANY_NODE	(1U << 1)	/* @node is only a preference */

/**
 * struct kbm_lend_memory - take one contiguous extent of physical memory
 * @bytes:	in: size, a multiple of kbm_host_info.extent_align.
 * @start:	in with KBM_MEMORY_FIXED, else out: physical address.
 * @node:	in: NUMA node; out: the node it came from.
 * @flags:	in: KBM_MEMORY_* bits.
 *
 * The memory reads as zero. mmap() of the file at offset @start maps it
 * (MAP_SHARED; any page-aligned part of one extent).
 *
 * -EINVAL: not aligned, no size, unknown flag. -ENXIO: not set aside for
 * lending. -EBUSY: part of it is lent. -ENOMEM: no free run of that size.
 */
struct kbm_lend_memory {
	__u64 bytes;
	__u64 start;
	__u32 node;
	__u32 flags;
};

#define KBM_DOORBELL_DEASSIGN	(1U << 0)

/**
 * struct kbm_doorbell - let a guest signal an eventfd of the host by an IPI
 * @word:	physical address in the lease's memory of a 64-bit doorbell
 *		word (see kbm_guest.h), 8-byte aligned. The kernel writes it
 *		now and whenever the interrupt moves to another CPU or vector;
 *		0 when the doorbell goes away.
 * @eventfd:	the eventfd to signal.
 * @flags:	KBM_DOORBELL_*.
 *
 * One doorbell a word. -EEXIST: the word has one. -ENOENT: deassign of none.
 */
struct kbm_doorbell {
	__u64 word;
	__s32 eventfd;
	__u32 flags;
};

#define KBM_REGIONS_MAX		64

struct kbm_region_info {
	__u64 start;
	__u64 bytes;
	__u32 node;
	__u32 reserved;
};

/**
 * struct kbm_regions - out: the memory set aside for lending, lent or not
 * @nr:		entries of @regions.
 */
struct kbm_regions {
	__u32 nr;
	__u32 reserved;
	struct kbm_region_info regions[KBM_REGIONS_MAX];
};

/**
 * struct kbm_channel_session - out: the session of the channel that is now
 * this file's (control BM only; see kbm_channel.h)
 * @start:	physical address of its memory; the offset for mmap().
 * @bytes:	its size.
 * @index:	its number.
 *
 * -EBUSY: this file has one. -ENOSPC: none is free. -ENXIO: no channel.
 */
struct kbm_channel_session {
	__u64 start;
	__u64 bytes;
	__u32 index;
	__u32 reserved;
};

#define KBM_IOCTL		0xBD
#define KBM_GET_HOST_INFO	_IOR(KBM_IOCTL, 0x00, struct kbm_host_info)
#define KBM_LEND_CPU		_IOWR(KBM_IOCTL, 0x01, struct kbm_lend_cpu)
#define KBM_LEND_MEMORY		_IOWR(KBM_IOCTL, 0x02, struct kbm_lend_memory)
#define KBM_DOORBELL		_IOW(KBM_IOCTL, 0x03, struct kbm_doorbell)
/*
 * Rings another partition's doorbell; the argument is the value of its word, as
 * read (kbm_guest.h says how often). -EINVAL: not valid, or a vector below 32.
 * -ENOENT: on the host, not a CPU that is lent to the control BM, nor to the
 * guest of this file; in the control BM, neither the word of the session's twin
 * as it stands now nor a CPU of the session's guest. A word that has moved
 * meanwhile gives that, too: read it again; if it has not changed, give up.
 */
#define KBM_SEND_DOORBELL	_IOW(KBM_IOCTL, 0x04, __u64)
#define KBM_GET_REGIONS		_IOR(KBM_IOCTL, 0x05, struct kbm_regions)
/*
 * Host only: the guest of this lease is the control BM. It may reach all memory
 * that is set aside for lending, beside its own. Before the lease is attached
 * to a VM, else -EBUSY. Wants CAP_SYS_RAWIO, else -EPERM. Its VMM may map that
 * memory, too, since it does the control BM's I/O: a page that is not lent at
 * the time of the access is a SIGBUS.
 */
#define KBM_GRANT_ALL		_IO(KBM_IOCTL, 0x06)
/* Control BM only: takes a free session of the channel, for this file. */
#define KBM_OPEN_SESSION	_IOR(KBM_IOCTL, 0x07, struct kbm_channel_session)
/* Control BM only: ends session number *argument of an earlier control BM. */
#define KBM_END_SESSION		_IOW(KBM_IOCTL, 0x08, __u32)
/*
 * Host only: gives everything of this lease back now, whoever has a copy of the
 * descriptor: doorbells, CPUs (online again), memory (wiped, free). Wants
 * CAP_SYS_RAWIO, else -EPERM: a control BM can map the memory without that this
 * is busy, and who calls has seen to it that its client is gone.
 *
 * -EBUSY: a VM is tied to the lease, or memory of it is mapped, or a call on
 * the file is under way in another thread. From the moment that it is not busy
 * every other call, mmap() and KVM_CAP_X86_DIRECT are -ENODEV, and closing the
 * file does nothing more; read() still gives the reason. -ENODEV: it was ended
 * before, and all is given back when this returns. -EIO: a CPU does not answer;
 * the lease has ended, but this CPU and the memory are lost until a reboot.
 *
 * As at the end of the file, a page that is pinned for direct I/O for more than
 * a second stays lent until a reboot, which the kernel's log tells.
 */
#define KBM_END_LEASE		_IO(KBM_IOCTL, 0x09)

/*
 * KVM's side.
 *
 * KVM_CREATE_VM with type KVM_X86_DIRECT_VM makes a direct guest
 * (KVM_CAP_VM_TYPES has the bit where the machine can). Before vCPUs and
 * memory slots, KVM_ENABLE_CAP of KVM_CAP_X86_DIRECT ties it to a lease:
 * args[0] is the lease's file descriptor, args[1] one KBM_MODE_* of
 * kbm_guest.h. KVM_CHECK_EXTENSION of it returns a mask of 1 << KBM_MODE_*.
 * -EBADF: no open file; -EINVAL: not a lease, no such mode, not such a VM;
 * -EBUSY: the lease or the VM is tied already. -ENODEV: the lease has ended.
 *
 * Then as ever, but:
 *  - KVM_CREATE_VCPU takes the physical APIC ID of a lent CPU; else -ENXIO.
 *  - KVM_SET_USER_MEMORY_REGION wants guest_phys_addr to be the physical
 *    address of each page: a mapping of the lease, at its own address; else
 *    -EINVAL. Slots cannot change once a vCPU has run: -EBUSY.
 *  - vCPUs are entered in 64-bit mode with paging on; KVM_RUN of any other
 *    state is -EINVAL. All start runnable: there is no INIT and no SIPI.
 *  - KVM_CREATE_IRQCHIP and KVM_CAP_SPLIT_IRQCHIP are allowed, before vCPUs;
 *    nothing that they emulate reaches the guest.
 *  - No interrupt can be injected. KVM_SIGNAL_MSI (and irqfd with an MSI
 *    route) sends a real IPI to the vCPU with that APIC ID, by the x2APIC
 *    form of the address (KVM_X2APIC_API_USE_32BIT_IDS), vector 32 to 255.
 *  - Hypercalls of kbm_guest.h end in KVM_EXIT_SYSTEM_EVENT, a triple fault
 *    in KVM_EXIT_SHUTDOWN, an access outside the slots in walled mode in
 *    KVM_EXIT_MEMORY_FAULT (KVM_RUN returns -EFAULT).
 */
#define KVM_X86_DIRECT_VM	30
#define KVM_CAP_X86_DIRECT	0x4b42

#endif /* _UAPI_ASM_X86_KBM_H */
