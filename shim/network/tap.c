// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../../proxy/cleanup.h"
#include "agent/netlink.h"
#include "config/take.h"
#include "network_private.h"

#define TUN_DEVICE	"/dev/net/tun"

static int bring_up(int index, unsigned int mtu)
{
	struct netlink_request request;
	struct ifinfomsg *link = netlink_begin(&request, RTM_NEWLINK, 0, sizeof(*link));

	link->ifi_index = index;
	link->ifi_flags = IFF_UP;
	link->ifi_change = IFF_UP;
	netlink_add_u32(&request, IFLA_MTU, mtu);
	return netlink_send(&request);
}

int tap_open(const char *name, unsigned int mtu, int *ret_fd, int *ret_index)
{
	cleanup_close int fd = open(TUN_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int r;

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return -errno;
	*ret_index = (int)if_nametoindex(request.ifr_name);
	if (!*ret_index)
		return -errno;
	r = bring_up(*ret_index, mtu);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	return 0;
}
