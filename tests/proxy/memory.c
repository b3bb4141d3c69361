// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a VMM can do to its memory, descriptors and signals while it has a VM.
 * Prints what the guest and the VMM see: the same without and with the proxy.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE		4096ul
#define CODE_AT		0x1000u
#define DATA_AT		0x10000u
#define DATA_PAGES	4u
#define BAD_POINTER	((void *)16)

static int kvm, vm, vcpu;
static struct kvm_run *run;
static uint8_t *code;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int must(int r, const char *what)
{
	if (r < 0)
		die(what);
	return r;
}

static void *must_map(size_t bytes, int flags, int fd)
{
	void *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (address == MAP_FAILED)
		die("mmap");
	return address;
}

static void say(const char *what, long value)
{
	printf("%s: %ld\n", what, value);
	fflush(stdout);
}

static int set_slot(uint32_t slot, uint32_t at, void *address, uint64_t bytes)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .guest_phys_addr = at, .memory_size = bytes,
		.userspace_addr = (uintptr_t)address,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static void make_vm(void)
{
	int bytes;

	kvm = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	vcpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	bytes = must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	run = must_map((size_t)bytes, MAP_SHARED, vcpu);
	code = must_map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	must(set_slot(0, CODE_AT, code, PAGE), "slot of the code");
}

