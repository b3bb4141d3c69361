// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "mount_options.h"

static const struct {
	const char *name;
	unsigned long set, clear;
} known[] = {
	{ "defaults", 0, 0 },		{ "ro", MS_RDONLY, 0 },
	{ "rw", 0, MS_RDONLY },		{ "nosuid", MS_NOSUID, 0 },
	{ "suid", 0, MS_NOSUID },	{ "nodev", MS_NODEV, 0 },
	{ "dev", 0, MS_NODEV },		{ "noexec", MS_NOEXEC, 0 },
	{ "exec", 0, MS_NOEXEC },	{ "sync", MS_SYNCHRONOUS, 0 },
	{ "async", 0, MS_SYNCHRONOUS }, { "dirsync", MS_DIRSYNC, 0 },
	{ "noatime", MS_NOATIME, 0 },	{ "nodiratime", MS_NODIRATIME, 0 },
	{ "relatime", MS_RELATIME, 0 }, { "strictatime", MS_STRICTATIME, 0 },
	{ "bind", MS_BIND, 0 },		{ "rbind", MS_BIND | MS_REC, 0 },
};

static bool apply_flag(const char *option, unsigned long *flags)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(option, known[i].name))
			continue;
		*flags = (*flags | known[i].set) & ~known[i].clear;
		return true;
	}
	return false;
}

int mount_options_parse(char *const *options, size_t count,
			unsigned long *ret_flags, char *data, size_t size)
{
	unsigned long flags = 0;
	size_t used = 0;
	int length;

	*data = '\0';
	for (size_t i = 0; i < count; i++) {
		if (!*options[i] || apply_flag(options[i], &flags))
			continue;
		length = snprintf(data + used, size - used, "%s%s",
				  used ? "," : "", options[i]);
		if (length < 0 || (size_t)length >= size - used)
			return -E2BIG;
		used += length;
	}
	*ret_flags = flags;
	return 0;
}
