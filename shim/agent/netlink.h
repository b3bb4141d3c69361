/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the kernel's routing socket, and its answers. */
#ifndef KBM_AGENT_NETLINK_H
#define KBM_AGENT_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_REQUEST_SIZE 1024

struct netlink_request {
	union {
		struct nlmsghdr header;
		char bytes[NETLINK_REQUEST_SIZE];
	};
};

/*
 * type: RTM_...; flags: NLM_F_... beside REQUEST and ACK. Returns the body of
 * body_size bytes, all 0.
 */
void *netlink_begin(struct netlink_request *request, uint16_t type,
		    uint16_t flags, size_t body_size);

/* All attributes that the callers add fit. */
void netlink_add(struct netlink_request *request, uint16_t type,
		 const void *data, size_t size);
void netlink_add_u32(struct netlink_request *request, uint16_t type,
		     uint32_t value);

/* Sends it and waits for the kernel's answer. Returns 0 or a negative errno. */
int netlink_send(struct netlink_request *request);

/* Returns 0 to go on, or a negative errno to stop with. */
typedef int netlink_each(void *context, const struct nlmsghdr *message);

/* Calls each for every object that a request with NLM_F_DUMP is answered with. */
int netlink_dump(struct netlink_request *request, netlink_each *each,
		 void *context);

/*
 * Sorts the attributes that follow a message's body of body_size bytes by their
 * type; ret has room for types 0 to max, NULL for those that are not there.
 */
void netlink_attributes(const struct nlmsghdr *message, size_t body_size,
			const struct rtattr **ret, unsigned int max);

/* A number, or 0 if the attribute is not there or too short. */
uint32_t netlink_u32(const struct rtattr *attribute);

#endif
