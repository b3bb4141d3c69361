/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cgroup of a sandbox on this machine, for sandbox_cgroup_only: this process, and
 * with it QEMU and all else that it starts, below the pod's cgroup, whose limits
 * and statistics then count. In cgroup v2, or in all hierarchies of v1.
 */
#ifndef KBM_SHIM_CGROUP_H
#define KBM_SHIM_CGROUP_H

struct cgroup;
struct json_object;
struct problem;

/**
 * cgroup_find_path - where config.json wants it, as Kata names it there
 * @spec:	linux.cgroupsPath is a path, or systemd's SLICE:PREFIX:NAME.
 * @id:		of the sandbox, where there is none.
 * @ret:	begins with a slash, its last part with "kata_"; the caller frees it.
 *
 * -EINVAL: a path that leads out of the hierarchy, or is too long.
 */
int cgroup_find_path(struct json_object *spec, const char *id, char **ret, struct problem *problem);

/**
 * cgroup_join - make it, and move this process there
 *
 * On an error the process is where it was.
 */
int cgroup_join(const char *path, struct cgroup **ret, struct problem *problem);

/*
 * Back to where it was, with all that is in it, and away with the cgroup. What is above
 * it stays. NULL is fine.
 */
struct cgroup *cgroup_leave(struct cgroup *cgroup);

/**
 * cgroup_remove - away with what a process that is gone has joined
 * @seconds:	for its processes, which are about to be gone, too; then they are moved.
 */
int cgroup_remove(const char *path, double seconds, struct problem *problem);

#endif
