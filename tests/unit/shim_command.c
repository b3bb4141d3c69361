// SPDX-License-Identifier: GPL-2.0-or-later
/* The shim's command line, what containerd writes to start, and names of pods. */
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

#include "bootstrap.pb-c.h"
#include "config/problem.h"
#include "protocols/any.h"
#include "runtimeoptions.pb-c.h"
#include "task/bootstrap.h"
#include "task/options.h"
#include "task/pod.h"

#define NAME_76 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct problem problem;

static int parse(struct options *options, char *const words[])
{
	int count = 0;

	while (words[count])
		count++;
	problem.text[0] = 0;
	return options_parse(count, words, options, &problem);
}

#define PARSE(options, ...) parse(options, (char *[]){ "shim", __VA_ARGS__, NULL })

static void test_options(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(PARSE(&options, "-namespace", "default", "-address", "/run/c.sock",
			       "-publish-binary", "/usr/bin/containerd", "-id", "redis", "-debug",
			       "start"),
			 0);
	assert_int_equal(options.verb, VERB_START);
	assert_string_equal(options.namespace_, "default");
	assert_string_equal(options.address, "/run/c.sock");
	assert_string_equal(options.publish_binary, "/usr/bin/containerd");
	assert_string_equal(options.id, "redis");
	assert_true(options.debug);
	assert_int_equal(PARSE(&options, "--namespace=k8s.io", "-id=x", "-debug=false", "-bundle",
			       "/b", "delete"),
			 0);
	assert_int_equal(options.verb, VERB_DELETE);
	assert_string_equal(options.namespace_, "k8s.io");
	assert_string_equal(options.bundle, "/b");
	assert_false(options.debug);
	assert_int_equal(PARSE(&options, "-v"), 0);
	assert_int_equal(options.verb, VERB_VERSION);
	assert_int_equal(PARSE(&options, "-info"), 0);
	assert_int_equal(options.verb, VERB_INFO);
}

static void test_wrong_options(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(PARSE(&options, "-nonsense", "start"), -EINVAL);
	assert_non_null(strstr(problem.text, "-nonsense"));
	assert_int_equal(PARSE(&options, "-namespace", "n", "-id"), -EINVAL);
	assert_int_equal(PARSE(&options, "-namespace", "n", "-id", "i"), -EINVAL);
	assert_non_null(strstr(problem.text, "no verb"));
	assert_int_equal(PARSE(&options, "-namespace", "n", "-id", "i", "stop"), -EINVAL);
	assert_int_equal(PARSE(&options, "-namespace", "n", "-id", "../i", "start"), -EINVAL);
	assert_int_equal(PARSE(&options, "-namespace", "n", "-id", "a/b", "start"), -EINVAL);
	assert_int_equal(PARSE(&options, "-namespace", "n", "-id", NAME_76 "a", "start"), -EINVAL);
	assert_int_equal(PARSE(&options, "-namespace", "n", "-id", NAME_76, "start"), 0);
}

static int place(const char *annotations, struct pod_place *ret)
{
	struct json_object *config = json_tokener_parse(annotations);
	int r;

	problem.text[0] = 0;
	r = pod_place_find(config, ret, &problem);
	/* The name is the config's. */
	if (!r && ret->role == POD_CONTAINER)
		assert_string_equal(ret->sandbox, "p1");
	json_object_put(config);
	return r;
}

static void test_pods(void **state)
{
	struct pod_place found;

	(void)state;
	assert_int_equal(place("{}", &found), 0);
	assert_int_equal(found.role, POD_SINGLE);
	assert_int_equal(place("{\"annotations\":{\"io.kubernetes.cri.container-type\":"
			       "\"sandbox\"}}",
			       &found),
			 0);
	assert_int_equal(found.role, POD_SANDBOX);
	assert_int_equal(place("{\"annotations\":{\"io.kubernetes.docker.type\":"
			       "\"podsandbox\"}}",
			       &found),
			 0);
	assert_int_equal(found.role, POD_SANDBOX);
	assert_int_equal(place("{\"annotations\":{\"io.kubernetes.cri.container-type\":"
			       "\"container\",\"io.kubernetes.cri.sandbox-id\":\"p1\"}}",
			       &found),
			 0);
	assert_int_equal(found.role, POD_CONTAINER);
	assert_int_equal(place("{\"annotations\":{\"io.kubernetes.cri-o.ContainerType\":"
			       "\"container\",\"io.kubernetes.cri-o.SandboxID\":\"p1\"}}",
			       &found),
			 0);
	assert_int_equal(found.role, POD_CONTAINER);
	assert_int_equal(place("{\"annotations\":{\"io.kubernetes.cri.container-type\":"
			       "\"container\"}}",
			       &found),
			 -EINVAL);
	assert_non_null(strstr(problem.text, "sandbox-id"));
	assert_int_equal(place("{\"annotations\":{\"io.kubernetes.cri.container-type\":"
			       "\"container\",\"io.kubernetes.cri.sandbox-id\":\"../p\"}}",
			       &found),
			 -EINVAL);
	assert_int_equal(place("{\"annotations\":{\"io.kubernetes.cri.container-type\":"
			       "\"other\"}}",
			       &found),
			 -EINVAL);
	assert_int_equal(place("{\"annotations\":[1]}", &found), 0);
	assert_int_equal(found.role, POD_SINGLE);
}

