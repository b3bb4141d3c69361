/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent has, one of each. */
#ifndef KBM_AGENT_AGENT_H
#define KBM_AGENT_AGENT_H

#include <ev.h>
#include <stdbool.h>

#define AGENT_RUN_DIR "/run/kata-bm"
#define AGENT_CGROUP "/kata-bm" /* of all containers, below the root */
#define AGENT_VERSION "1.0.0"

struct container;
struct mux;
struct oom_watch;
struct reaper;
struct storages;
struct stream_mux;
struct ttrpc_server;

struct agent {
	struct ev_loop *loop;
	struct reaper *reaper;
	struct stream_mux *streams;
	struct ttrpc_server *server;
	struct storages *storages;
	struct oom_watch *oom;
	struct container *containers;
	bool has_sandbox;
	bool is_live; /* the host counts exits from now on */
	pid_t pause_pid; /* first process of the shared PID namespace, or 0 */
};

#endif
