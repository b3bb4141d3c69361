// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration of the control BM, and the command line that comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "command.h"
#include "config.h"

struct fixture {
	char path[32];
	struct config config;
	struct command command;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/control-bm-XXXXXX");
	close(mkstemp(f->path));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	config_free(&f->config);
	command_free(&f->command);
	free(f);
	return 0;
}

static int read_text(struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "w");

	fputs(text, file);
	fclose(file);
	config_free(&f->config);
	return config_read(f->path, true, &f->config);
}

/* The word after @option number @nth (from 0) of the command line. */
static const char *value_of(const struct command *command, const char *option, size_t nth)
{
	for (size_t i = 0; i + 1 < command->nr_words; i++)
		if (!strcmp(command->words[i], option) && !nth--)
			return command->words[i + 1];
	return "";
}

static void defaults_hold_without_a_file(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(config_read("/nowhere/control-bm.conf", false, &f->config), 0);
	assert_string_equal(f->config.cpus, "1");
	assert_string_equal(f->config.isolation, "walled");
	assert_null(f->config.node);
	assert_null(f->config.tap);
	assert_int_equal(f->config.nr_disks, 0);
}

static void a_named_file_must_exist(void **state)
{
	struct fixture *f = *state;

	assert_true(config_read("/nowhere/control-bm.conf", true, &f->config) < 0);
}

/* The file that is installed says what the program does without it. */
static void the_example_has_the_defaults(void **state)
{
	struct fixture *f = *state;
	struct config defaults = { 0 };

	assert_int_equal(config_read("control-bm/control-bm.conf", true, &f->config), 0);
	assert_int_equal(config_read("/nowhere", false, &defaults), 0);
	assert_string_equal(f->config.cpus, defaults.cpus);
	assert_string_equal(f->config.memory, defaults.memory);
	assert_string_equal(f->config.isolation, defaults.isolation);
	assert_string_equal(f->config.vmm, defaults.vmm);
	assert_string_equal(f->config.kernel, defaults.kernel);
	assert_string_equal(f->config.root, defaults.root);
	assert_string_equal(f->config.run, defaults.run);
	assert_string_equal(f->config.proxyd, defaults.proxyd);
	assert_null(f->config.node);
	assert_null(f->config.tap);
	config_free(&defaults);
}

static void mistakes_are_refused(void **state)
{
	static const char *const texts[] = {
		"[control-bm]\ncolor = red\n",
		"[control-bm]\ncpus = 2-\n",
		"[control-bm]\ncpus = 2,3\n",
		"[control-bm]\ncpus = 2-3+\n",
		"[control-bm]\ncpus =\n",
		"[control-bm]\nmemory = 1T\n",
		"[control-bm]\nmemory = 1Gx\n",
		"[control-bm]\nmemory = M\n",
		"[control-bm]\nisolation = guarded\n",
		"[control-bm]\nnode = 1,cpus=0\n",
		"[control-bm]\nkernel = bzImage\n",
		"[control-bm]\ntap = a,b\n",
		"[disks]\na b = /dev/a\n",
		"[disks]\na = dev/a\n",
		"[disks]\naaaaaaaaaaaaaaaaaaaaa = /dev/a\n",
		"[ports]\na = b\n",
		"[ports]\na,b = /b\n",
		"[disk]\na = /b\n",
		"cpus = 1\n",
		"[control-bm]\nnonsense\n",
		"[disks]\na=/\nb=/\nc=/\nd=/\ne=/\nf=/\ng=/\nh=/\ni=/\n",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		print_message("%s", texts[i]);
		assert_int_equal(read_text(f, texts[i]), -22);
	}
}

static void all_keys_arrive(void **state)
{
	static const struct channel channel = { .start = 0x140000000, .bytes = 0x4000000 };
	struct fixture *f = *state;

	assert_int_equal(read_text(f, "[control-bm]\ncpus = 2-3+5\nmemory = 768M\nnode = 1\n"
				      "isolation = direct\nvmm = /v\nkernel = /k\nroot = /r\n"
				      "append = quiet x=y\ntap = tap0\nrun = /run/x\n"
				      "[disks]\nredis = /dev/a\ndata = /dev/b,rw\n"
				      "[ports]\nkata-bm.agent = /run/x/agent\n"), 0);
	assert_int_equal(command_make(&f->config, &channel, &f->command), 0);
	assert_string_equal(f->command.words[0], "/v");
	assert_null(f->command.words[f->command.nr_words]);
	assert_string_equal(value_of(&f->command, "-machine", 0),
			    "kata-bm,isolation=direct,cpus=2-3+5,node=1,"
			    "grant=all,channel=0x140000000:0x4000000");
	assert_string_equal(value_of(&f->command, "-m", 0), "768M");
	assert_string_equal(value_of(&f->command, "-kernel", 0), "/k");
	assert_non_null(strstr(value_of(&f->command, "-append", 0), " quiet x=y"));
	assert_string_equal(value_of(&f->command, "-drive", 0),
			    "id=disk-root,if=none,format=raw,read-only=off,file=/r");
	assert_string_equal(value_of(&f->command, "-drive", 1),
			    "id=disk-redis,if=none,format=raw,read-only=on,file=/dev/a");
	assert_string_equal(value_of(&f->command, "-drive", 2),
			    "id=disk-data,if=none,format=raw,read-only=off,file=/dev/b");
	assert_string_equal(value_of(&f->command, "-netdev", 0),
			    "tap,id=net,ifname=tap0,script=no,downscript=no");
}

static void no_channel_no_grant(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_text(f, "[control-bm]\nproxyd =\n"), 0);
	assert_null(f->config.proxyd);
	assert_int_equal(command_make(&f->config, NULL, &f->command), 0);
	assert_string_equal(value_of(&f->command, "-machine", 0),
			    "kata-bm,isolation=walled,cpus=1");
}

/* A path must not become options. */
static void commas_are_doubled(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_text(f, "[control-bm]\nroot = /a,readonly=on\n"), 0);
	assert_int_equal(command_make(&f->config, NULL, &f->command), 0);
	assert_string_equal(value_of(&f->command, "-drive", 0),
			    "id=disk-root,if=none,format=raw,read-only=off,file=/a,,readonly=on");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(defaults_hold_without_a_file),
		TEST(a_named_file_must_exist),
		TEST(the_example_has_the_defaults),
		TEST(mistakes_are_refused),
		TEST(all_keys_arrive),
		TEST(no_channel_no_grant),
		TEST(commas_are_doubled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
