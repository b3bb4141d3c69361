/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Kata BM: what a guest and its VMM agree on.
 *
 * Shared by the host kernel, the guest kernel and the VMM. All structures are
 * little endian and naturally aligned; reserved fields are zero. All physical
 * addresses lie in the guest's own extents.
 */
#ifndef _UAPI_ASM_X86_KBM_GUEST_H
#define _UAPI_ASM_X86_KBM_GUEST_H

#include <linux/types.h>

/* Isolation modes; see the design for what each does not stop. */
#define KBM_MODE_DIRECT		0	/* no nested paging */
#define KBM_MODE_WALLED		1	/* identity nested paging */

/*
 * Hypercalls: VMMCALL (AMD) or VMCALL (Intel), exactly that instruction with
 * no prefix. RAX is the number, RBX the first argument, RCX the second; RAX
 * returns 0 or a negative errno. No other register changes.
 */

/* This CPU has booted: from now on its exits count. Once a CPU. */
#define KBM_HYPERCALL_LIVE	0x4b424d01ULL
/* The guest ends; does not return. RBX: KBM_END_*, RCX: detail. */
#define KBM_HYPERCALL_END	0x4b424d02ULL

#define KBM_END_SHUTDOWN	0	/* power off, halt */
#define KBM_END_REBOOT		1
#define KBM_END_PANIC		2	/* kernel panic */
#define KBM_END_REFUSED		3	/* will not boot; detail: KBM_REFUSED_* */

#define KBM_REFUSED_INFO_MAGIC		1
#define KBM_REFUSED_INFO_VERSION	2
#define KBM_REFUSED_INFO_SIZE		3
#define KBM_REFUSED_INFO_CONTENT	4	/* a table or an address is out of range */

/*
 * A doorbell word is published by the side that wants to be notified, read by
 * the other before each notification: one aligned 64-bit load, then an ICR
 * write (x2APIC, fixed, edge, physical destination). A word may change at any
 * time; to lose nothing the sender reads it again after the ICR write and
 * repeats if it changed. 0: nobody listens.
 */
#define KBM_DOORBELL_VALID		(1ULL << 63)
#define KBM_DOORBELL_APIC_ID(word)	((__u32)(word))
#define KBM_DOORBELL_VECTOR(word)	((__u8)((word) >> 32))
#define KBM_DOORBELL_WORD(apic_id, vector) \
	(KBM_DOORBELL_VALID | (__u64)(vector) << 32 | (__u32)(apic_id))

/*
 * The info page: what firmware would tell. boot_params.hdr.setup_data has an
 * entry of type KBM_SETUP_DATA_TYPE whose data is struct kbm_setup_data.
 */
#define KBM_SETUP_DATA_TYPE	0x4b424d	/* "MBK" */

struct kbm_setup_data {
	__u64 info;		/* address of struct kbm_info, page aligned */
};

#define KBM_INFO_MAGIC		0x4d422d4154414bULL	/* "KATA-BM\0" */
#define KBM_INFO_VERSION	2
#define KBM_INFO_MAX_SIZE	65536

/**
 * struct kbm_info - the info page
 * @magic:		KBM_INFO_MAGIC.
 * @version:		KBM_INFO_VERSION; a guest refuses any other.
 * @size:		bytes of this structure and its tables, at most
 *			KBM_INFO_MAX_SIZE.
 * @mode:		KBM_MODE_*.
 * @tsc_khz:		frequency of the TSC.
 * @lapic_timer_hz:	input frequency of the APIC timer with divisor 1.
 * @wallclock_ns:	nanoseconds since 1970 at @wallclock_tsc.
 * @wallclock_tsc:	value of the TSC at that moment.
 * @cpus:		offset from the page's start of @nr_cpus struct
 *			kbm_info_cpu; the first is the boot CPU.
 * @extents:		offset of @nr_extents struct kbm_info_extent.
 * @console:		address of struct kbm_console; 0 for none.
 * @console_bytes:	size of it with its ring.
 * @device_area:	address of the pages that the VMM and the guest share
 *			(this page, mailboxes, console, virtio); reserved in
 *			the e820 map.
 * @device_area_bytes:	its size.
 * @virtio:		address of the first struct kbm_virtio page.
 * @nr_virtio:		number of such pages, one after the other.
 * @flags:		KBM_INFO_* bits.
 * @grants:		offset of @nr_grants struct kbm_info_extent: memory that
 *			the partition may reach beside its own extents. Only the
 *			control BM has any.
 * @channel:		address of struct kbm_channel (kbm_channel.h), in one of
 *			the grants; 0 for none.
 * @channel_bytes:	its size.
 */
