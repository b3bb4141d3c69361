// SPDX-License-Identifier: GPL-2.0-or-later
#include "storage.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int storage_set(struct rootfs_storage *storage, const char *driver, const char *source,
		const char *fstype, const char *mount_point)
{
	storage->driver = strdup(driver);
	storage->source = strdup(source);
	storage->fstype = strdup(fstype);
	storage->mount_point = strdup(mount_point);
	return storage->driver && storage->source && storage->fstype && storage->mount_point ?
		       0 : -ENOMEM;
}

/* One more in a list of strings. */
static int append(char ***list, size_t *nr, char *item)
{
	char **longer = item ? reallocarray(*list, *nr + 1, sizeof(*longer)) : NULL;

	if (!longer) {
		free(item);
		return -ENOMEM;
	}
	*list = longer;
	longer[(*nr)++] = item;
	return 0;
}

static void free_strings(char **list, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		free(list[i]);
	free(list);
}

int storage_add_option(struct rootfs_storage *storage, const char *option)
{
	return append(&storage->options, &storage->nr_options, strdup(option));
}

static void storage_done(struct rootfs_storage *storage)
{
	free(storage->driver);
	free(storage->source);
	free(storage->fstype);
	free(storage->mount_point);
	free_strings(storage->options, storage->nr_options);
}

void rootfs_free_storages(struct rootfs_storage *storages, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		storage_done(&storages[i]);
	free(storages);
}

struct rootfs_storage *rootfs_new_storage(struct rootfs *rootfs)
{
	struct rootfs_storage *longer =
		reallocarray(rootfs->storages, rootfs->nr_storages + 1, sizeof(*longer));

	if (!longer)
		return NULL;
	rootfs->storages = longer;
	longer[rootfs->nr_storages] = (struct rootfs_storage){ 0 };
	return &longer[rootfs->nr_storages++];
}

struct rootfs_disk *rootfs_new_disk(struct rootfs *rootfs, const char *source, const char *serial)
{
	struct rootfs_disk *longer =
		reallocarray(rootfs->disks, rootfs->nr_disks + 1, sizeof(*longer));
	struct rootfs_disk *disk;

	if (!longer)
		return NULL;
	rootfs->disks = longer;
	disk = &longer[rootfs->nr_disks];
	*disk = (struct rootfs_disk){ .source = strdup(source) };
	if (!disk->source)
		return NULL;
	snprintf(disk->serial, sizeof(disk->serial), "%s", serial);
	rootfs->nr_disks++;
	return disk;
}

int rootfs_warn(struct rootfs *rootfs, const char *format, ...)
{
	char *text = NULL;
	va_list values;
	int r;

	va_start(values, format);
	r = vasprintf(&text, format, values);
	va_end(values);
	return append(&rootfs->warnings, &rootfs->nr_warnings, r < 0 ? NULL : text);
}

struct rootfs *rootfs_free(struct rootfs *rootfs)
{
	if (!rootfs)
		return NULL;
	free(rootfs->guest_root);
	rootfs_free_storages(rootfs->storages, rootfs->nr_storages);
	for (size_t i = 0; i < rootfs->nr_disks; i++)
		free(rootfs->disks[i].source);
	free(rootfs->disks);
	free_strings(rootfs->warnings, rootfs->nr_warnings);
	free(rootfs);
	return NULL;
}
