// SPDX-License-Identifier: GPL-2.0-or-later
/* Parts of the agent that need no guest: texts, options, crun's log and its console. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/console.h"
#include "agent/files.h"
#include "agent/kernel_options.h"
#include "agent/mount_options.h"
#include "agent/network_text.h"
#include "agent/runtime_log.h"

static void names_are_checked(void **state)
{
	static const char *const bad[] = { "",	 ".",  "..",  "a/b",
					   "-x", ".x", "a b", "\xc3\xa4" };
	char longest[130];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(name_check(bad[i]), -EINVAL);
	assert_int_equal(name_check("r1_A-b.c"), 0);
	memset(longest, 'a', sizeof(longest));
	longest[129] = '\0';
	assert_int_equal(name_check(longest), -EINVAL);
	assert_int_equal(name_check(longest + 1), 0);
}

static void kernel_options_are_read(void **state)
{
	static const char *const quiet[] = {
		"",
		"quiet",
		"agent.log",
		"agent.log=",
		"agent.log=info",
		"agent.log=debugger",
		"xagent.log=debug",
		"agent.logx=debug",
		"kbm.idle=hlt",
		"agent.log=debug agent.log=warn",
	};
	static const char *const debug[] = {
		"agent.log=debug",
		"panic=-1 agent.log=trace",
		"agent.log=info\tagent.log=debug\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++)
		assert_false(kernel_options_debug(quiet[i]));
	for (size_t i = 0; i < sizeof(debug) / sizeof(debug[0]); i++)
		assert_true(kernel_options_debug(debug[i]));
}

static void addresses_are_read(void **state)
{
	uint8_t address[16], family, prefix, mac[6];

	(void)state;
	assert_int_equal(
		text_to_network("10.1.0.0/16", &family, address, &prefix), 0);
	assert_int_equal(family, AF_INET);
	assert_int_equal(prefix, 16);
	assert_memory_equal(address, "\x0a\x01\x00\x00", 4);
	assert_int_equal(text_to_network("fd00::1", &family, address, &prefix),
			 0);
	assert_int_equal(family, AF_INET6);
	assert_int_equal(prefix, 128);
	assert_int_equal(text_to_network("10.1.0.0/33", &family, address,
					 &prefix),
			 -EINVAL);
	assert_int_equal(text_to_network("10.1.0.0/", &family, address,
					 &prefix),
			 -EINVAL);
	assert_int_equal(text_to_network("10.1.0.0/-1", &family, address,
					 &prefix),
			 -EINVAL);
	assert_int_equal(text_to_network("host/8", &family, address, &prefix),
			 -EINVAL);
	assert_int_equal(text_to_network("", &family, address, &prefix),
			 -EINVAL);
	assert_int_equal(text_to_mac("52:54:00:12:34:5f", mac), 0);
	assert_memory_equal(mac, "\x52\x54\x00\x12\x34\x5f", 6);
	assert_int_equal(text_to_mac("52:54:00:12:34", mac), -EINVAL);
	assert_int_equal(text_to_mac("52:54:00:12:34:56:78", mac), -EINVAL);
}

static void mount_options_are_sorted(void **state)
{
	char *options[] = { "ro", "nosuid",   "size=1m", "",
			    "rw", "mode=755", "rbind" };
	unsigned long flags;
	char data[32];

	(void)state;
	assert_int_equal(
		mount_options_parse(options, 7, &flags, data, sizeof(data)), 0);
	assert_int_equal(flags, MS_NOSUID | MS_BIND | MS_REC);
	assert_string_equal(data, "size=1m,mode=755");
	assert_int_equal(mount_options_parse(options, 7, &flags, data, 16),
			 -E2BIG);
	assert_int_equal(mount_options_parse(options, 7, &flags, data, 17), 0);
}

static void log_says(const char *log, int status, const char *wanted)
{
	char path[] = "/tmp/agent-parts-XXXXXX", text[RUNTIME_TEXT_SIZE];
	int fd = mkstemp(path);

	assert_int_equal(write(fd, log, strlen(log)), strlen(log));
	close(fd);
	runtime_log_text(path, status, text);
	unlink(path);
	assert_string_equal(text, wanted);
}

static void what_crun_says_is_understood(void **state)
{
	(void)state;
	log_says("{\"msg\":\"a warning\",\"level\":\"warning\"}\n"
		 "{\"msg\":\"open `x`: No such file\",\"level\":\"error\"}\n",
		 256, "open `x`: No such file");
	log_says(
		"{\"msg\":\"executable file `nosuch` not found in $PATH: No such file or "
		"directory\",\"level\":\"error\",\"time\":\"now\"}\n",
		256, "exec: \"nosuch\": executable file not found in $PATH");
	log_says("", 256, "crun ended with status 1 and no word");
	log_says("{\"msg\":", 9, "crun was ended by signal 9");
	log_says(
		"[]\n7\n{\"level\":\"error\"}\n{\"msg\":7,\"level\":\"error\"}\n",
		256, "7");
}

static void small_files_are_read(void **state)
{
	char path[] = "/tmp/agent-parts-XXXXXX", text[8];

	(void)state;
	close(mkstemp(path));
	assert_int_equal(file_create(path, "12345\n", 6, 0600), 0);
	assert_int_equal(file_read(path, text, sizeof(text)), 5);
	assert_string_equal(text, "12345");
	assert_int_equal(file_create(path, "123456789", 9, 0600), 0);
	assert_int_equal(file_read(path, text, sizeof(text)), 7);
	assert_string_equal(text, "1234567");
	unlink(path);
	assert_int_equal(file_read(path, text, sizeof(text)), -ENOENT);
	assert_int_equal(file_write(path, "x"), -ENOENT);
}

static unsigned int count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned int nr = 0;

	assert_non_null(directory);
	while (readdir(directory))
		nr++;
	closedir(directory);
	return nr;
}

/* As crun does, but with any number of descriptors. */
static void send_masters(const char *path, unsigned int nr)
{
	static const int fds[3] = { STDERR_FILENO, STDERR_FILENO, STDERR_FILENO };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} control = {};
	struct iovec data = { .iov_base = "x", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = nr ? &control : NULL,
				  .msg_controllen = nr ? CMSG_SPACE(nr * sizeof(int)) : 0 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(nr * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, nr * sizeof(int));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(sendmsg(fd, &message, 0), 1);
	close(fd);
}

static void a_console_is_one_descriptor(void **state)
{
	char folder[] = "/tmp/agent-parts-XXXXXX", path[64];
	struct console *console;
	unsigned int before;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/console", folder);
	assert_int_equal(console_new(path, &console), 0);
	before = count_descriptors();
	assert_int_equal(console_take(console), -ENOENT);
	for (unsigned int nr = 0; nr <= 3; nr++) {
		int fd;

		send_masters(path, nr);
		fd = console_take(console);
		if (nr == 1)
			assert_int_equal(close(fd), 0);
		else
			assert_int_equal(fd, -EPROTO);
		assert_int_equal(count_descriptors(), before);
	}
	console_free(console);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(kernel_options_are_read),
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(mount_options_are_sorted),
		cmocka_unit_test(what_crun_says_is_understood),
		cmocka_unit_test(small_files_are_read),
		cmocka_unit_test(a_console_is_one_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
