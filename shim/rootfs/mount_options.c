// SPDX-License-Identifier: GPL-2.0-or-later
#include "mount_options.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

static const struct {
	const char *name;
	unsigned long set;
	unsigned long clear;
} flags[] = {
	{ "defaults", 0, 0 },
	{ "ro", MS_RDONLY, 0 },
	/* With all that is mounted below it, as is a bind with MS_REC here. */
	{ "rro", MS_RDONLY, 0 },
	{ "rw", 0, MS_RDONLY },
	{ "nosuid", MS_NOSUID, 0 },
	{ "suid", 0, MS_NOSUID },
	{ "nodev", MS_NODEV, 0 },
	{ "dev", 0, MS_NODEV },
	{ "noexec", MS_NOEXEC, 0 },
	{ "exec", 0, MS_NOEXEC },
	{ "sync", MS_SYNCHRONOUS, 0 },
	{ "async", 0, MS_SYNCHRONOUS },
	{ "dirsync", MS_DIRSYNC, 0 },
	{ "mand", 0, 0 },
	{ "nomand", 0, 0 },
	{ "noatime", MS_NOATIME, 0 },
	{ "atime", 0, MS_NOATIME },
	{ "nodiratime", MS_NODIRATIME, 0 },
	{ "diratime", 0, MS_NODIRATIME },
	{ "relatime", MS_RELATIME, 0 },
	{ "norelatime", 0, MS_RELATIME },
	{ "strictatime", MS_STRICTATIME, 0 },
	{ "nostrictatime", 0, MS_STRICTATIME },
	{ "lazytime", MS_LAZYTIME, 0 },
	{ "nolazytime", 0, MS_LAZYTIME },
	{ "bind", MS_BIND, 0 },
	{ "rbind", MS_BIND | MS_REC, 0 },
};

static const struct {
	const char *name;
	unsigned long propagation;
} propagations[] = {
	{ "private", MS_PRIVATE },	  { "rprivate", MS_PRIVATE | MS_REC },
	{ "slave", MS_SLAVE },		  { "rslave", MS_SLAVE | MS_REC },
	{ "shared", MS_SHARED },	  { "rshared", MS_SHARED | MS_REC },
	{ "unbindable", MS_UNBINDABLE },  { "runbindable", MS_UNBINDABLE | MS_REC },
};

static bool take_flag(const char *name, struct mount_options *options)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(flags[i].name, name))
			continue;
		options->flags = (options->flags & ~flags[i].clear) | flags[i].set;
		return true;
	}
	for (size_t i = 0; i < sizeof(propagations) / sizeof(propagations[0]); i++) {
		if (strcmp(propagations[i].name, name))
			continue;
		options->propagation = propagations[i].propagation;
		return true;
	}
	return false;
}

static int add_data(struct mount_options *options, const char *text)
{
	size_t used = strlen(options->data), length = strlen(text);

	if (used + length + 2 > sizeof(options->data))
		return -E2BIG;
	if (used)
		options->data[used++] = ',';
	memcpy(options->data + used, text, length + 1);
	return 0;
}

int mount_options_parse(char *const *options, size_t nr, struct mount_options *ret)
{
	int r = 0;

	*ret = (struct mount_options){ 0 };
	for (size_t i = 0; r == 0 && i < nr; i++) {
		if (!strcmp(options[i], "loop"))
			ret->is_loop = true;
		else if (*options[i] && !take_flag(options[i], ret))
			r = add_data(ret, options[i]);
	}
	return r;
}

bool mount_options_is_bind(const char *type, const struct mount_options *options)
{
	return (options->flags & MS_BIND) || !strcmp(type, "bind") || !strcmp(type, "rbind");
}
