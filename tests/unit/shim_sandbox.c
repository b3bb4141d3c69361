// SPDX-License-Identifier: GPL-2.0-or-later
/* What CRI says of a pod of the Sandbox service, on its way to guest and containers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "config/problem.h"
#include "protocols/any.h"
#include "task/pod_files.h"
#include "task/sandbox_spec.h"

typedef Containerd__Runtime__Sandbox__V1__CreateSandboxRequest CreateRequest;

static struct problem problem;
static char folder[] = "/tmp/shim-sandbox-XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static const char *path_of(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int teardown(void **state)
{
	static const char *const names[] = { "config.json", "hosts", "hostname", "resolv.conf" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(path_of(names[i]));
	return rmdir(folder);
}

static void write_text(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void assert_text(const char *name, const char *wanted)
{
	char text[256] = "";
	FILE *file = fopen(path_of(name), "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = 0;
	fclose(file);
	assert_string_equal(text, wanted);
}

/* Strings of the tests are literals: nothing here is freed. */
struct pod {
	Runtime__V1__PodSandboxConfig config;
	Runtime__V1__LinuxPodSandboxConfig linux_;
	Runtime__V1__LinuxContainerResources resources;
	Runtime__V1__LinuxSandboxSecurityContext security;
	Runtime__V1__NamespaceOption namespaces;
	Runtime__V1__DNSConfig dns;
	Runtime__V1__PodSandboxConfig__AnnotationsEntry note, forged;
	Runtime__V1__PodSandboxConfig__AnnotationsEntry *notes[2];
};

static void make_pod(struct pod *pod)
{
	runtime__v1__pod_sandbox_config__init(&pod->config);
	runtime__v1__linux_pod_sandbox_config__init(&pod->linux_);
	runtime__v1__linux_container_resources__init(&pod->resources);
	runtime__v1__linux_sandbox_security_context__init(&pod->security);
	runtime__v1__namespace_option__init(&pod->namespaces);
	runtime__v1__dnsconfig__init(&pod->dns);
	runtime__v1__pod_sandbox_config__annotations_entry__init(&pod->note);
	runtime__v1__pod_sandbox_config__annotations_entry__init(&pod->forged);
	pod->config.hostname = (char *)"web";
	pod->config.linux = &pod->linux_;
	pod->linux_.resources = &pod->resources;
	pod->linux_.security_context = &pod->security;
	pod->security.namespace_options = &pod->namespaces;
	pod->note.key = (char *)"io.katacontainers.config.hypervisor.default_vcpus";
	pod->note.value = (char *)"2";
	pod->forged.key = (char *)"io.kubernetes.cri.sandbox-memory";
	pod->forged.value = (char *)"1";
	pod->notes[0] = &pod->note;
	pod->notes[1] = &pod->forged;
	pod->config.annotations = pod->notes;
	pod->config.n_annotations = 2;
}

static int make_spec(const struct pod *pod, struct json_object **ret_spec)
{
	CreateRequest request = CONTAINERD__RUNTIME__SANDBOX__V1__CREATE_SANDBOX_REQUEST__INIT;

	request.sandbox_id = (char *)"box";
	request.bundle_path = folder;
	problem.text[0] = 0;
	return sandbox_spec_make(&request, pod ? &pod->config : NULL, ret_spec, &problem);
}