struct kbm_info {
	__u64 magic;
	__u32 version;
	__u32 size;
	__u32 mode;
	__u32 reserved0;
	__u64 tsc_khz;
	__u64 lapic_timer_hz;
	__u64 wallclock_ns;
	__u64 wallclock_tsc;
	__u32 cpus;
	__u32 nr_cpus;
	__u32 extents;
	__u32 nr_extents;
	__u64 console;
	__u64 console_bytes;
	__u64 device_area;
	__u64 device_area_bytes;
	__u64 virtio;
	__u32 nr_virtio;
	__u32 flags;
	__u32 grants;
	__u32 nr_grants;
	__u64 channel;
	__u64 channel_bytes;
};

/* The APIC timer has the TSC-deadline mode. */
#define KBM_INFO_TSC_DEADLINE	(1U << 0)

struct kbm_info_cpu {
	__u32 apic_id;		/* physical; Linux guests refuse more than 32767 */
	__u32 node;
	__u64 mailbox;		/* address of struct kbm_mailbox; 0 for the boot CPU */
};

struct kbm_info_extent {
	__u64 start;
	__u64 bytes;
	__u32 node;
	__u32 reserved;
};

/*
 * An application processor waits in the VMM's stub: 64-bit mode, identity
 * page tables of all extents, interrupts on, halted, x2APIC enabled. The boot
 * CPU writes @argument, then @entry, then sends it the fixed vector
 * KBM_MAILBOX_VECTOR. The stub looks at @entry once before its first HLT: the
 * vector may come before it waits. It jumps to @entry with interrupts off, RDI = @argument,
 * the stub's page tables and GDT (flat code 0x10, data 0x18) still loaded;
 * no stack may be assumed.
 */
#define KBM_MAILBOX_VECTOR	0x40

struct kbm_mailbox {
	__u64 entry;
	__u64 argument;
	__u64 reserved[6];
};

/*
 * Console ring: the guest's kernel messages from the first line on, one
 * producer (the guest), one consumer (the VMM). head and tail count bytes and
 * wrap at 2^32; the byte for count n is data[n & (size - 1)]. The producer
 * writes data, then head (release), then rings @doorbell (may be 0 early on).
 * A producer that finds the ring full waits at most 100 ms for tail to move,
 * then counts what it drops in @dropped.
 */
#define KBM_CONSOLE_MAGIC	0x6b626d63U	/* "cmbk" */

struct kbm_console {
	__u32 magic;
	__u32 size;		/* bytes of data[], a power of two */
	__u32 dropped;
	__u32 reserved0;
	__u64 doorbell;		/* published by the host */
	__u32 reserved1[10];
	__u32 head;		/* own cache line: written by the guest */
	__u32 reserved2[15];
	__u32 tail;		/* own cache line: written by the VMM */
	__u32 reserved3[15];
	__u8 data[];
};

/*
 * virtio-bm: one 4096-byte page a device. Control is one message at a time:
 * the guest writes @request, increments @request_sequence (release), rings
 * @control_doorbell and waits until @response_sequence (acquire) equals it;
 * then @response is the answer. Messages have virtio-msg's layout.
 *
 * The device counts changes of its config space or status in @event_sequence
 * and rings @event_doorbell.
 *
 * Queue n: the guest notifies the device by @queue[n].avail_doorbell, the
 * device the guest by @queue[n].used_doorbell; vring event suppression
 * (VIRTIO_F_EVENT_IDX, flags) applies as ever. Ring addresses are physical.
 */
