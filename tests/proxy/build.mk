# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests of the daemon.

# Without sanitizers: they make system calls that a twin may not make.
UNIT_TESTS += build/unit/proxy_isolation
build/unit/proxy_isolation: tests/unit/proxy_isolation.c proxy/isolation.c \
		proxy/isolation_syscalls.c proxy/isolation.h
	@mkdir -p $(@D)
	$(CC) $(filter-out -fsanitize% -fno-sanitize%,$(UNIT_CFLAGS)) -pthread -Iproxy -o $@ \
		$(filter %.c,$^) -lcmocka -lseccomp

# Clients that do not behave; see tests/proxy/faults.
unit-tests: build/tools/faults-client
PROXY_SESSION := tests/proxy/session.c $(addprefix proxy/,message.c packet.c ring.c spin.c transport_unix.c)
build/tools/faults-client: tests/proxy/faults_client.c $(PROXY_SESSION) tests/proxy/session.h \
		$(wildcard proxy/*.h)
	@mkdir -p $(@D)
	$(CC) $(filter-out -fPIC -MMD -MP,$(PROXY_CFLAGS)) -Iproxy -o $@ $(filter %.c,$^)

UNIT_TESTS += build/unit/proxy_damage
build/unit/proxy_damage: tests/unit/proxy_damage.c tests/proxy/session.c \
		$(addprefix proxy/,$(PROXY_TWIN:.o=.c)) tests/proxy/session.h $(wildcard proxy/*.h)
	@mkdir -p $(@D)
	$(CC) $(PROXY_TEST_CFLAGS) -Itests/proxy -o $@ $(filter %.c,$^) -lcmocka

ROUNDS ?= 100

.PHONY: check-faults
check-faults: setup ## Faults of the proxy and the control BM, ROUNDS times each (100)
	@$(MAKE) -j$(JOBS) server-parts step-unit-tests
	@tests/proxy/faults --rounds $(ROUNDS)
	@tests/sim/faults --emulator '$(EMULATOR)' --rounds $(ROUNDS)
