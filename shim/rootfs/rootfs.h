/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Root file systems and volumes of containers, on their way into a guest.
 *
 * A sandbox has one directory, @shared, that the guest sees by 9p. Whatever
 * containers need is mounted below it, in the shim's own mount namespace, which
 * QEMU inherits:
 *
 *	@shared/ID/rootfs		the container's root
 *	@shared/ID/volume-N		its volumes, by their order in config.json
 *
 * Beside it is @shared.rw, a small tmpfs, where all that is made; @shared is a
 * view of that, read-only but for what is mounted there. So a guest cannot fill
 * the host's file system, nor put a symbolic link in the way of a later mount.
 *
 * A root that is an ext4 block device (or image) is no mount here: it is a disk
 * of the guest, if the guest has not started yet. There is no hot plug; later
 * containers of a pod have theirs mounted and shared like the rest.
 *
 *	rootfs_open_sandbox()		before the VM starts
 *	rootfs_add_container()		for each container, the first before vm_start()
 *	rootfs_remove_container()
 *	rootfs_remove_all()		also with nothing but the directory
 */
#ifndef KBM_SHIM_ROOTFS_H
#define KBM_SHIM_ROOTFS_H

#include <stdbool.h>
#include <stddef.h>

struct config;
struct json_object;
struct problem;

/* Tag of the share, and where the guest has it. */
#define ROOTFS_TAG		"kataShared"
#define ROOTFS_GUEST_SHARED	"/run/kata-containers/shared/containers"
/* Shared memory of all containers of a sandbox. */
#define ROOTFS_GUEST_SHM	"/run/kata-containers/sandbox/shm"

/* A mount as containerd's Create has it. */
struct rootfs_mount {
	const char *type;
	const char *source;
	const char *target;
	char *const *options;
	size_t nr_options;
};

/* Fields of the agent's message Storage; one that is not used is NULL. */
struct rootfs_storage {
	char *driver;
	char *source;
	char *fstype;
	char *mount_point;
	char **options;
	size_t nr_options;
};

/* A disk to start the VM with: as struct vm_disk. */
struct rootfs_disk {
	char *source;
	char serial[21];
	bool read_only;
};

/* What became of a container's root and volumes. */
struct rootfs {
	/* Where the root is in the guest: "path" of "root" in config.json. */
	char *guest_root;
	/* For CreateContainerRequest. */
	struct rootfs_storage *storages;
	size_t nr_storages;
	/* For vm_options. */
	struct rootfs_disk *disks;
	size_t nr_disks;
	/* Sentences about what works less than asked; for the log. */
	char **warnings;
	size_t nr_warnings;
};

/**
 * rootfs_open_sandbox - make the directory that the guest will see
 * @shared:	its absolute path; made if it is not there, its parent has to be.
 *
 * The calling process has a mount namespace of its own, with slave propagation
 * (rootfs_unshare()).
 */
int rootfs_open_sandbox(const char *shared, struct problem *problem);

/**
 * rootfs_unshare - a mount namespace of its own for this process
 *
 * Mounts of the host still arrive in it, none of ours leaves it: they are gone
 * with the last process in it, whatever happens.
 */
int rootfs_unshare(struct problem *problem);

/**
 * rootfs_sandbox_storages - what CreateSandboxRequest has to mount
 * @shm_bytes:	size of ROOTFS_GUEST_SHM; 0: 64 MiB.
 *
 * The share, and shared memory. Free with rootfs_free_storages().
 */
int rootfs_sandbox_storages(const struct config *config, unsigned long long shm_bytes,
			    struct rootfs_storage **ret, size_t *ret_nr);
void rootfs_free_storages(struct rootfs_storage *storages, size_t nr);

/**
 * rootfs_add_container - mount a container's root and volumes for the guest
 * @shared:	the sandbox's directory.
 * @id:		the container; letters, digits, '-', '_', '.', no "." or "..".
 * @bundle:	its bundle; relative paths in @spec start here.
 * @mounts:	containerd's mounts of the root, in order; with none the root is
 *		"root.path" in @spec.
 * @spec:	config.json; "root" and "mounts" are changed to paths in the
 *		guest.
 * @can_plug:	the VM has not started: block devices may become disks.
 *
 * -EINVAL, -ENOENT, -EOPNOTSUPP, or mount(2)'s error; the words name the mount.
 * Nothing is left then, and @spec is as it was. The caller frees @ret by
 * rootfs_free().
 */
int rootfs_add_container(const struct config *config, const char *shared, const char *id,
			 const char *bundle, const struct rootfs_mount *mounts, size_t nr_mounts,
			 struct json_object *spec, bool can_plug, struct rootfs **ret,
			 struct problem *problem);

struct rootfs *rootfs_free(struct rootfs *rootfs);

/**
 * rootfs_remove_container - unmount all that belongs to a container
 *
 * Nothing there: 0. What is in the mounts is never touched.
 */
int rootfs_remove_container(const char *shared, const char *id, struct problem *problem);

/**
 * rootfs_remove_all - unmount all below a directory, and remove it
 *
 * By what /proc/self/mountinfo lists: nothing else needs to be known. @shared and
 * @shared.rw are removed by rmdir(2), so that nothing behind a mount can be lost.
 */
int rootfs_remove_all(const char *shared, struct problem *problem);

#endif
