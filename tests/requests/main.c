/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kbm-requests LENT FREE: make every bad request of the tables to
 * /dev/kata-bm and KVM; LENT is a CPU to lend, FREE one that is free again
 * after each request.
 * One line each; exits with 0 if all were answered as they should.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asm/kbm.h>
#include <asm/kbm_guest.h>
#include <linux/capability.h>
#include <linux/kvm.h>

#include "cleanup.h"
#include "lease.h"
#include "message.h"
#include "request.h"

#define ONLINE_CPUS	"/sys/devices/system/cpu/online"

int call(int fd, unsigned long request, void *argument)
{
	int r = ioctl(fd, request, argument);

	return r < 0 ? -errno : r;
}

int call_without_right(int fd, unsigned long request)
{
	pid_t child = fork();
	int status = 0;

	if (!child) {
		struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
		struct __user_cap_data_struct none[2] = {};

		if (syscall(SYS_capset, &header, none))
			_exit(0);
		_exit(-call(fd, request, NULL));
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	return -WEXITSTATUS(status);
}

static void read_online(char *ret_text, size_t size)
{
	cleanup_close int fd = open(ONLINE_CPUS, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, ret_text, size - 1);

	ret_text[length > 0 ? length : 0] = '\0';
}

static bool is_right(const struct request *request, int result)
{
	if (!request->errors[0])
		return !result;
	for (unsigned int i = 0; i < MAX_ERRORS; i++)
		if (request->errors[i] && result == -request->errors[i])
			return true;
	return false;
}

static bool make_request(const struct setting *setting, const struct request *request)
{
	char before[64], after[64], reason[256] = "";
	bool right;
	int result;

	read_online(before, sizeof(before));
	result = request->make(setting);
	if (request->reason)
		lease_reason(setting->lease_fd, reason, sizeof(reason));
	if (request->reason && !*reason)
		lease_reason(setting->other_lease_fd, reason, sizeof(reason));
	read_online(after, sizeof(after));

	right = is_right(request, result) && !strcmp(before, after);
	if (request->reason)
		right = right && *reason && strcasestr(reason, request->reason);
	printf("%s %s: %s%s%s%s\n", right ? "ok  " : "FAIL", request->name,
	       result < 0 ? strerrorname_np(-result) : "accepted", *reason ? ", \"" : "", reason,
	       *reason ? "\"" : "");
	if (request->reason && !*reason)
		printf("     the device gave no reason\n");
	if (strcmp(before, after))
		printf("     online CPUs were %s     and are %s", before, after);
	return right;
}

static unsigned int make_requests(const struct setting *setting, const struct request *requests)
{
	unsigned int wrong = 0;

	for (; requests->name; requests++)
		wrong += !make_request(setting, requests);
	return wrong;
}

static int tie_vm(struct setting *setting)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_DIRECT,
		.args = { (uint64_t)setting->lease_fd, KBM_MODE_WALLED },
	};
	int r;

	setting->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	setting->vm_fd = call(setting->kvm_fd, KVM_CREATE_VM, (void *)KVM_X86_DIRECT_VM);
	if (setting->vm_fd < 0)
		return fail(setting->vm_fd, "KVM_CREATE_VM");
	r = call(setting->vm_fd, KVM_ENABLE_CAP, &cap);
	return r ? fail(r, "KVM_ENABLE_CAP") : 0;
}

static int prepare(struct setting *setting, unsigned int lent, unsigned int unused)
{
	struct lease lease, other;
	struct extent extent;
	uint32_t node;
	int r = lease_open(&lease);

	*setting = (struct setting){ .vm_fd = -1, .vcpu_fd = -1, .lent_cpu = lent, .free_cpu = unused };
	if (!r)
		r = lease_open(&other);
	if (!r)
		r = lease_cpu(&lease, lent, &setting->lent_apic_id, &node);
	if (!r)
		r = lease_memory(&lease, 8 << 20, 0, KBM_MEMORY_ANY_NODE, &extent);
	if (r)
		return r;
	setting->lease_fd = lease.fd;
	setting->other_lease_fd = other.fd;
	setting->extent_start = extent.start;
	setting->extent_bytes = extent.bytes;
	setting->extent_memory = extent.memory;
	return tie_vm(setting);
}

static int create_vcpu(struct setting *setting)
{
	setting->vcpu_fd = call(setting->vm_fd, KVM_CREATE_VCPU,
				(void *)(uintptr_t)setting->lent_apic_id);
	return setting->vcpu_fd < 0 ? fail(setting->vcpu_fd, "KVM_CREATE_VCPU") : 0;
}

int main(int argc, char **argv)
{
	unsigned int wrong = 0;
	struct setting setting;

	if (argc != 3)
		return fprintf(stderr, "usage: kbm-requests LENT_CPU FREE_CPU\n"), 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (prepare(&setting, (unsigned int)atoi(argv[1]), (unsigned int)atoi(argv[2])))
		return 2;
	wrong += make_requests(&setting, good_requests);
	wrong += make_requests(&setting, lease_requests);
	wrong += make_requests(&setting, memory_requests);
	wrong += make_requests(&setting, doorbell_requests);
	wrong += make_requests(&setting, vm_requests);
	wrong += make_requests(&setting, end_requests);
	if (create_vcpu(&setting))
		return 2;
	wrong += make_requests(&setting, vcpu_requests);
	printf("%u wrong answers\n", wrong);
	return wrong ? 1 : 0;
}
