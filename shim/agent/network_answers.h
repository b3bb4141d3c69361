/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_AGENT_NETWORK_ANSWERS_H
#define KBM_AGENT_NETWORK_ANSWERS_H

struct ttrpc_call;

/* End the call with what the guest has: grpc.Interfaces, grpc.Routes. */
void answer_interfaces(struct ttrpc_call *call);
void answer_routes(struct ttrpc_call *call);

#endif