static void start_at(const void *instructions, size_t bytes)
{
	struct kvm_regs regs = { .rip = CODE_AT, .rflags = 2 };
	struct kvm_sregs sregs;

	memcpy(code, instructions, bytes);
	must(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = sregs.cs.selector = 0;
	sregs.ds.base = DATA_AT;
	sregs.ds.selector = DATA_AT >> 4;
	must(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	must(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

/* mov al, [page]; out 0xe9, al; hlt. What the guest reads, or a negative reason. */
static int guest_reads(unsigned int page)
{
	const uint8_t instructions[] = { 0xa0, 0, (uint8_t)(page * PAGE >> 8), 0xe6, 0xe9, 0xf4 };

	start_at(instructions, sizeof(instructions));
	if (ioctl(vcpu, KVM_RUN, 0) < 0)
		return -errno;
	if (run->exit_reason != KVM_EXIT_IO)
		return -1000 - (int)run->exit_reason;
	return ((const uint8_t *)run)[run->io.data_offset];
}

static uint8_t *data_slot(int flags, int fd)
{
	uint8_t *data = must_map(DATA_PAGES * PAGE, flags, fd);

	for (unsigned int i = 0; i < DATA_PAGES; i++)
		data[i * PAGE] = (uint8_t)(10 + i);
	must(set_slot(1, DATA_AT, data, DATA_PAGES * PAGE), "slot of data");
	return data;
}

static void end_slot(uint8_t *data)
{
	must(set_slot(1, DATA_AT, data, 0), "end of a slot");
	must(munmap(data, DATA_PAGES * PAGE), "munmap");
}

static void try_memory(const char *name, int flags, int fd)
{
	uint8_t *data = data_slot(flags, fd);

	if (fd >= 0)
		close(fd);
	printf("%s: before %d", name, guest_reads(3));
	data[3 * PAGE] = 77;
	printf(" after %d\n", guest_reads(3));
	end_slot(data);
}

static int new_file(const char *folder)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/kbm-memory-XXXXXX", folder);
	fd = must(mkstemp(path), path);
	unlink(path);
	must(ftruncate(fd, DATA_PAGES * PAGE), "ftruncate");
	return fd;
}

static int new_memfd(void)
{
	int fd = must(memfd_create("guest", MFD_CLOEXEC), "memfd");

	must(ftruncate(fd, DATA_PAGES * PAGE), "ftruncate");
	return fd;
}

static void kinds_of_memory(void)
{
	int memfd = new_memfd();

	try_memory("private", MAP_PRIVATE | MAP_ANONYMOUS, -1);
	try_memory("shared", MAP_SHARED | MAP_ANONYMOUS, -1);
	try_memory("memfd", MAP_SHARED, dup(memfd));
	try_memory("memfd without another descriptor", MAP_SHARED, memfd);
	try_memory("/dev/shm", MAP_SHARED, new_file("/dev/shm"));
	try_memory("file", MAP_SHARED, new_file("/tmp"));
	try_memory("private file", MAP_PRIVATE, new_file("/tmp"));
}

static void parts_of_memory(void)
{
	uint8_t *data = data_slot(MAP_PRIVATE | MAP_ANONYMOUS, -1);

	must(set_slot(1, DATA_AT, data, 0), "end");
	must(set_slot(1, DATA_AT, data, PAGE), "first part");
	must(set_slot(2, DATA_AT + 2 * PAGE, data + 2 * PAGE, 2 * PAGE), "second part");
	say("first part", guest_reads(0));
	say("second part", guest_reads(2));
	must(munmap(data + PAGE, PAGE), "munmap");
	say("first part, the middle is gone", guest_reads(0));
	say("second part, the middle is gone", guest_reads(3));
	must(madvise(data + 3 * PAGE, PAGE, MADV_DONTNEED), "madvise");
	say("after MADV_DONTNEED, VMM", data[3 * PAGE]);
	say("after MADV_DONTNEED, guest", guest_reads(3));
	if (mmap(data + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != data + 2 * PAGE)
		die("fixed mmap");
	say("after a fixed mapping, guest", guest_reads(2));
	data[2 * PAGE] = 99;
	say("written there, guest", guest_reads(2));
	must(set_slot(2, DATA_AT + 2 * PAGE, data, 0), "end");
	end_slot(data);
}

static void grown_memory(void)
{
	uint8_t *data = data_slot(MAP_PRIVATE | MAP_ANONYMOUS, -1), *moved;

	must(set_slot(1, DATA_AT, data, 0), "end");
	moved = mremap(data, DATA_PAGES * PAGE, 2 * DATA_PAGES * PAGE, MREMAP_MAYMOVE);
	if (moved == MAP_FAILED)
		die("mremap");
	moved[7 * PAGE] = 55;
	must(set_slot(1, DATA_AT, moved, 2 * DATA_PAGES * PAGE), "slot of grown memory");
	say("grown, old page", guest_reads(3));
	say("grown, new page", guest_reads(7));
	must(set_slot(1, DATA_AT, moved, 0), "end");
	munmap(moved, 2 * DATA_PAGES * PAGE);
}

static void show_error(const char *what, int r)
{
	say(what, r < 0 ? -errno : r);
}

static void bad_pointers(void)
{
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = BAD_POINTER };
	uint8_t *pages = must_map(2 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	show_error("KVM_GET_REGS", ioctl(vcpu, KVM_GET_REGS, BAD_POINTER));
	show_error("KVM_SET_REGS", ioctl(vcpu, KVM_SET_REGS, NULL));
	show_error("KVM_SET_CPUID2", ioctl(vcpu, KVM_SET_CPUID2, BAD_POINTER));
	show_error("KVM_SET_USER_MEMORY_REGION",
		   ioctl(vm, KVM_SET_USER_MEMORY_REGION, BAD_POINTER));
	must(munmap(pages + PAGE, PAGE), "munmap");
	show_error("half a structure", ioctl(vcpu, KVM_GET_SREGS, pages + PAGE - 8));
	show_error("KVM_GET_DIRTY_LOG", ioctl(vm, KVM_GET_DIRTY_LOG, &log) < 0 ? -1 : 0);
	munmap(pages, PAGE);
}

static void copies_of_descriptors(void)
{
	int copy = must(dup(vm), "dup"), high = must(fcntl(vm, F_DUPFD_CLOEXEC, 100), "fcntl");
	struct pollfd poll_vcpu = { .fd = vcpu, .events = POLLIN };

	close(vm);
	say("by a copy", ioctl(copy, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY));
	vm = must(dup2(copy, 120), "dup2");
	must(close_range(copy, copy, 0), "close_range");
	show_error("closed", ioctl(copy, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY));
	say("by dup2", ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY));
	say("by fcntl", ioctl(high, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY));
	close(high);
	say("guest", guest_reads(0));
	say("poll", poll(&poll_vcpu, 1, 0) == 1 && poll_vcpu.revents & POLLIN);
}

static void forked_child(void)
{
	int status, own;
	pid_t child = must(fork(), "fork");

	if (!child) {
		show_error("child, parent's VM", ioctl(vm, KVM_CREATE_VCPU, 1));
		own = open("/dev/kvm", O_RDWR | O_CLOEXEC);
		show_error("child, own KVM", ioctl(own, KVM_GET_API_VERSION, 0));
		close(vm);
		_exit(0);
	}
	waitpid(child, &status, 0);
	say("child", status);
	say("parent's guest after it", guest_reads(0));
}

static void *kick(void *thread)
{
	usleep(200000);
	pthread_kill(*(pthread_t *)thread, SIGUSR1);
	return NULL;
}

/* A signal that the thread blocks, but KVM_RUN does not, ends it and stays pending. */
static void signal_masks(void)
{
	const uint8_t forever[] = { 0xeb, 0xfe };
	pthread_t self = pthread_self(), thread;
	struct {
		struct kvm_signal_mask header;
		uint64_t set;
	} __attribute__((packed)) mask = { .header.len = 8 };
	sigset_t blocked;
	int caught;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	show_error("mask", ioctl(vcpu, KVM_SET_SIGNAL_MASK, &mask));
	start_at(forever, sizeof(forever));
	pthread_create(&thread, NULL, kick, &self);
	show_error("run", ioctl(vcpu, KVM_RUN, 0));
	pthread_join(thread, NULL);
	sigwait(&blocked, &caught);
	say("pending was SIGUSR1", caught == SIGUSR1);
	show_error("no mask", ioctl(vcpu, KVM_SET_SIGNAL_MASK, NULL));
}

static void *run_forever(void *unused)
{
	int old;

	(void)unused;
	/* Only so it ends inside of a system call that is no cancellation point. */
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old); /* NOLINT */
	ioctl(vcpu, KVM_RUN, 0);
	return NULL;
}

static void cancelled_thread(void)
{
	const uint8_t forever[] = { 0xeb, 0xfe };
	pthread_t thread;
	void *result;

	start_at(forever, sizeof(forever));
	pthread_create(&thread, NULL, run_forever, NULL);
	usleep(200000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	say("cancelled", result == PTHREAD_CANCELED);
	say("guest after it", guest_reads(0));
}

int main(void)
{
	uint8_t *data;

	make_vm();
	kinds_of_memory();
	parts_of_memory();
	grown_memory();
	bad_pointers();
	data = data_slot(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	copies_of_descriptors();
	forked_child();
	signal_masks();
	cancelled_thread();
	end_slot(data);
	return 0;
}