static const struct options ours = { .namespace_ = "ns", .id = "id" };

/* Packs @message, and parses it as start's input. */
static int bootstrap(const ProtobufCMessage *message, struct bootstrap *ret)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *data = malloc(size);
	int r;

	protobuf_c_message_pack(message, data);
	problem.text[0] = 0;
	r = bootstrap_parse(data, size, &ours, ret, &problem);
	free(data);
	return r;
}

static Google__Protobuf__Any *make_options(const char *path)
{
	Runtimeoptions__V1__Options options = RUNTIMEOPTIONS__V1__OPTIONS__INIT;
	Google__Protobuf__Any *any;

	options.config_path = (char *)path;
	assert_int_equal(any_pack(&options.base, &any), 0);
	return any;
}

static void test_bootstrap_options(void **state)
{
	Google__Protobuf__Any *any = make_options("/etc/x.toml");
	struct bootstrap found;

	(void)state;
	assert_int_equal(bootstrap_parse(NULL, 0, &ours, &found, &problem), 0);
	assert_null(found.options);
	assert_int_equal(bootstrap(&any->base, &found), 0);
	assert_string_equal(found.options->type_url, "runtimeoptions.v1.Options");
	bootstrap_done(&found);
	any_free(any);
	assert_int_equal(bootstrap_parse("\xff\xff\xff", 3, &ours, &found, &problem), -EINVAL);
	assert_non_null(strstr(problem.text, "3 bytes"));
}

static void test_bootstrap_params(void **state)
{
	Containerd__Runtime__Bootstrap__V1__BootstrapParams params =
		CONTAINERD__RUNTIME__BOOTSTRAP__V1__BOOTSTRAP_PARAMS__INIT;
	Containerd__Runtime__Bootstrap__V1__Extension extension =
		CONTAINERD__RUNTIME__BOOTSTRAP__V1__EXTENSION__INIT;
	Containerd__Runtime__Bootstrap__V1__Extension *list[] = { &extension };
	struct bootstrap found;

	(void)state;
	extension.value = make_options("/etc/x.toml");
	params.instance_id = (char *)"id";
	params.namespace_ = (char *)"ns";
	params.log_level = -4;
	params.socket_dir = (char *)"/run/s";
	params.extensions = list;
	params.n_extensions = 1;
	assert_int_equal(bootstrap(&params.base, &found), 0);
	assert_true(found.debug);
	assert_string_equal(found.socket_dir, "/run/s");
	assert_string_equal(found.options->type_url, "runtimeoptions.v1.Options");
	bootstrap_done(&found);
	/* Not ours: then it is an Any of some type, which nobody will ask for. */
	params.instance_id = (char *)"other";
	if (!bootstrap(&params.base, &found)) {
		assert_null(found.socket_dir);
		assert_false(found.debug);
		bootstrap_done(&found);
	}
	any_free(extension.value);
}

static void test_bootstrap_answer(void **state)
{
	static const char address[] = "unix:///run/containerd/s/1";
	char *text;

	(void)state;
	text = bootstrap_answer("/run/containerd/io.containerd.runtime.v2.task/ns/a", address);
	assert_string_equal(text, address);
	free(text);
	text = bootstrap_answer("/run/containerd/io.containerd.sandbox.controller.v1.shim/ns/a",
				address);
	assert_string_equal(text, "{\"version\":3,\"address\":\"unix:///run/containerd/s/1\","
				  "\"protocol\":\"ttrpc\"}");
	free(text);
}

static void test_bootstrap_limit(void **state)
{
	FILE *file = tmpfile();
	char block[65536] = "";
	size_t size;
	void *data;

	(void)state;
	for (int i = 0; i < 65; i++)
		assert_int_equal(fwrite(block, 1, sizeof(block), file), sizeof(block));
	fflush(file);
	lseek(fileno(file), 0, SEEK_SET);
	assert_int_equal(bootstrap_read(fileno(file), &data, &size, &problem), -EFBIG);
	assert_int_equal(ftruncate(fileno(file), 70000), 0);
	lseek(fileno(file), 0, SEEK_SET);
	assert_int_equal(bootstrap_read(fileno(file), &data, &size, &problem), 0);
	assert_int_equal(size, 70000);
	free(data);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_wrong_options),
		cmocka_unit_test(test_pods),
		cmocka_unit_test(test_bootstrap_options),
		cmocka_unit_test(test_bootstrap_params),
		cmocka_unit_test(test_bootstrap_answer),
		cmocka_unit_test(test_bootstrap_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
