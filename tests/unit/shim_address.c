// SPDX-License-Identifier: GPL-2.0-or-later
/* The socket of a shim, and what it leaves on disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/problem.h"
#include "task/address.h"
#include "task/sha256.h"
#include "task/state.h"

static char folder[] = "/tmp/shim-address-XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void hash_is(const char *text, size_t size, const char *wanted)
{
	char hex[SHA256_HEX_SIZE];

	sha256_hex(text, size, hex);
	assert_string_equal(hex, wanted);
}

/* FIPS 180-4's examples, and lengths around the end of a block. */
static void test_sha256(void **state)
{
	char million[1000000];

	(void)state;
	hash_is("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hash_is("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(million, 'a', sizeof(million));
	hash_is(million, 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
	hash_is(million, 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
	hash_is(million, sizeof(million),
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_address(void **state)
{
	char one[ADDRESS_SIZE], other[ADDRESS_SIZE], id[77];

	(void)state;
	memset(id, 'x', 76);
	id[76] = 0;
	assert_int_equal(address_make(NULL, "/run/containerd/containerd.sock", "k8s.io", id, one),
			 0);
	assert_memory_equal(one, "unix:///run/containerd/s/", 25);
	assert_int_equal(strlen(one), 25 + 64);
	assert_int_equal(address_make(NULL, "/run/containerd/containerd.sock", "k8s.io", id, other),
			 0);
	assert_string_equal(one, other);
	assert_int_equal(address_make(NULL, "/run/other.sock", "k8s.io", id, other), 0);
	assert_string_not_equal(one, other);
	memset(id, '/', 76);
	assert_int_equal(address_make(id, "/c", "n", "i", other), -ENAMETOOLONG);
}

static void test_listen(void **state)
{
	char address[ADDRESS_SIZE], sockets[64];
	struct stat status;
	int fd;

	(void)state;
	snprintf(sockets, sizeof(sockets), "%s/s", folder);
	assert_int_equal(address_make(sockets, "/c", "n", "i", address), 0);
	assert_int_equal(address_probe(address), -ENOENT);
	fd = address_listen(address);
	assert_true(fd >= 0);
	assert_int_equal(stat(address + strlen(ADDRESS_SCHEME), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(stat(sockets, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_int_equal(address_probe(address), 0);
	assert_int_equal(address_listen(address), -EADDRINUSE);
	close(fd);
	/* What a dead server leaves. */
	assert_int_equal(address_probe(address), -ECONNREFUSED);
	fd = address_listen(address);
	assert_true(fd >= 0);
	assert_int_equal(address_probe(address), 0);
	close(fd);
	assert_int_equal(unlink(address + strlen(ADDRESS_SCHEME)), 0);
	assert_int_equal(rmdir(sockets), 0);
}

static void test_files(void **state)
{
	char text[64], path[96];

	(void)state;
	assert_int_equal(address_read(folder, "address", text, sizeof(text)), -ENOENT);
	assert_int_equal(address_write(folder, "address", "unix:///x"), 0);
	assert_int_equal(address_read(folder, "address", text, sizeof(text)), 0);
	assert_string_equal(text, "unix:///x");
	assert_int_equal(address_read(folder, "address", text, 5), 0);
	assert_string_equal(text, "unix");
	snprintf(path, sizeof(path), "%s/address", folder);
	assert_int_equal(unlink(path), 0);
	/* Not through a link that somebody put there. */
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_true(address_read(folder, "address", text, sizeof(text)) < 0);
	assert_int_equal(unlink(path), 0);
}

/* In a child, which is the shim; returns its number after it has made the folder. */
static pid_t make_as_child(const char *path, int *ret_end)
{
	struct problem problem;
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		close(ends[0]);
		if (state_make(path, &problem) < 0 || write(ends[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	*ret_end = ends[0];
	return pid;
}

static void test_state(void **state)
{
	struct problem problem = { "" };
	char path[64], text[64];
	int end;
	pid_t pid;

	(void)state;
	snprintf(path, sizeof(path), "%s/ns/id", folder);
	assert_int_equal(state_find_shim(path), 0);
	pid = make_as_child(path, &end);
	assert_int_equal(state_find_shim(path), pid);
	assert_int_equal(state_write_netns(path, "/run/netns/x"), 0);
	assert_int_equal(state_read_netns(path, text, sizeof(text)), 0);
	assert_string_equal(text, "/run/netns/x");
	kill(pid, 9);
	waitpid(pid, NULL, 0);
	close(end);
	assert_int_equal(state_find_shim(path), 0);
	/* The same number, another process: only the start time tells. */
	snprintf(text, sizeof(text), "%d 1\n", getpid());
	assert_int_equal(address_write(path, "shim", text), 0);
	assert_int_equal(state_find_shim(path), 0);
	assert_int_equal(state_remove(path, &problem), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(state_remove(path, &problem), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256), cmocka_unit_test(test_address),
		cmocka_unit_test(test_listen), cmocka_unit_test(test_files),
		cmocka_unit_test(test_state),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
