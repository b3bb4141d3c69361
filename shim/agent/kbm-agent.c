// SPDX-License-Identifier: GPL-2.0-or-later
/* The first process of a guest: starts containers and tells how they fare. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "boot.h"
#include "calls.h"
#include "log.h"
#include "oom.h"
#include "reaper.h"
#include "service.h"
#include "storage.h"
#include "stream/port.h"

/* Names of the virtio-console ports; the VM's layer gives them. */
#define AGENT_PORT "kbm.agent"
#define STREAM_PORT "kbm.streams"

static void on_streams_failed(void *context, int error)
{
	(void)context;
	log_line("the port %s failed (%s): the guest ends", STREAM_PORT,
		 strerror(error));
	boot_power_off();
}

static int open_streams(struct agent *agent)
{
	struct stream_port *port;
	int fd, r;

	fd = boot_open_port(STREAM_PORT);
	if (fd < 0)
		return fd;
	r = stream_port_new(agent->loop, fd, on_streams_failed, agent, &port);
	if (r < 0) {
		close(fd);
		return r;
	}
	agent->streams = stream_port_mux(port);
	return 0;
}

static int open_service(struct agent *agent)
{
	int fd = boot_open_port(AGENT_PORT);

	return fd < 0 ? fd : service_start(agent, fd);
}

static int start(struct agent *agent)
{
	int r;

	agent->loop = ev_loop_new(EVFLAG_AUTO);
	if (!agent->loop)
		return -1;
	r = reaper_new(agent->loop, &agent->reaper);
	if (r >= 0)
		r = storages_new(&agent->storages);
	if (r >= 0)
		r = oom_watch_new(agent->loop, calls_oom_killed, agent,
				  &agent->oom);
	if (r >= 0)
		r = open_streams(agent);
	/* The last: who is answered finds all the rest there. */
	return r < 0 ? r : open_service(agent);
}

/* Process 1 must not return: the guest ends, and the host sees why. */
int main(void)
{
	static struct agent agent;
	int r;

	if (getpid() != 1) {
		fputs("kbm-agent: is the first process of a guest, and nothing else\n",
		      stderr);
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	r = boot_set_up();
	if (r >= 0)
		r = start(&agent);
	if (r < 0) {
		log_line("cannot start: %s", strerror(-r));
		boot_power_off();
	}
	log_debug("version " AGENT_VERSION " is ready");
	ev_run(agent.loop, 0);
	boot_power_off();
}
