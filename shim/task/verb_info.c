// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "bootstrap.h"
#include "config/problem.h"
#include "memory.h"
#include "protocols/any.h"
#include "runtime_info.pb-c.h"
#include "version.h"

/* What of runtime-spec's features means something for a guest. */
static const char features[] =
	"{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"1.1.0\",\"mountOptions\":["
	"\"async\",\"atime\",\"bind\",\"defaults\",\"dev\",\"diratime\",\"dirsync\","
	"\"exec\",\"lazytime\",\"mand\",\"noatime\",\"nodev\",\"nodiratime\","
	"\"noexec\",\"nolazytime\",\"nomand\",\"norelatime\",\"nostrictatime\","
	"\"nosuid\",\"private\",\"rbind\",\"relatime\",\"ro\",\"rprivate\",\"rro\","
	"\"rshared\",\"rslave\",\"runbindable\",\"rw\",\"shared\",\"slave\","
	"\"strictatime\",\"suid\",\"sync\",\"unbindable\""
	"],\"linux\":{\"namespaces\":"
	"[\"cgroup\",\"ipc\",\"mount\",\"network\",\"pid\",\"user\",\"uts\"],\"cgroup\":{\"v1\":true,"
	"\"v2\":true},\"seccomp\":{\"enabled\":true}}}";
#define FEATURES_TYPE "types.containerd.io/opencontainers/runtime-spec/1/features/Features"

static int print(const Containerd__Types__RuntimeInfo *info)
{
	size_t size = containerd__types__runtime_info__get_packed_size(info);
	cleanup_free uint8_t *packed = must_calloc(size + 1);

	containerd__types__runtime_info__pack(info, packed);
	if (fwrite(packed, 1, size, stdout) != size || fflush(stdout))
		return verb_fail("standard output: cannot write the answer");
	return EXIT_SUCCESS;
}

int verb_info(void)
{
	Containerd__Types__RuntimeInfo info = CONTAINERD__TYPES__RUNTIME_INFO__INIT;
	Containerd__Types__RuntimeVersion version = CONTAINERD__TYPES__RUNTIME_VERSION__INIT;
	cleanup_free void *data = NULL;
	struct problem problem = { "" };
	size_t size = 0;
	int r;

	if (!isatty(STDIN_FILENO) && bootstrap_read(STDIN_FILENO, &data, &size, &problem) < 0)
		return verb_fail(problem.text);
	if (size)
		info.options = google__protobuf__any__unpack(NULL, size, data);
	if (any_from_bytes(FEATURES_TYPE, features, sizeof(features) - 1, &info.features) < 0)
		return verb_fail("no memory");
	version.version = (char *)SHIM_VERSION;
	info.name = (char *)SHIM_NAME;
	info.version = &version;
	r = print(&info);
	any_free(info.features);
	if (info.options)
		google__protobuf__any__free_unpacked(info.options, NULL);
	return r;
}
