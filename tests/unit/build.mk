# SPDX-License-Identifier: GPL-2.0-or-later
#
# Unit tests: each C file here is a program (cmocka, with address and undefined
# behaviour sanitizers), linked with the sources that it tests. A component adds
# the programs of its tests to UNIT_TESTS; their rule is where their sources are.

UNIT_CFLAGS := -std=gnu17 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Werror -Wshadow \
	-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

UNIT_TESTS += build/unit/sim_frame build/unit/sim_job

build/unit/sim_frame: tests/unit/sim_frame.c tests/sim/agent/frame.c tests/sim/agent/frame.h
build/unit/sim_job: tests/unit/sim_job.c tests/sim/agent/job.c tests/sim/agent/job.h

build/unit/sim_%:
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -Itests/sim/agent -o $@ $(filter %.c,$^) -lcmocka -lutil

.PHONY: unit-tests
unit-tests: $(UNIT_TESTS)
