// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink.h"

void *netlink_begin(struct netlink_request *request, uint16_t type,
		    uint16_t flags, size_t body_size)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = NLM_F_REQUEST | flags;
	request->header.nlmsg_len = NLMSG_LENGTH(body_size);
	return NLMSG_DATA(&request->header);
}

void netlink_add(struct netlink_request *request, uint16_t type,
		 const void *data, size_t size)
{
	struct nlmsghdr *header = &request->header;
	struct rtattr *attribute;

	attribute = (struct rtattr *)(request->bytes +
				      NLMSG_ALIGN(header->nlmsg_len));
	attribute->rta_type = type;
	attribute->rta_len = RTA_LENGTH(size);
	memcpy(RTA_DATA(attribute), data, size);
	header->nlmsg_len =
		NLMSG_ALIGN(header->nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

void netlink_add_u32(struct netlink_request *request, uint16_t type,
		     uint32_t value)
{
	netlink_add(request, type, &value, sizeof(value));
}

static int open_and_send(struct netlink_request *request)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int r;

	if (fd < 0)
		return -errno;
	if (send(fd, request, request->header.nlmsg_len, 0) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

/* Returns 1 at the end of the answer, 0 when more follows, or an error. */
static int handle(const struct nlmsghdr *message, netlink_each *each,
		  void *context)
{
	const struct nlmsgerr *error;

	if (message->nlmsg_type == NLMSG_DONE)
		return 1;
	if (message->nlmsg_type == NLMSG_ERROR) {
		error = NLMSG_DATA(message);
		return error->error < 0 ? error->error : 1;
	}
	return each ? each(context, message) : 0;
}

static int receive(int fd, netlink_each *each, void *context)
{
	static char buffer[32768] __attribute__((aligned(8)));
	const struct nlmsghdr *message;
	ssize_t received;
	int r = 0;

	while (!r) {
		received = recv(fd, buffer, sizeof(buffer), 0);
		if (received < 0)
			return -errno;
		message = (const struct nlmsghdr *)buffer;
		for (unsigned int left = received;
		     !r && NLMSG_OK(message, left);
		     message = NLMSG_NEXT(message, left))
			r = handle(message, each, context);
	}
	return r < 0 ? r : 0;
}

static int run(struct netlink_request *request, netlink_each *each,
	       void *context)
{
	int fd = open_and_send(request);
	int r;

	if (fd < 0)
		return fd;
	r = receive(fd, each, context);
	close(fd);
	return r;
}

int netlink_send(struct netlink_request *request)
{
	request->header.nlmsg_flags |= NLM_F_ACK;
	return run(request, NULL, NULL);
}

int netlink_dump(struct netlink_request *request, netlink_each *each,
		 void *context)
{
	request->header.nlmsg_flags |= NLM_F_DUMP;
	return run(request, each, context);
}

void netlink_attributes(const struct nlmsghdr *message, size_t body_size,
			const struct rtattr **ret, unsigned int max)
{
	const struct rtattr *attribute =
		(const struct rtattr *)((const char *)NLMSG_DATA(message) +
					NLMSG_ALIGN(body_size));
	int left = (int)message->nlmsg_len - (int)NLMSG_SPACE(body_size);

	for (unsigned int i = 0; i <= max; i++)
		ret[i] = NULL;
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
		if (attribute->rta_type <= max)
			ret[attribute->rta_type] = attribute;
}

uint32_t netlink_u32(const struct rtattr *attribute)
{
	uint32_t value;

	if (!attribute || RTA_PAYLOAD(attribute) < sizeof(value))
		return 0;
	memcpy(&value, RTA_DATA(attribute), sizeof(value));
	return value;
}
