// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ini_file.h"

#define SECTION_MAIN	"control-bm"
#define SECTION_DISKS	"disks"
#define SECTION_PORTS	"ports"

/* A key of [control-bm]: where it goes, its default, and what it may be. */
struct key {
	const char *name;
	size_t offset;
	const char *standard;
	const char *(*check)(const char *value);
};

#define KEY(field, value, check) \
	{ #field, offsetof(struct config, field), value, check }

static const struct key keys[] = {
	KEY(cpus, "1", check_cpus),
	KEY(memory, "1G", check_memory),
	KEY(isolation, "walled", check_isolation),
	KEY(node, NULL, check_number),
	KEY(vmm, "/opt/kata-bm/bin/qemu-system-x86_64", check_path),
	KEY(kernel, "/opt/kata-bm/boot/bzImage", check_path),
	KEY(append, "", NULL),
	KEY(root, "/var/lib/kata-bm/control-bm.img", check_path),
	KEY(tap, NULL, check_name),
	KEY(run, "/run/kata-bm/control-bm", check_path),
	KEY(proxyd, "/opt/kata-bm/bin/kbm-proxyd", NULL),
};

#define NR_KEYS	(sizeof(keys) / sizeof(keys[0]))

static char **field_of(struct config *config, const struct key *key)
{
	return (char **)((char *)config + key->offset);
}

static const char *replace(char **field, const char *value)
{
	char *copy = *value ? strdup(value) : NULL;

	if (*value && !copy)
		return "out of memory";
	free(*field);
	*field = copy;
	return NULL;
}

/* Return: what is wrong, or NULL. */
static const char *take_key(struct config *config, const char *name, const char *value)
{
	const char *problem;

	for (size_t i = 0; i < NR_KEYS; i++) {
		if (strcmp(keys[i].name, name))
			continue;
		if (!*value && keys[i].standard && keys[i].check)
			return "needs a value";
		problem = keys[i].check && *value ? keys[i].check(value) : NULL;
		return problem ? problem : replace(field_of(config, &keys[i]), value);
	}
	return "no such key; see control-bm.conf(5)";
}

/* PATH or PATH,rw */
static const char *take_disk(struct config *config, const char *name, const char *value)
{
	struct disk *disk = &config->disks[config->nr_disks];
	char *flags;

	if (config->nr_disks == CONFIG_MAX_DISKS)
		return "more than 8 disks";
	if (check_name(name))
		return "a disk's name has 1 to 20 letters, digits, '-', '_' and '.'";
	config->nr_disks++;
	disk->name = strdup(name);
	disk->path = strdup(value);
	if (!disk->name || !disk->path)
		return "out of memory";
	flags = strrchr(disk->path, ',');
	if (flags && !strcmp(flags, ",rw")) {
		disk->writable = true;
		*flags = 0;
	}
	return check_path(disk->path);
}

static const char *take_port(struct config *config, const char *name, const char *value)
{
	struct port *port = &config->ports[config->nr_ports];

	if (config->nr_ports == CONFIG_MAX_PORTS)
		return "more than 8 ports";
	if (check_name(name))
		return "a port's name has 1 to 20 letters, digits, '-', '_' and '.'";
	config->nr_ports++;
	port->name = strdup(name);
	port->path = strdup(value);
	if (!port->name || !port->path)
		return "out of memory";
	return check_path(value);
}

static const char *take(void *user, const char *section, const char *name, const char *value)
{
	struct config *config = user;

	if (!strcmp(section, SECTION_MAIN))
		return take_key(config, name, value);
	if (!strcmp(section, SECTION_DISKS))
		return take_disk(config, name, value);
	if (!strcmp(section, SECTION_PORTS))
		return take_port(config, name, value);
	return "not in a section [control-bm], [disks] or [ports]";
}

static int take_defaults(struct config *config)
{
	for (size_t i = 0; i < NR_KEYS; i++)
		if (keys[i].standard && replace(field_of(config, &keys[i]), keys[i].standard))
			return -ENOMEM;
	return 0;
}

int config_read(const char *path, bool must_exist, struct config *config)
{
	int r = take_defaults(config);

	return r ? r : ini_file_read(path, !must_exist, take, config);
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < NR_KEYS; i++)
		free(*field_of(config, &keys[i]));
	for (size_t i = 0; i < config->nr_disks; i++) {
		free(config->disks[i].name);
		free(config->disks[i].path);
	}
	for (size_t i = 0; i < config->nr_ports; i++) {
		free(config->ports[i].name);
		free(config->ports[i].path);
	}
	*config = (struct config){ 0 };
}
