// SPDX-License-Identifier: GPL-2.0-or-later
#include "twin_order.h"

#include <assert.h>

#include "packet.h"

static_assert(_ORDER_FDS <= PACKET_MAX_FDS, "size");

/* Only those that are there can be sent: their places are in the message. */
static unsigned int pack(struct twin_order *order, int *fds)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < _ORDER_FDS; i++) {
		if (order->fds[i] < 0)
			continue;
		fds[nr] = order->fds[i];
		order->fds[i] = (int)nr++;
	}
	return nr;
}

int twin_order_send(int socket, const struct twin_order *order)
{
	struct twin_order packed = *order;
	int fds[_ORDER_FDS];
	unsigned int nr = pack(&packed, fds);

	return packet_send(socket, &packed, sizeof(packed), fds, nr);
}

static void unpack(struct twin_order *order, const int *fds)
{
	for (unsigned int i = 0; i < _ORDER_FDS; i++) {
		if (order->fds[i] >= 0)
			order->fds[i] = fds[order->fds[i]];
	}
}

int twin_order_receive(int socket, struct twin_order *ret_order)
{
	int fds[_ORDER_FDS];
	int r = packet_receive(socket, ret_order, sizeof(*ret_order), fds, _ORDER_FDS);

	if (!r)
		unpack(ret_order, fds);
	return r;
}
