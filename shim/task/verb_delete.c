// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "../../proxy/cleanup.h"
#include "address.h"
#include "cgroup/cgroup.h"
#include "config/problem.h"
#include "containerd/task.pb-c.h"
#include "network/network.h"
#include "options.h"
#include "pod.h"
#include "poststop.h"
#include "rootfs/rootfs.h"
#include "spec.h"
#include "state.h"
#include "task_events.h"
#include "vm/vm.h"

/* containerd waits 5 seconds for all of it. */
#define SHIM_SECONDS 1
#define VM_SECONDS 2.5
#define CGROUP_SECONDS .5
#define HOOK_SECONDS 4.
/* As if killed: 128 + SIGKILL. */
#define EXIT_STATUS 137

/* containerd logs what comes on stderr as a warning. */
static void warn(int r, const struct problem *problem)
{
	if (r < 0)
		fprintf(stderr, "%s\n", problem->text);
}

/* A shim that hangs, or that containerd has no connection to any more. */
static void kill_shim(const char *state_dir)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	pid_t pid = state_find_shim(state_dir);

	if (!pid || kill(pid, SIGKILL) < 0)
		return;
	for (int i = 0; i < SHIM_SECONDS * 100 && state_find_shim(state_dir); i++)
		nanosleep(&pause, NULL);
}

static void remove_network(const char *state_dir)
{
	struct problem problem = { "" };
	char netns[PATH_MAX];

	if (!state_read_netns(state_dir, netns, sizeof(netns)))
		warn(network_remove(netns, &problem), &problem);
}

static void remove_cgroup(const char *state_dir)
{
	struct problem problem = { "" };
	char path[PATH_MAX];

	if (!state_read_cgroup(state_dir, path, sizeof(path)))
		warn(cgroup_remove(path, CGROUP_SECONDS, &problem), &problem);
}

static void remove_sandbox(const struct options *options)
{
	cleanup_free char *state_dir = state_path(options->namespace_, options->id);
	cleanup_free char *shared = state_shared_path(state_dir);
	struct problem problem = { "" };
	char address[ADDRESS_SIZE];

	kill_shim(state_dir);
	warn(vm_kill_from_files(state_dir, VM_SECONDS, &problem), &problem);
	remove_network(state_dir);
	remove_cgroup(state_dir);
	warn(rootfs_remove_all(shared, &problem), &problem);
	poststop_run_all(state_dir, HOOK_SECONDS);
	warn(state_remove(state_dir, &problem), &problem);
	if (!address_make(NULL, options->address, options->namespace_, options->id, address) &&
	    address_probe(address) < 0)
		unlink(address + strlen(ADDRESS_SCHEME));
}

/* A container of a pod has nothing here: its mounts are its shim's, and the guest's. */
static bool is_in_pod(const char *bundle)
{
	struct pod_place place = { .role = POD_SINGLE };
	struct problem problem = { "" };
	struct json_object *spec;

	if (spec_read(bundle, &spec, &problem) < 0)
		return false;
	if (pod_place_find(spec, &place, &problem) < 0)
		place.role = POD_SINGLE;
	json_object_put(spec);
	return place.role == POD_CONTAINER;
}

static int answer(void)
{
	Containerd__Task__V2__DeleteResponse response = CONTAINERD__TASK__V2__DELETE_RESPONSE__INIT;
	Google__Protobuf__Timestamp exited_at;
	uint8_t packed[64];
	struct timespec now;
	size_t size;

	clock_gettime(CLOCK_REALTIME, &now);
	exited_at = timestamp_from(&now);
	response.exit_status = EXIT_STATUS;
	response.exited_at = &exited_at;
	size = containerd__task__v2__delete_response__pack(&response, packed);
	if (fwrite(packed, 1, size, stdout) != size || fflush(stdout))
		return verb_fail("standard output: cannot write the answer");
	return EXIT_SUCCESS;
}

int verb_delete(const struct options *options)
{
	char bundle[PATH_MAX], rootfs[PATH_MAX + 8];

	if (*options->bundle)
		snprintf(bundle, sizeof(bundle), "%s", options->bundle);
	else if (!getcwd(bundle, sizeof(bundle)))
		return verb_fail("bundle: write -bundle PATH");
	if (!is_in_pod(bundle))
		remove_sandbox(options);
	/* Nothing of ours is mounted there, but of others there may be. */
	snprintf(rootfs, sizeof(rootfs), "%s/rootfs", bundle);
	umount2(rootfs, MNT_DETACH | UMOUNT_NOFOLLOW);
	return answer();
}
