/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the VM's parts share. */
#ifndef TEST_VM_PARTS_H
#define TEST_VM_PARTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "config/config.h"
#include "config/problem.h"

/* Of one group of tests: made before it, and removed behind it, when it has to be empty. */
extern char folder[64];
int make_folder(void **state);
int remove_folder(void **state);

void expect_words(const char *text, const char *words);

/* Of this configuration.toml; for config_free(). */
struct config *configure(const char *text);

/* A child that does nothing, and is not left behind by a test that fails. */
void wait_for_the_end(void) __attribute__((noreturn));

int test_qmp(void);
int test_lines(void);
int test_placement(void);
int test_cores(void);
int test_memory(void);
int test_record(void);
int test_process(void);
int test_ends(void);
int test_command(void);

#endif
