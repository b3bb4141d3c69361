// SPDX-License-Identifier: GPL-2.0-or-later
#include "spec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "../../proxy/cleanup.h"
#include "config/config.h"
#include "config/problem.h"
#include "oci/oci.h"
#include "shim_log.h"

static int read_text(const char *path, char **ret_text, size_t *ret_size, struct problem *problem)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	cleanup_free char *text = NULL;
	struct stat status;
	ssize_t n;

	if (fd < 0 || fstat(fd, &status) < 0)
		return problem_set(problem, -errno, "%s: cannot read it: %s", path,
				   strerror(errno));
	if (!S_ISREG(status.st_mode) || status.st_size > OCI_TEXT_MAX)
		return problem_set(problem, -EINVAL, "%s: it must be a file of at most %d MiB",
				   path, OCI_TEXT_MAX >> 20);
	text = malloc((size_t)status.st_size + 1);
	if (!text)
		return problem_set(problem, -ENOMEM, "%s: no memory for it", path);
	n = read(fd, text, (size_t)status.st_size);
	if (n != status.st_size)
		return problem_set(problem, -EIO, "%s: it changes while it is read", path);
	text[n] = 0;
	*ret_text = text;
	*ret_size = (size_t)n;
	text = NULL;
	return 0;
}

static int parse(const char *path, const char *text, size_t size, struct json_object **ret_spec,
		 struct problem *problem)
{
	struct json_tokener *tokener = json_tokener_new_ex(OCI_DEPTH_MAX);
	struct json_object *spec;
	enum json_tokener_error error;
	size_t at;

	if (!tokener)
		return problem_set(problem, -ENOMEM, "%s: no memory for it", path);
	spec = json_tokener_parse_ex(tokener, text, (int)size);
	error = json_tokener_get_error(tokener);
	at = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (error != json_tokener_success)
		return problem_set(problem, -EINVAL, "%s: byte %zu: %s", path, at,
				   json_tokener_error_desc(error));
	if (!json_object_is_type(spec, json_type_object)) {
		json_object_put(spec);
		return problem_set(problem, -EINVAL, "%s: it must be a JSON object", path);
	}
	*ret_spec = spec;
	return 0;
}

int spec_read_file(const char *path, struct json_object **ret_spec, struct problem *problem)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	int r = read_text(path, &text, &size, problem);

	return r < 0 ? r : parse(path, text, size, ret_spec, problem);
}

int spec_read(const char *bundle, struct json_object **ret_spec, struct problem *problem)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/config.json", bundle) >= (int)sizeof(path))
		return problem_set(problem, -ENAMETOOLONG, "bundle %.100s...: its name is too long",
				   bundle);
	return spec_read_file(path, ret_spec, problem);
}

static struct json_object *member(struct json_object *object, const char *name, json_type type)
{
	struct json_object *found;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, name, &found) || !json_object_is_type(found, type))
		return NULL;
	return found;
}

static const char *text_of(struct json_object *object, const char *name)
{
	struct json_object *found = member(object, name, json_type_string);

	return found ? json_object_get_string(found) : "";
}

const char *spec_hostname(struct json_object *spec)
{
	return text_of(spec, "hostname");
}

struct namespaces {
	enum pod_role role;
	bool has_pid;
	bool has_ipc;
	bool pod_pid;
	bool pod_uts;
};

/* Whether the entry stays: a new namespace in the guest. */
static bool keep_namespace(struct json_object *entry, struct namespaces *seen)
{
	const char *type = text_of(entry, "type");
	bool joins = *text_of(entry, "path") != 0;

	seen->has_pid |= !strcmp(type, "pid");
	seen->has_ipc |= !strcmp(type, "ipc");
	/* The guest's network is the one of the namespace. */
	if (!strcmp(type, "network") || (joins && !strcmp(type, "ipc")))
		return false;
	if (joins && !strcmp(type, "pid")) {
		seen->pod_pid = true;
		return false;
	}
	if (!strcmp(type, "uts") && (joins || seen->role == POD_CONTAINER)) {
		seen->pod_uts = true;
		return false;
	}
	if (joins)
		json_object_object_del(entry, "path");
	return true;
}