static void assert_spec(const struct pod *pod, const char *wanted)
{
	struct json_object *spec = NULL;

	assert_int_equal(make_spec(pod, &spec), 0);
	assert_string_equal(json_object_to_json_string_ext(
				    spec, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
			    wanted);
	json_object_put(spec);
}

static void test_spec(void **state)
{
	struct pod pod;

	(void)state;
	make_pod(&pod);
	assert_spec(NULL, "{\"annotations\":{}}");
	pod.resources.cpu_quota = 300000;
	pod.resources.cpu_period = 100000;
	pod.resources.memory_limit_in_bytes = INT64_C(5) << 30;
	pod.linux_.cgroup_parent = (char *)"/kubepods/burstable";
	/* A name of CRI's own is not the pod's to give. */
	assert_spec(&pod, "{\"annotations\":{\"io.katacontainers.config.hypervisor.default_vcpus\":"
			  "\"2\"},\"linux\":{\"resources\":{\"cpu\":{\"quota\":300000,\"period\":"
			  "100000},\"memory\":{\"limit\":5368709120}},\"cgroupsPath\":"
			  "\"/kubepods/burstable/box\"},\"hostname\":\"web\"}");
}

static void test_spec_of_bundle(void **state)
{
	struct json_object *spec;
	struct pod pod;

	(void)state;
	make_pod(&pod);
	pod.config.n_annotations = 0;
	pod.linux_.resources = NULL;
	pod.linux_.cgroup_parent = (char *)"/kubepods.slice/kubepods-burstable.slice";
	write_text("config.json", "{\"hostname\":\"old\",\"annotations\":[1],\"linux\":7}");
	assert_spec(&pod, "{\"hostname\":\"web\",\"annotations\":{},\"linux\":{\"cgroupsPath\":"
			  "\"kubepods-burstable.slice:cri-containerd:box\"}}");
	write_text("config.json", "{");
	assert_int_equal(make_spec(&pod, &spec), -EINVAL);
	unlink(path_of("config.json"));
}

static void test_host_network(void **state)
{
	struct json_object *spec;
	struct pod pod;

	(void)state;
	make_pod(&pod);
	pod.namespaces.network = RUNTIME__V1__NAMESPACE_MODE__NODE;
	assert_int_equal(make_spec(&pod, &spec), -EOPNOTSUPP);
	assert_non_null(strstr(problem.text, "hostNetwork"));
}

static void test_unpack(void **state)
{
	Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
	Runtime__V1__PodSandboxConfig *pod;
	uint8_t name[] = { 2 << 3 | 2, 3, 'w', 'e', 'b' };

	(void)state;
	assert_int_equal(pod_config_unpack(NULL, &pod, &problem), 0);
	assert_null(pod);
	any.type_url = (char *)"google.protobuf.Empty";
	assert_int_equal(pod_config_unpack(&any, &pod, &problem), 0);
	assert_null(pod);
	any.type_url = (char *)"runtime.v1.PodSandboxConfig";
	any.value.data = name;
	any.value.len = sizeof(name);
	assert_int_equal(pod_config_unpack(&any, &pod, &problem), 0);
	assert_string_equal(pod->hostname, "web");
	runtime__v1__pod_sandbox_config__free_unpacked(pod, NULL);
	any.value.len--;
	assert_int_equal(pod_config_unpack(&any, &pod, &problem), -EINVAL);
}

static void test_files(void **state)
{
	char *servers[] = { (char *)"10.0.0.1", (char *)"10.0.0.2" };
	char *searches[] = { (char *)"a.example", (char *)"b.example" };
	char *options[] = { (char *)"ndots:5" };
	struct pod pod;

	(void)state;
	make_pod(&pod);
	pod.dns.servers = servers;
	pod.dns.n_servers = 2;
	pod.dns.searches = searches;
	pod.dns.n_searches = 2;
	pod.dns.options = options;
	pod.dns.n_options = 1;
	pod.config.dns_config = &pod.dns;
	assert_int_equal(pod_files_write(folder, &pod.config, &problem), 0);
	assert_text("hostname", "web\n");
	assert_text("resolv.conf", "search a.example b.example\nnameserver 10.0.0.1\n"
				   "nameserver 10.0.0.2\noptions ndots:5\n");
	assert_int_equal(access(path_of("hosts"), R_OK), 0);
	assert_int_equal(pod_files_write("/nowhere", &pod.config, &problem), -ENOENT);
}

static void assert_sysctls(const char *spec, const struct pod *pod, const char *wanted)
{
	struct json_object *object = json_tokener_parse(spec);

	assert_non_null(object);
	sandbox_spec_add_sysctls(object, &pod->config);
	assert_string_equal(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN), wanted);
	json_object_put(object);
}

