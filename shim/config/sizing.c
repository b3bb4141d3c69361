// SPDX-License-Identifier: GPL-2.0-or-later
/* vCPUs and memory of a sandbox: max(default, limit), once and for all. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "config.h"
#include "problem.h"

#define MIB		(INT64_C(1) << 20)
/* The kernel's, where config.json has a quota alone. */
#define PERIOD_USEC	100000

#define CRI		"io.kubernetes.cri."

struct limits {
	/* Microseconds of CPU in each period; 0 or less: no limit. */
	int64_t quota;
	int64_t period;
	/* Bytes; 0 or less: no limit. */
	int64_t memory;
};

/* A whole number in words, as annotations have it. Absent: @ret stays. */
static int get_annotation(struct json_object *annotations, const char *name, int64_t *ret,
			  struct problem *problem)
{
	struct json_object *object;
	const char *text;
	char *end;
	int64_t value;

	if (!json_object_object_get_ex(annotations, name, &object))
		return 0;
	text = json_object_get_string(object);
	if (!text || !*text)
		return 0;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || *end || !strchr("-0123456789", *text))
		return problem_set(problem, -EINVAL, "annotation %s = '%.100s': not a whole number",
				   name, text);
	*ret = value;
	return 0;
}

static int get_number(struct json_object *parent, const char *name, int64_t *ret,
		      struct problem *problem)
{
	struct json_object *object;

	if (!json_object_object_get_ex(parent, name, &object) || !object)
		return 0;
	if (!json_object_is_type(object, json_type_int))
		return problem_set(problem, -EINVAL,
				   "config.json: %s in linux.resources is not a whole number",
				   name);
	*ret = json_object_get_int64(object);
	return 0;
}

static struct json_object *get_object(struct json_object *parent, const char *name)
{
	struct json_object *object;

	if (!parent || !json_object_object_get_ex(parent, name, &object) ||
	    !json_object_is_type(object, json_type_object))
		return NULL;
	return object;
}

/* Of a pod: all its containers' together, as the kubelet told containerd. */
static int read_annotations(struct json_object *spec, struct limits *limits,
			    struct problem *problem)
{
	struct json_object *annotations = get_object(spec, "annotations");
	int r;

	if (!annotations)
		return 0;
	r = get_annotation(annotations, CRI "sandbox-cpu-quota", &limits->quota, problem);
	if (r == 0)
		r = get_annotation(annotations, CRI "sandbox-cpu-period", &limits->period, problem);
	if (r == 0)
		r = get_annotation(annotations, CRI "sandbox-memory", &limits->memory, problem);
	return r;
}

static int read_resources(struct json_object *spec, struct limits *limits,
			  struct problem *problem)
{
	struct json_object *resources = get_object(get_object(spec, "linux"), "resources");
	struct json_object *cpu = get_object(resources, "cpu");
	struct json_object *memory = get_object(resources, "memory");
	int r = 0;

	if (cpu)
		r = get_number(cpu, "quota", &limits->quota, problem);
	if (cpu && r == 0)
		r = get_number(cpu, "period", &limits->period, problem);
	if (memory && r == 0)
		r = get_number(memory, "limit", &limits->memory, problem);
	return r;
}

static int64_t divide_up(int64_t value, int64_t by)
{
	return value / by + (value % by != 0);
}

static int size_vcpus(struct config *config, const struct limits *limits, struct problem *problem)
{
	int64_t period = limits->period > 0 ? limits->period : PERIOD_USEC;
	int64_t max = config->default_maxvcpus ? config->default_maxvcpus : CONFIG_MAX_VCPUS;
	int64_t vcpus = config->default_vcpus;

	if (limits->quota > 0 && divide_up(limits->quota, period) > vcpus)
		vcpus = divide_up(limits->quota, period);
	if (vcpus > max)
		return problem_set(
			problem, -ERANGE,
			"%" PRId64 " CPUs asked for, a sandbox may have %" PRId64
			": lower the CPU limit (or default_vcpus), or raise default_maxvcpus "
			"in configuration.toml",
			vcpus, max);
	config->vcpus = (unsigned int)vcpus;
	return 0;
}

static int size_memory(struct config *config, const struct limits *limits, struct problem *problem)
{
	int64_t max = config->default_maxmemory ? config->default_maxmemory : CONFIG_MAX_MEMORY;
	int64_t memory = config->default_memory;

	if (limits->memory > 0 && divide_up(limits->memory, MIB) > memory)
		memory = divide_up(limits->memory, MIB);
	/* Memory is lent in units of 2 MiB. */
	memory += memory % 2;
	if (memory > max)
		return problem_set(problem, -ERANGE,
				   "%" PRId64
				   " MiB of memory asked for, a sandbox may have %" PRId64
				   ": lower the memory limit (or default_memory), or raise "
				   "default_maxmemory in configuration.toml",
				   memory, max);
	config->memory = (unsigned int)memory;
	return 0;
}

/* No limit is often written as a number that no machine has: max int64 in pages, or about. */
static bool is_no_limit(int64_t bytes)
{
	return bytes >= INT64_MAX - (INT64_C(1) << 21);
}

int config_size(struct config *config, struct json_object *spec, struct problem *problem)
{
	struct limits limits = { 0 };
	int r;

	r = read_resources(spec, &limits, problem);
	if (r == 0)
		r = read_annotations(spec, &limits, problem);
	if (r < 0)
		return r;
	if (is_no_limit(limits.memory))
		limits.memory = 0;
	r = size_vcpus(config, &limits, problem);
	return r < 0 ? r : size_memory(config, &limits, problem);
}