static void detach_namespaces(struct json_object *linux_, struct namespaces *seen)
{
	struct json_object *list = member(linux_, "namespaces", json_type_array);
	struct json_object *kept = json_object_new_array();

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);

		if (keep_namespace(entry, seen))
			json_object_array_add(kept, json_object_get(entry));
	}
	json_object_object_add(linux_, "namespaces", kept);
}

static int check_namespaces(const struct namespaces *seen, struct problem *problem)
{
	const char *missing = !seen->has_pid ? "pid" : !seen->has_ipc ? "ipc" : NULL;

	if (!missing)
		return 0;
	return problem_set(problem, -EOPNOTSUPP,
			   "linux.namespaces: no \"%s\": a guest cannot have "
			   "the host's; leave out hostPID, hostIPC, --pid=host and the like",
			   missing);
}

static void detach_labels(struct json_object *spec, struct json_object *linux_)
{
	struct json_object *process = member(spec, "process", json_type_object);

	if (process) {
		json_object_object_del(process, "apparmorProfile");
		json_object_object_del(process, "selinuxLabel");
	}
	json_object_object_del(linux_, "mountLabel");
	json_object_object_del(linux_, "intelRdt");
}

/* The numbers are of the host's CPUs and nodes: the guest has others. */
static void detach_cpus(struct json_object *resources)
{
	struct json_object *cpu = member(resources, "cpu", json_type_object);

	if (!cpu)
		return;
	json_object_object_del(cpu, "cpus");
	json_object_object_del(cpu, "mems");
}

int spec_detach(struct json_object *spec, const struct config *config, enum pod_role role,
		bool *ret_sandbox_pidns, struct problem *problem)
{
	struct json_object *linux_ = member(spec, "linux", json_type_object);
	struct namespaces seen = { .role = role };
	int r;

	if (!linux_)
		return problem_set(problem, -EINVAL,
				   "config.json: no \"linux\": only Linux containers "
				   "can be run");
	detach_namespaces(linux_, &seen);
	r = check_namespaces(&seen, problem);
	if (r < 0)
		return r;
	/* It cannot have another without a namespace of its own. */
	if (seen.pod_uts) {
		json_object_object_del(spec, "hostname");
		json_object_object_del(spec, "domainname");
	}
	detach_labels(spec, linux_);
	detach_cpus(member(linux_, "resources", json_type_object));
	if (config->disable_guest_seccomp)
		json_object_object_del(linux_, "seccomp");
	*ret_sandbox_pidns = seen.pod_pid;
	return 0;
}

static void log_left_out(const struct oci_report *report)
{
	for (size_t i = 0; i < report->left_out_count && i < OCI_LEFT_OUT_MAX; i++)
		shim_log(SHIM_LOG_WARNING, "config.json: %s: not carried into the guest",
			 report->left_out[i]);
}

static int end_report(int r, const char *what, struct oci_report *report, struct problem *problem)
{
	if (r < 0)
		problem_set(problem, r, "%s: %s", what, report->error);
	else
		log_left_out(report);
	oci_report_done(report);
	return r;
}

int spec_pack(struct json_object *spec, Grpc__Spec **ret_message, struct problem *problem)
{
	struct oci_report report;
	int r = oci_message_from_object(&grpc__spec__descriptor, spec, &report,
					(ProtobufCMessage **)ret_message);

	return end_report(r, "config.json", &report, problem);
}

/* A guest knows no such label. What is empty may be a constant of protobuf-c. */
static void clear(char *label)
{
	if (*label)
		*label = 0;
}

int spec_pack_process(const char *text, size_t size, Grpc__Process **ret_message,
		      struct problem *problem)
{
	struct oci_report report;
	int r = oci_process_from_json(text, size, &report, ret_message);

	r = end_report(r, "process", &report, problem);
	if (r < 0)
		return r;
	clear((*ret_message)->apparmorprofile);
	clear((*ret_message)->selinuxlabel);
	return 0;
}

int spec_pack_resources(const char *text, size_t size, Grpc__LinuxResources **ret_message,
			struct problem *problem)
{
	struct json_object *resources = NULL;
	struct oci_report report;
	int r;

	r = parse("resources", text, size, &resources, problem);
	if (r < 0)
		return r;
	detach_cpus(resources);
	r = oci_message_from_object(&grpc__linux_resources__descriptor, resources, &report,
				    (ProtobufCMessage **)ret_message);
	json_object_put(resources);
	return end_report(r, "resources", &report, problem);
}
