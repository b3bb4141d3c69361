// SPDX-License-Identifier: GPL-2.0-or-later
#include "task_events.h"

#include <string.h>

#include "containerd/task_events.pb-c.h"
#include "container.h"
#include "events/publisher.h"
#include "shim.h"
#include "shim_log.h"

Google__Protobuf__Timestamp timestamp_from(const struct timespec *time)
{
	Google__Protobuf__Timestamp timestamp = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

	timestamp.seconds = time->tv_sec;
	timestamp.nanos = (int32_t)time->tv_nsec;
	return timestamp;
}

static void publish(struct shim *shim, const char *topic, const ProtobufCMessage *event)
{
	int r = shim->publisher ? events_publish(shim->publisher, topic, event) : 0;

	if (r < 0)
		shim_log(SHIM_LOG_ERROR, "event %s is lost: %s", topic, strerror(-r));
}

void publish_create(struct container *container, Containerd__Types__Mount **rootfs, size_t nr)
{
	Containerd__Events__TaskCreate event = CONTAINERD__EVENTS__TASK_CREATE__INIT;
	Containerd__Events__TaskIO io = CONTAINERD__EVENTS__TASK_IO__INIT;
	const struct process *init = &container->init;

	io.stdin = init->stdin_;
	io.stdout = init->stdout_;
	io.stderr = init->stderr_;
	io.terminal = init->terminal;
	event.container_id = container->id;
	event.bundle = container->bundle;
	event.rootfs = rootfs;
	event.n_rootfs = nr;
	event.io = &io;
	event.pid = init->pid;
	publish(container->shim, "/tasks/create", &event.base);
}

static void publish_task_start(struct process *process)
{
	Containerd__Events__TaskStart event = CONTAINERD__EVENTS__TASK_START__INIT;

	event.container_id = process->container->id;
	event.pid = process->pid;
	publish(process->container->shim, "/tasks/start", &event.base);
}

static void publish_exec_started(struct process *process)
{
	Containerd__Events__TaskExecStarted event = CONTAINERD__EVENTS__TASK_EXEC_STARTED__INIT;

	event.container_id = process->container->id;
	event.exec_id = process->exec_id;
	event.pid = process->pid;
	publish(process->container->shim, "/tasks/exec-started", &event.base);
}

void publish_start(struct process *process)
{
	if (*process->exec_id)
		publish_exec_started(process);
	else
		publish_task_start(process);
}

void publish_exec_added(struct process *process)
{
	Containerd__Events__TaskExecAdded event = CONTAINERD__EVENTS__TASK_EXEC_ADDED__INIT;

	event.container_id = process->container->id;
	event.exec_id = process->exec_id;
	publish(process->container->shim, "/tasks/exec-added", &event.base);
}

void publish_exit(struct process *process)
{
	Containerd__Events__TaskExit event = CONTAINERD__EVENTS__TASK_EXIT__INIT;
	Google__Protobuf__Timestamp exited_at = timestamp_from(&process->exited_at);

	event.container_id = process->container->id;
	event.id = *process->exec_id ? process->exec_id : process->container->id;
	event.pid = process->pid;
	event.exit_status = process->exit_status;
	event.exited_at = &exited_at;
	publish(process->container->shim, "/tasks/exit", &event.base);
}

void publish_delete(struct container *container)
{
	Containerd__Events__TaskDelete event = CONTAINERD__EVENTS__TASK_DELETE__INIT;
	Google__Protobuf__Timestamp exited_at = timestamp_from(&container->init.exited_at);

	event.container_id = container->id;
	event.pid = container->init.pid;
	event.exit_status = container->init.exit_status;
	event.exited_at = &exited_at;
	publish(container->shim, "/tasks/delete", &event.base);
}

void publish_paused(struct container *container)
{
	Containerd__Events__TaskPaused event = CONTAINERD__EVENTS__TASK_PAUSED__INIT;

	event.container_id = container->id;
	publish(container->shim, "/tasks/paused", &event.base);
}

void publish_resumed(struct container *container)
{
	Containerd__Events__TaskResumed event = CONTAINERD__EVENTS__TASK_RESUMED__INIT;

	event.container_id = container->id;
	publish(container->shim, "/tasks/resumed", &event.base);
}

void publish_oom(struct shim *shim, const char *id)
{
	Containerd__Events__TaskOOM event = CONTAINERD__EVENTS__TASK_OOM__INIT;

	event.container_id = (char *)id;
	publish(shim, "/tasks/oom", &event.base);
}
