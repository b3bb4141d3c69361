// SPDX-License-Identifier: GPL-2.0-or-later
#include "config_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_check.h"
#include "toml.h"

/* A message with the limits of a key; there is one configuration at a time. */
static char why_text[160];

static void *field_of(struct config *config, const struct config_key *key)
{
	return (char *)config + key->offset;
}

static const char *not_a(enum toml_type type)
{
	snprintf(why_text, sizeof(why_text), "needs %s", toml_type_name(type));
	return why_text;
}

static int take_string(const struct config_key *key, struct config *config,
		       const struct toml_value *value, const char **ret_why)
{
	char **field = field_of(config, key), *copy;

	if (value->type != TOML_STRING)
		*ret_why = not_a(TOML_STRING);
	else
		*ret_why = key->check ? key->check(value->string) : NULL;
	if (*ret_why)
		return -EINVAL;
	copy = strdup(value->string);
	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

static int take_number(const struct config_key *key, struct config *config,
		       const struct toml_value *value, const char **ret_why)
{
	if (value->type == TOML_INTEGER && value->integer >= key->min &&
	    value->integer <= key->max) {
		*(int *)field_of(config, key) = (int)value->integer;
		return 0;
	}
	snprintf(why_text, sizeof(why_text), "needs a whole number from %ld to %ld", key->min,
		 key->max);
	*ret_why = why_text;
	return -EINVAL;
}

static int take_boolean(const struct config_key *key, struct config *config,
			const struct toml_value *value, const char **ret_why)
{
	if (value->type != TOML_BOOLEAN) {
		*ret_why = not_a(TOML_BOOLEAN);
		return -EINVAL;
	}
	*(bool *)field_of(config, key) = value->boolean;
	return 0;
}

static int take_choice(const struct config_key *key, struct config *config,
		       const struct toml_value *value, const char **ret_why)
{
	size_t at;
	int length;

	for (int i = 0; value->type == TOML_STRING && key->choices[i]; i++) {
		if (strcmp(value->string, key->choices[i]))
			continue;
		*(int *)field_of(config, key) = i;
		return 0;
	}
	at = (size_t)snprintf(why_text, sizeof(why_text), "needs one of");
	for (int i = 0; key->choices[i] && at < sizeof(why_text); i++) {
		length = snprintf(why_text + at, sizeof(why_text) - at, " \"%s\"", key->choices[i]);
		at += (size_t)length;
	}
	*ret_why = why_text;
	return -EINVAL;
}

static void free_list(struct config_list *list)
{
	for (size_t i = 0; i < list->nr; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct config_list){ 0 };
}

static int copy_list(const struct config_key *key, const struct toml_value *value,
		     struct config_list *list, const char **ret_why)
{
	list->items = calloc(value->nr_items + 1, sizeof(*list->items));
	if (!list->items)
		return -ENOMEM;
	for (size_t i = 0; i < value->nr_items; i++) {
		if (value->items[i].type != TOML_STRING)
			*ret_why = "needs strings in the array";
		else
			*ret_why = key->check ? key->check(value->items[i].string) : NULL;
		if (*ret_why)
			return -EINVAL;
		list->items[i] = strdup(value->items[i].string);
		if (!list->items[i])
			return -ENOMEM;
		list->nr++;
	}
	return 0;
}

static int take_list(const struct config_key *key, struct config *config,
		     const struct toml_value *value, const char **ret_why)
{
	struct config_list *field = field_of(config, key), list = { 0 };
	int r;

	if (value->type != TOML_ARRAY || value->nr_items > CONFIG_MAX_LIST) {
		*ret_why = "needs an array of strings, at most 256";
		return -EINVAL;
	}
	r = copy_list(key, value, &list, ret_why);
	if (r < 0) {
		free_list(&list);
		return r;
	}
	free_list(field);
	*field = list;
	return 0;
}

/* A key that is here so that its only right value can be written down. */
static int take_fixed(const struct config_key *key, struct config *config,
		      const struct toml_value *value, const char **ret_why)
{
	(void)config;
	if (value->type == TOML_STRING && !strcmp(value->string, key->choices[0]))
		return 0;
	if (value->type == TOML_BOOLEAN && value->boolean && !strcmp(key->choices[0], "true"))
		return 0;
	*ret_why = key->choices[1];
	return -EINVAL;
}

static const char *const isolations[] = { "walled", "direct", "none", NULL };
static const char *const networks[] = { "tcfilter", "none", NULL };
static const char *const aios[] = {
	[CONFIG_AIO_THREADS] = "threads", [CONFIG_AIO_NATIVE] = "native", NULL,
};
static const char *const accels[] = {
	[CONFIG_ACCEL_AUTO] = "auto", [CONFIG_ACCEL_KVM] = "kvm", [CONFIG_ACCEL_TCG] = "tcg", NULL,
};
static const char *const shares[] = { "virtio-9p", "can only be \"virtio-9p\"" };
static const char *const sizings[] = {
	"true", "can only be true: a partition keeps the size it was started with",
};

#define AT(field)		.offset = offsetof(struct config, field)
#define QEMU(name)		"hypervisor.qemu." name
#define AGENT(name)		"agent.kata." name
#define RUNTIME(name)		"runtime." name

/* Kata's names first, then ours; see configuration.toml(5). */
const struct config_key config_keys[] = {
	{ QEMU("path"), "\"\"", take_string, AT(path), .check = check_path, .is_ours = true },
	{ QEMU("kernel"), "\"/opt/kata-bm/boot/bzImage\"", take_string, AT(kernel),
	  .check = check_path, .is_ours = true },
	{ QEMU("initrd"), "\"/opt/kata-bm/boot/kata-bm-initrd.img\"", take_string, AT(initrd),
	  .check = check_path, .is_ours = true },
	{ QEMU("kernel_params"), "\"\"", take_string, AT(kernel_params), .check = check_params },
	{ QEMU("seccompsandbox"), "\"\"", take_string, AT(seccompsandbox), .is_ours = true },
	{ QEMU("enable_annotations"), "[\"default_memory\", \"default_vcpus\", \"kernel_params\"]",
	  take_list, AT(enable_annotations), .check = check_regex, .is_ours = true },
	{ QEMU("default_vcpus"), "1", take_number, AT(default_vcpus), 1, CONFIG_MAX_VCPUS },
	{ QEMU("default_maxvcpus"), "0", take_number, AT(default_maxvcpus), 0, CONFIG_MAX_VCPUS,
	  .is_ours = true },
	{ QEMU("default_memory"), "512", take_number, AT(default_memory), CONFIG_MIN_MEMORY,
	  CONFIG_MAX_MEMORY },
	{ QEMU("default_maxmemory"), "0", take_number, AT(default_maxmemory), 0, CONFIG_MAX_MEMORY,
	  .is_ours = true },
	{ QEMU("disable_block_device_use"), "false", take_boolean, AT(disable_block_device_use) },
	{ QEMU("block_device_aio"), "\"threads\"", take_choice, AT(block_device_aio),
	  .choices = aios },
	{ QEMU("block_device_cache_set"), "false", take_boolean, AT(block_device_cache_set) },
	{ QEMU("block_device_cache_direct"), "false", take_boolean, AT(block_device_cache_direct) },
	{ QEMU("block_device_cache_noflush"), "false", take_boolean,
	  AT(block_device_cache_noflush) },
	{ QEMU("enable_iothreads"), "false", take_boolean, AT(enable_iothreads) },
	{ QEMU("shared_fs"), "\"virtio-9p\"", take_fixed, 0, .choices = shares },
	{ QEMU("msize_9p"), "131072", take_number, AT(msize_9p), 4096, 1 << 20 },
	{ QEMU("enable_debug"), "false", take_boolean, AT(hypervisor_debug) },
	{ QEMU("isolation"), "\"walled\"", take_choice, AT(isolation), .choices = isolations },
	{ QEMU("accel"), "\"auto\"", take_choice, AT(accel), .choices = accels },
	{ QEMU("cpus"), "\"\"", take_string, AT(cpus), .check = check_cpus, .is_ours = true },
	{ QEMU("node"), "-1", take_number, AT(node), -1, 1023 },
	{ QEMU("proxy"), "\"auto\"", take_string, AT(proxy), .check = check_proxy,
	  .is_ours = true },

	{ AGENT("dial_timeout"), "30", take_number, AT(dial_timeout), 1, 3600 },
	{ AGENT("create_container_timeout"), "60", take_number, AT(create_container_timeout), 1,
	  86400 },
	{ AGENT("enable_debug"), "false", take_boolean, AT(agent_debug) },

	{ RUNTIME("internetworking_model"), "\"tcfilter\"", take_choice,
	  AT(internetworking_model), .choices = networks },
	{ RUNTIME("disable_guest_seccomp"), "false", take_boolean, AT(disable_guest_seccomp) },
	{ RUNTIME("sandbox_cgroup_only"), "false", take_boolean, AT(sandbox_cgroup_only) },
	{ RUNTIME("static_sandbox_resource_mgmt"), "true", take_fixed, 0, .choices = sizings },
	{ RUNTIME("enable_debug"), "false", take_boolean, AT(runtime_debug) },
};

const size_t config_nr_keys = sizeof(config_keys) / sizeof(config_keys[0]);

const struct config_key *config_key_find(const char *path)
{
	for (size_t i = 0; i < config_nr_keys; i++)
		if (!strcmp(config_keys[i].path, path))
			return &config_keys[i];
	return NULL;
}

bool config_table_exists(const char *path)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < config_nr_keys; i++)
		if (!strncmp(config_keys[i].path, path, length) &&
		    config_keys[i].path[length] == '.')
			return true;
	return false;
}

void config_keys_free(struct config *config)
{
	for (size_t i = 0; i < config_nr_keys; i++) {
		if (config_keys[i].take == take_string)
			free(*(char **)field_of(config, &config_keys[i]));
		else if (config_keys[i].take == take_list)
			free_list(field_of(config, &config_keys[i]));
	}
}
