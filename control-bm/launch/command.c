// SPDX-License-Identifier: GPL-2.0-or-later
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One more word. */
static void __attribute__((format(printf, 2, 3))) add(struct command *command,
						      const char *format, ...)
{
	char *word = NULL;
	va_list values;
	int r;

	va_start(values, format);
	r = vasprintf(&word, format, values);
	va_end(values);
	if (r < 0)
		command->error = -ENOMEM;
	else if (command->nr_words == COMMAND_MAX_WORDS)
		command->error = -E2BIG;
	if (command->error) {
		free(r < 0 ? NULL : word);
		return;
	}
	command->words[command->nr_words++] = word;
	command->words[command->nr_words] = NULL;
}

/* In QEMU's options a comma ends a value unless it is doubled. Caller frees. */
static char *escape(const char *text)
{
	char *result = malloc(2 * strlen(text) + 1), *to = result;

	for (; result && *text; text++) {
		*to++ = *text;
		if (*text == ',')
			*to++ = ',';
	}
	if (result)
		*to = 0;
	return result;
}

/* An option and its value that ends in @path. */
static void add_with_path(struct command *command, const char *option, const char *value,
			  const char *path)
{
	char *escaped = escape(path);

	if (!escaped) {
		command->error = -ENOMEM;
		return;
	}
	add(command, "%s", option);
	add(command, "%s%s", value, escaped);
	free(escaped);
}

static void add_machine(struct command *command, const struct config *config,
			const struct channel *channel)
{
	char node[32] = "", grant[80] = "";

	if (config->node)
		snprintf(node, sizeof(node), ",node=%s", config->node);
	if (channel)
		snprintf(grant, sizeof(grant), ",grant=all,channel=0x%" PRIx64 ":0x%" PRIx64,
			 channel->start, channel->bytes);
	add(command, "-machine");
	add(command, "kata-bm,isolation=%s,cpus=%s%s%s", config->isolation, config->cpus, node,
	    grant);
	add(command, "-m");
	add(command, "%s", config->memory);
}

static void add_kernel(struct command *command, const struct config *config)
{
	add(command, "-kernel");
	add(command, "%s", config->kernel);
	add(command, "-append");
	add(command, "root=/dev/vda rootfstype=ext4 rw console=kbm panic=-1%s%s",
	    config->append ? " " : "", config->append ? config->append : "");
}

static void add_disk(struct command *command, const char *name, const char *path, bool writable)
{
	char drive[96];

	/* Locks keep two VMMs off one image; a device that is only read needs none. */
	snprintf(drive, sizeof(drive), "id=disk-%s,if=none,format=raw,read-only=%s,file=", name,
		 writable ? "off" : "on");
	add_with_path(command, "-drive", drive, path);
	add(command, "-device");
	add(command, "virtio-blk-bm,drive=disk-%s,serial=%s", name, name);
}

static void add_socket(struct command *command, const char *id, const char *path)
{
	char chardev[96];

	snprintf(chardev, sizeof(chardev), "socket,id=%s,server=on,wait=off,path=", id);
	add_with_path(command, "-chardev", chardev, path);
}

/* As add_socket(), in the folder for what runs. */
static void add_run_socket(struct command *command, const struct config *config, const char *id)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s.socket", config->run, id) < 0) {
		command->error = -ENOMEM;
		return;
	}
	add_socket(command, id, path);
	free(path);
}

/* The kernel's messages to a file, a terminal and QMP to sockets. */
static void add_consoles(struct command *command, const struct config *config)
{
	char *log = NULL;

	if (asprintf(&log, "%s/kernel.log", config->run) < 0) {
		command->error = -ENOMEM;
		return;
	}
	add_with_path(command, "-chardev", "file,id=kernel,append=on,path=", log);
	free(log);
	add(command, "-serial");
	add(command, "chardev:kernel");
	add_run_socket(command, config, "console");
	add(command, "-device");
	add(command, "virtio-serial-bm,max_ports=%d", CONFIG_MAX_PORTS + 3);
	add(command, "-device");
	add(command, "virtconsole,chardev=console");
	add_run_socket(command, config, "qmp");
	add(command, "-mon");
	add(command, "chardev=qmp,mode=control");
}

/* Where the host asks it to power off. A pipe: its other end is always there. */
static void add_requests(struct command *command, const struct config *config)
{
	char *path = NULL;

	if (asprintf(&path, "%s/" COMMAND_REQUESTS, config->run) < 0) {
		command->error = -ENOMEM;
		return;
	}
	add_with_path(command, "-chardev", "pipe,id=requests,path=", path);
	free(path);
	add(command, "-device");
	add(command, "virtserialport,chardev=requests,name=kata-bm.host");
}

static void add_port(struct command *command, const struct port *port)
{
	char id[32];

	snprintf(id, sizeof(id), "port-%s", port->name);
	add_socket(command, id, port->path);
	add(command, "-device");
	add(command, "virtserialport,chardev=%s,name=%s", id, port->name);
}

static void add_network(struct command *command, const char *tap)
{
	add(command, "-netdev");
	add(command, "tap,id=net,ifname=%s,script=no,downscript=no", tap);
	add(command, "-device");
	add(command, "virtio-net-bm,netdev=net");
}

int command_make(const struct config *config, const struct channel *channel,
		 struct command *command)
{
	add(command, "%s", config->vmm);
	/* Named, so that a list of processes tells it from a guest's. */
	add(command, "-name");
	add(command, "control-bm");
	add_machine(command, config, channel);
	add(command, "-nodefaults");
	add(command, "-no-user-config");
	add(command, "-display");
	add(command, "none");
	add_kernel(command, config);
	add_consoles(command, config);
	add_requests(command, config);
	add_disk(command, "root", config->root, true);
	for (size_t i = 0; i < config->nr_disks; i++)
		add_disk(command, config->disks[i].name, config->disks[i].path,
			 config->disks[i].writable);
	for (size_t i = 0; i < config->nr_ports; i++)
		add_port(command, &config->ports[i]);
	if (config->tap)
		add_network(command, config->tap);
	return command->error;
}

void command_free(struct command *command)
{
	for (size_t i = 0; i < command->nr_words; i++)
		free(command->words[i]);
	*command = (struct command){ 0 };
}