static void test_sysctls(void **state)
{
	Runtime__V1__LinuxPodSandboxConfig__SysctlsEntry entries[2], *sysctls[2];
	struct pod pod;

	(void)state;
	make_pod(&pod);
	assert_sysctls("{\"linux\":{}}", &pod, "{\"linux\":{}}");
	for (int i = 0; i < 2; i++) {
		runtime__v1__linux_pod_sandbox_config__sysctls_entry__init(&entries[i]);
		sysctls[i] = &entries[i];
		entries[i].key = (char *)(i ? "kernel.shmmax" : "net.core.somaxconn");
		entries[i].value = (char *)(i ? "4096" : "99");
	}
	pod.linux_.sysctls = sysctls;
	pod.linux_.n_sysctls = 2;
	assert_sysctls("{}", &pod,
		       "{\"linux\":{\"sysctl\":{\"net.core.somaxconn\":\"99\",\"kernel.shmmax\":\"4096\"}}}");
	/* A container's own comes first. */
	assert_sysctls("{\"linux\":{\"sysctl\":{\"kernel.shmmax\":\"1\"}}}", &pod,
		       "{\"linux\":{\"sysctl\":{\"kernel.shmmax\":\"1\",\"net.core.somaxconn\":\"99\"}}}");
	pod.config.linux = NULL;
	assert_sysctls("{}", &pod, "{}");
}

/* The mount at @destination after pod_files_add(); "": none. */
static const char *mount_after(const char *mounts, const char *destination)
{
	struct json_object *spec = json_tokener_parse(mounts), *list, *value;
	static char text[256];

	text[0] = 0;
	assert_non_null(spec);
	pod_files_add(spec, folder);
	assert_true(json_object_object_get_ex(spec, "mounts", &list));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *mount = json_object_array_get_idx(list, i);

		if (!json_object_object_get_ex(mount, "destination", &value) ||
		    strcmp(json_object_get_string(value), destination) != 0)
			continue;
		json_object_object_del(mount, "destination");
		snprintf(text, sizeof(text), "%s",
			 json_object_to_json_string_ext(
				 mount, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	}
	json_object_put(spec);
	return text;
}

static void test_mounts(void **state)
{
	char ours[200];

	(void)state;
	snprintf(ours, sizeof(ours),
		 "{\"type\":\"bind\",\"source\":\"%s/hosts\",\"options\":[\"rbind\",\"rw\"]}",
		 folder);
	/* containerd 2.x */
	assert_string_equal(mount_after("{}", "/etc/hosts"), ours);
	/* 1.7, which has made a folder */
	snprintf(ours, sizeof(ours),
		 "{\"type\":\"bind\",\"source\":\"%s/hosts\",\"options\":[\"ro\"]}", folder);
	assert_string_equal(mount_after("{\"mounts\":[{\"destination\":\"/etc/hosts\",\"type\":"
					"\"bind\",\"source\":\"/tmp\",\"options\":[\"ro\"]}]}",
					"/etc/hosts"),
			    ours);
	/* kubelet's own */
	assert_string_equal(mount_after("{\"mounts\":[7,{\"destination\":\"/etc/hosts\",\"type\":"
					"\"bind\",\"source\":\"/etc/passwd\"}]}",
					"/etc/hosts"),
			    "{\"type\":\"bind\",\"source\":\"/etc/passwd\"}");
}

static void test_shm(void **state)
{
	static const char common[] = "{\"type\":\"bind\",\"source\":\"/dev/shm\",\"options\":"
				     "[\"rbind\",\"rw\"]}";

	(void)state;
	assert_string_equal(mount_after("{}", "/dev/shm"), common);
	assert_string_equal(mount_after("{\"mounts\":[{\"destination\":\"/dev/shm\",\"type\":"
					"\"tmpfs\",\"options\":[\"size=1m\"]}]}",
					"/dev/shm"),
			    common);
	assert_string_equal(mount_after("{\"mounts\":[{\"destination\":\"/dev/shm\",\"type\":"
					"\"bind\",\"source\":\"/pod/shm\"}]}",
					"/dev/shm"),
			    "{\"type\":\"bind\",\"source\":\"/pod/shm\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spec),	     cmocka_unit_test(test_spec_of_bundle),
		cmocka_unit_test(test_host_network), cmocka_unit_test(test_unpack),
		cmocka_unit_test(test_files),	     cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_shm),	     cmocka_unit_test(test_sysctls),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
