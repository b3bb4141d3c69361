// SPDX-License-Identifier: GPL-2.0-or-later
/* All packets of one interface to another: tc's ingress, u32 and mirred. */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/tc_act/tc_mirred.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "agent/netlink.h"
#include "network_private.h"

/* CNI plugins may be at work on the same interface. */
#define BUSY_RETRIES	5
#define BUSY_WAIT_NS	10000000

#define INGRESS_HANDLE	0xffff0000U
#define PRIORITY	1U

static struct tcmsg *begin(struct netlink_request *request, uint16_t type, uint16_t flags,
			   int index, uint32_t handle, uint32_t parent)
{
	struct tcmsg *tc = netlink_begin(request, type, flags, sizeof(*tc));

	tc->tcm_ifindex = index;
	tc->tcm_handle = handle;
	tc->tcm_parent = parent;
	return tc;
}

static void add_string(struct netlink_request *request, uint16_t type, const char *text)
{
	netlink_add(request, type, text, strlen(text) + 1);
}

/* What is added until end_nest() is inside. */
static struct rtattr *begin_nest(struct netlink_request *request, uint16_t type)
{
	char *at = request->bytes + NLMSG_ALIGN(request->header.nlmsg_len);

	netlink_add(request, type, "", 0);
	return (struct rtattr *)at;
}

static void end_nest(struct netlink_request *request, struct rtattr *nest)
{
	nest->rta_len = (unsigned short)(request->bytes + request->header.nlmsg_len -
					 (char *)nest);
}

static int add_ingress(int index)
{
	struct netlink_request request;

	begin(&request, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, index, INGRESS_HANDLE,
	      TC_H_INGRESS);
	add_string(&request, TCA_KIND, "ingress");
	return netlink_send(&request);
}

int redirect_remove(int from)
{
	struct netlink_request request;
	int r;

	begin(&request, RTM_DELQDISC, 0, from, INGRESS_HANDLE, TC_H_INGRESS);
	r = netlink_send(&request);
	/* No qdisc, or an empty place for one. */
	return r == -ENOENT || r == -EINVAL || r == -ENODEV ? 0 : r;
}

static void add_mirred(struct netlink_request *request, int to)
{
	struct tc_mirred mirred = {
		.action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = (uint32_t)to,
	};
	struct rtattr *actions = begin_nest(request, TCA_U32_ACT);
	struct rtattr *first = begin_nest(request, 1), *options;

	add_string(request, TCA_ACT_KIND, "mirred");
	options = begin_nest(request, TCA_ACT_OPTIONS);
	netlink_add(request, TCA_MIRRED_PARMS, &mirred, sizeof(mirred));
	end_nest(request, options);
	end_nest(request, first);
	end_nest(request, actions);
}

/* One key whose mask is zero: any packet. */
static void add_match_all(struct netlink_request *request)
{
	struct {
		struct tc_u32_sel selector;
		struct tc_u32_key key;
	} match = { .selector = { .flags = TC_U32_TERMINAL, .nkeys = 1 } };

	netlink_add(request, TCA_U32_SEL, &match, sizeof(match));
}

static int add_filter(int from, int to)
{
	struct netlink_request request;
	struct tcmsg *tc = begin(&request, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, from, 0,
				 INGRESS_HANDLE);
	struct rtattr *options;

	tc->tcm_info = TC_H_MAKE(PRIORITY << 16, htons(ETH_P_ALL));
	add_string(&request, TCA_KIND, "u32");
	options = begin_nest(&request, TCA_OPTIONS);
	add_match_all(&request);
	add_mirred(&request, to);
	end_nest(&request, options);
	return netlink_send(&request);
}

static int set_once(int from, int to)
{
	int r = redirect_remove(from);

	if (r == 0)
		r = add_ingress(from);
	return r < 0 ? r : add_filter(from, to);
}

int redirect_set(int from, int to)
{
	const struct timespec wait = { .tv_nsec = BUSY_WAIT_NS };
	int r = set_once(from, to);

	for (int i = 0; r == -EBUSY && i < BUSY_RETRIES; i++) {
		nanosleep(&wait, NULL);
		r = set_once(from, to);
	}
	return r;
}
