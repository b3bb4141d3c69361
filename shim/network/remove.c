// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes away what an earlier process may have left in a network namespace. */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <string.h>

#include "agent/netlink.h"
#include "config/problem.h"
#include "namespace.h"
#include "network_private.h"

struct found {
	int indexes[2 * NETWORK_MAX_LINKS];
	size_t nr;
};

/* Interfaces whose ingress may be ours. */
static int take_qdisc(void *context, const struct nlmsghdr *message)
{
	const struct tcmsg *tc = NLMSG_DATA(message);
	struct found *found = context;

	if (tc->tcm_parent == TC_H_INGRESS &&
	    found->nr < sizeof(found->indexes) / sizeof(found->indexes[0]))
		found->indexes[found->nr++] = tc->tcm_ifindex;
	return 0;
}

/* A tap is there as long as QEMU has it open. */
static int take_link(void *context, const struct nlmsghdr *message)
{
	const struct rtattr *attributes[IFLA_IFNAME + 1];
	bool *is_used = context;

	netlink_attributes(message, sizeof(struct ifinfomsg), attributes, IFLA_IFNAME);
	if (attributes[IFLA_IFNAME] && RTA_PAYLOAD(attributes[IFLA_IFNAME]) > strlen(TAP_PREFIX) &&
	    !strncmp(RTA_DATA(attributes[IFLA_IFNAME]), TAP_PREFIX, strlen(TAP_PREFIX)))
		*is_used = true;
	return 0;
}

static int find_taps(bool *ret)
{
	struct netlink_request request;

	netlink_begin(&request, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	*ret = false;
	return netlink_dump(&request, take_link, ret);
}

static int remove_all(void)
{
	struct netlink_request request;
	struct found found = { 0 };
	int r;

	netlink_begin(&request, RTM_GETQDISC, 0, sizeof(struct tcmsg));
	r = netlink_dump(&request, take_qdisc, &found);
	for (size_t i = 0; r == 0 && i < found.nr; i++)
		r = redirect_remove(found.indexes[i]);
	return r;
}

/* Of a guest that runs: it is not the one whose shim is gone. */
static int remove_unused(void)
{
	bool is_used;
	int r = find_taps(&is_used);

	return r < 0 || is_used ? r : remove_all();
}

int network_remove(const char *netns, struct problem *problem)
{
	struct visit home;
	int r = namespace_enter(&home, netns, problem);

	/* CNI removes it, perhaps first; what is left of its file is no namespace. */
	if (r < 0)
		return r == -ENOENT || r == -EINVAL ? 0 : r;
	r = remove_unused();
	namespace_leave(&home);
	if (r < 0)
		return problem_set(problem, r,
				   "network namespace %s: cannot take the redirects away: %s",
				   netns, strerror(-r));
	return 0;
}