#define KBM_VIRTIO_MAGIC	0x766d626bU	/* "kbmv" */
#define KBM_VIRTIO_VERSION	1
#define KBM_VIRTIO_PAGE_SIZE	4096
#define KBM_VIRTIO_MAX_QUEUES	64

/**
 * struct kbm_virtio_msg - a message, 64 bytes
 * @type:	KBM_VIRTIO_MSG_* bits.
 * @id:		KBM_VIRTIO_*; a response repeats it.
 * @device:	number of the device on the bus.
 * @token:	chosen by the requester; a response repeats it.
 * @size:	bytes in use, header included.
 */
struct kbm_virtio_msg {
	__u8 type;
	__u8 id;
	__le16 device;
	__le16 token;
	__le16 size;
	__u8 payload[56];
};

#define KBM_VIRTIO_MSG_RESPONSE		(1 << 0)

#define KBM_VIRTIO_GET_DEVICE_INFO	0x02	/* -> device_info */
#define KBM_VIRTIO_GET_FEATURES		0x03	/* features (index, count) -> features */
#define KBM_VIRTIO_SET_FEATURES		0x04	/* features -> empty */
#define KBM_VIRTIO_GET_CONFIG		0x05	/* config -> config */
#define KBM_VIRTIO_SET_CONFIG		0x06	/* config -> config */
#define KBM_VIRTIO_GET_DEVICE_STATUS	0x07	/* -> status */
#define KBM_VIRTIO_SET_DEVICE_STATUS	0x08	/* status -> status; 0 resets */
#define KBM_VIRTIO_GET_VQUEUE		0x09	/* vqueue (index) -> vqueue */
#define KBM_VIRTIO_SET_VQUEUE		0x0a	/* vqueue -> empty; enables the queue */
#define KBM_VIRTIO_RESET_VQUEUE		0x0b	/* vqueue (index) -> empty */
/* A request that the device does not know, or refuses: -> status, the errno. */
#define KBM_VIRTIO_ERROR		0x7f

struct kbm_virtio_device_info {
	__le32 device_id;	/* virtio's device type */
	__le32 vendor_id;
	__le32 nr_feature_bits;
	__le32 config_size;
	__le32 nr_queues;
	__le32 reserved;
};

struct kbm_virtio_features {
	__le32 index;		/* first 32-bit word of the feature bits */
	__le32 count;		/* words in data, 1 to 12 */
	__le32 data[12];
};

#define KBM_VIRTIO_CONFIG_CHUNK		40

struct kbm_virtio_config {
	__le32 offset;
	__le32 size;		/* 1 to KBM_VIRTIO_CONFIG_CHUNK */
	__le32 generation;	/* of the config space; changes when it does */
	__u8 data[KBM_VIRTIO_CONFIG_CHUNK];
	__u8 reserved[4];
};

struct kbm_virtio_status {
	__le32 status;
};

struct kbm_virtio_vqueue {
	__le32 index;
	__le32 max_size;
	__le32 size;
	__le32 reserved;
	__le64 desc;
	__le64 driver;
	__le64 device;
};

struct kbm_virtio_queue {
	__u64 avail_doorbell;	/* published by the host */
	__u64 used_doorbell;	/* published by the guest */
	__u64 reserved[2];
};

struct kbm_virtio {
	__u32 magic;
	__u32 version;
	__u32 reserved0[14];
	struct kbm_virtio_msg request;		/* 0x040 */
	struct kbm_virtio_msg response;		/* 0x080 */
	__u32 request_sequence;			/* 0x0c0, guest */
	__u32 reserved1;
	__u64 event_doorbell;			/* guest */
	__u64 reserved2[6];
	__u32 response_sequence;		/* 0x100, device */
	__u32 event_sequence;			/* device */
	__u64 control_doorbell;			/* host */
	__u64 reserved3[94];
	struct kbm_virtio_queue queue[KBM_VIRTIO_MAX_QUEUES];	/* 0x400 */
	__u8 reserved4[1024];
};

#endif /* _UAPI_ASM_X86_KBM_GUEST_H */
