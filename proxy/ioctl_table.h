/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ioctls that cross: one row each. */
#ifndef KBM_PROXY_IOCTL_TABLE_H
#define KBM_PROXY_IOCTL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

enum handle_kind {
	HANDLE_FREE,
	HANDLE_KVM,
	HANDLE_VM,
	HANDLE_VCPU,
	HANDLE_STATS,
	HANDLE_EVENTFD,
	HANDLE_MEMORY,
	HANDLE_LEASE,		/* the host's /dev/kata-bm */
	HANDLE_GUEST_MEMFD,
};

#define ON_KVM		(1u << HANDLE_KVM)
#define ON_VM		(1u << HANDLE_VM)
#define ON_VCPU		(1u << HANDLE_VCPU)
#define ON_LEASE	(1u << HANDLE_LEASE)
#define ON_GUEST_MEMFD	(1u << HANDLE_GUEST_MEMFD)

#define ROW_VALUE	(1u << 0)	/* the argument is a number */
#define ROW_IN		(1u << 1)	/* ... a structure that is read */
#define ROW_OUT		(1u << 2)	/* ... a structure that is written */
#define ROW_COUNT_ON_E2BIG (1u << 3)	/* also written if it was too small */
#define ROW_RUN		(1u << 4)	/* blocks, can be cancelled */
#define ROW_SLOT	(1u << 5)	/* sets a memory slot */
#define ROW_CAP_VALUE	(1u << 6)	/* the number is a capability */
#define ROW_CAP_ENABLE	(1u << 7)	/* the structure begins with one */
#define ROW_OUT_ALWAYS	(1u << 8)	/* the structure is also written after an error */

enum field_kind {
	FIELD_NONE,
	FIELD_POINTER,		/* to @length bytes */
	FIELD_BITS,		/* to a bitmap of the u32 at @length bits */
	FIELD_SLOT_BITS,	/* to a bitmap of the pages of the slot at @length */
	FIELD_EVENTFD,		/* s32 descriptor of an eventfd */
	FIELD_MEMORY,		/* u64 address of memory; its u64 size is at @length */
	FIELD_ADDRESS,		/* u64 address of @length bytes of memory, or 0 */
	FIELD_HANDLE,		/* descriptor of the session: @length bytes, one of @kinds */
	FIELD_ZERO,		/* u64 that has to be 0: what it could name does not cross */
};

#define FIELD_READ	(1u << 0)
#define FIELD_WRITTEN	(1u << 1)

/* It holds if those bits of the u32 at @at that are in @mask are @value. */
struct field_condition {
	uint16_t at;
	uint32_t mask;
	uint32_t value;
};

#define FIELD_CONDITIONS	3

/**
 * struct ioctl_field - a part of the structure that is not plain data
 * @direction:	FIELD_READ, FIELD_WRITTEN: what KVM does; of pointers, eventfds, and
 *		FIELD_ADDRESS.
 * @repeat:	number of elements (0: one).
 * @offset:	of the field.
 * @stride:	from one element to the next.
 * @length:	see enum field_kind; offsets are relative to the element.
 * @kinds:	FIELD_HANDLE: a mask of handle kinds.
 * @when:	all have to hold, else these bytes are something else.
 */
struct ioctl_field {
	uint8_t kind;
	uint8_t direction;
	uint8_t repeat;
	uint16_t offset;
	uint16_t stride;
	uint16_t length;
	uint32_t kinds;
	struct field_condition when[FIELD_CONDITIONS];
};

#define ROW_FIELDS	2

/**
 * struct ioctl_row - an ioctl
 * @on:		kinds of handles that it is made on.
 * @flags:	ROW_*.
 * @returns:	kind of the handle that it returns, or HANDLE_FREE.
 * @size:	bytes of the structure without its open end.
 * @element:	bytes of one element of the open end; 0: there is none.
 * @base:	what comes before the elements: @size, or 0 if the count is in
 *		bytes of the whole.
 * @count_at:	where the u32 with the number of elements is.
 * @max:	largest number of elements.
 */
struct ioctl_row {
	uint32_t request;
	const char *name;
	uint32_t on;
	uint32_t flags;
	uint32_t returns;
	uint32_t size;
	uint32_t element;
	uint32_t base;
	uint32_t count_at;
	uint32_t max;
	struct ioctl_field fields[ROW_FIELDS];
};

/* NULL if it does not cross. */
const struct ioctl_row *ioctl_row(uint64_t request);
const struct ioctl_row *ioctl_row_at(unsigned int index);

/* What a session can do, or cannot. */
#define CAN_EVENTFDS	(1u << 0)
#define CAN_DIRTY_RINGS	(1u << 1)
#define CAN_EVENTS	(1u << 2)	/* eventfds that stand for others: irqfd, ioeventfd */

/*
 * What a client is told where KVM_CHECK_EXTENSION says @answer: less, or 0, where
 * what it would do then does not cross. @can: CAN_*.
 */
int capability_answer(uint64_t capability, int answer, uint32_t can);
/* Makes vCPUs have rings of dirtied pages: of args[0] bytes, of which KVM uses 32 bits. */
bool capability_is_dirty_ring(uint32_t capability);
bool capability_enables(uint32_t capability);

#endif
