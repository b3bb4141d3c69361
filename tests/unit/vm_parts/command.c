// SPDX-License-Identifier: GPL-2.0-or-later
/* QEMU's command line. */
#include "parts.h"

#include <errno.h>

#include "vm/command.h"
#include "vm/machine.h"

/* All words of a command line, with blanks between. */
static char *join(const struct command *command)
{
	static char text[8192];
	size_t at = 0;

	for (size_t i = 0; i < command->nr_words; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s ", command->words[i]);
	return text;
}

static void test_command_line(void **state)
{
	struct config *config =
		configure("[hypervisor.qemu]\nisolation = \"none\"\naccel = \"tcg\"\n"
			  "default_vcpus = 3\nkernel_params = \"a=b\"\n"
			  "seccompsandbox = \"on\"\nenable_iothreads = true\n");
	const struct vm_disk disk = { .source = "/dev/a,b",
				      .serial = "kbm-root",
				      .read_only = true };
	const struct vm_share share = { .path = "/run/s", .tag = "kataShared" };
	const struct vm_nic nic = { .tap = 1, .mac = { 2, 0, 0, 0, 0, 0xfe }, .mtu = 1450 };
	struct vm_options options = {
		.config = config, .id = "pod-1", .disks = &disk, .nr_disks = 1, .shares = &share,
		.nr_shares = 1, .nics = &nic, .nr_nics = 1,
	};
	struct problem problem = { "" };
	struct command command = { 0 };
	const char *note = NULL, *text;

	(void)state;
	assert_int_equal(machine_command(machine_of(config), &options, &command, &note, &problem),
			 0);
	text = join(&command);
	expect_words(text, "qemu-system-x86_64 -name pod-1 -machine microvm,");
	expect_words(text, "-accel tcg -cpu max,-erms,-fsrm,level-func7=0 -smp 3 ");
	expect_words(text, "-m 512M -nodefaults -no-user-config -no-reboot ");
	expect_words(text, "-sandbox on ");
	expect_words(text, "console=ttyS0 reboot=t panic=-1 no_timer_check quiet a=b ");
	expect_words(text, "-chardev socket,id=agent,fd=4 -device "
			   "virtserialport,chardev=agent,name=kbm.agent");
	expect_words(text, "aio=threads,cache.direct=off,cache.no-flush=off,file=/dev/a,,b ");
	expect_words(text, "virtio-blk-device,drive=disk-0,serial=kbm-root,iothread=disks ");
	expect_words(text,
		     "path=/run/s -device virtio-9p-device,fsdev=share-0,mount_tag=kataShared");
	expect_words(text, "tap,id=net-0,fd=8 ");
	expect_words(text, "mac=02:00:00:00:00:fe,host_mtu=1450");
	expect_words(note, "emulated");
	command_done(&command);
	options.id = "a,b";
	assert_int_equal(machine_command(machine_of(config), &options, &command, &note, &problem),
			 -EINVAL);
	options.id = "a";
	options.nr_nics = 30;
	assert_int_equal(machine_command(machine_of(config), &options, &command, &note, &problem),
			 -E2BIG);
	expect_words(problem.text, "has room for 6");
	command_done(&command);
	config_free(config);
}

static void test_command_direct(void **state)
{
	struct config *config =
		configure("[hypervisor.qemu]\nproxy = \"unix:/run/p,q\"\nnode = 1\n"
			  "enable_debug = true\n[agent.kata]\nenable_debug = true\n");
	struct vm_options options = { .config = config, .id = "g" };
	struct problem problem = { "" };
	struct command command = { 0 };
	const char *note = "", *text;

	(void)state;
	assert_int_equal(machine_command(machine_of(config), &options, &command, &note, &problem),
			 0);
	assert_null(note);
	assert_string_equal(command.words[MACHINE_WORD], "kata-bm,isolation=walled,node=1,cpus=");
	text = join(&command);
	expect_words(text, "-accel kvm,proxy=unix:/run/p,,q ");
	expect_words(text, "console=kbm panic=-1 agent.log=debug ");
	expect_words(text, "virtio-serial-bm,max_ports=4 ");
	assert_null(strstr(text, " quiet"));
	command_done(&command);
	config_free(config);
}

int test_command(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_command_direct),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
