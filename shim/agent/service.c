// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "boot.h"
#include "agent.pb-c.h"
#include "calls.h"
#include "log.h"
#include "service.h"

static const struct ttrpc_method agent_methods[] = {
	{ "CreateContainer", call_create_container },
	{ "StartContainer", call_start_container },
	{ "RemoveContainer", call_remove_container },
	{ "ExecProcess", call_exec_process },
	{ "SignalProcess", call_signal_process },
	{ "WaitProcess", call_wait_process },
	{ "UpdateContainer", call_update_container },
	{ "StatsContainer", call_stats },
	{ "PauseContainer", call_pause },
	{ "ResumeContainer", call_resume },
	{ "CloseStdin", call_close_stdin },
	{ "TtyWinResize", call_resize },
	{ "UpdateInterface", call_update_interface },
	{ "UpdateRoutes", call_update_routes },
	{ "ListInterfaces", call_list_interfaces },
	{ "ListRoutes", call_list_routes },
	{ "AddARPNeighbors", call_add_neighbours },
	{ "CreateSandbox", call_create_sandbox },
	{ "DestroySandbox", call_destroy_sandbox },
	{ "OnlineCPUMem", call_online_cpu_mem },
	{ "ReseedRandomDev", call_reseed },
	{ "GetGuestDetails", call_details },
	{ "SetGuestDateTime", call_set_time },
	{ "CopyFile", call_copy_file },
	{ "GetOOMEvent", call_get_oom_event },
	{ NULL, NULL },
};

static const struct ttrpc_method health_methods[] = {
	{ "Check", call_check },
	{ "Version", call_version },
	{ NULL, NULL },
};

static struct ttrpc_service services[] = {
	{ .descriptor = &grpc__agent_service__descriptor,
	  .methods = agent_methods },
	{ .descriptor = &grpc__health__descriptor, .methods = health_methods },
};

static void on_closed(int error, void *context)
{
	(void)context;
	log_line("the shim has hung up (%s): the guest ends", strerror(-error));
	boot_power_off();
}

static void on_answered(const struct ttrpc_call *call, enum ttrpc_code code,
			const char *message, void *context)
{
	(void)context;
	log_debug("%s: %s%s%s (%.1f ms)", ttrpc_call_method(call),
		  code == TTRPC_OK ? "done" : ttrpc_code_name(code),
		  *message ? ": " : "", message, ttrpc_call_age(call) * 1000);
}

int service_start(struct agent *agent, int fd)
{
	int r;

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		services[i].context = agent;
	r = ttrpc_server_new(agent->loop, services,
			     sizeof(services) / sizeof(services[0]),
			     &agent->server);
	if (r < 0)
		return r;
	ttrpc_server_on_closed(agent->server, on_closed, agent);
	ttrpc_server_on_answered(agent->server, on_answered, agent);
	return ttrpc_server_add(agent->server, fd);
}
