# SPDX-License-Identifier: GPL-2.0-or-later
#
# KVM's selftests, and whatever other programs use KVM, without the proxy and
# over it: build/check/kvm-over-proxy.json. PROGRAMS=DIR: another folder of them.

PROGRAMS ?= build/kvm-selftests

build/kvm-selftests: tests/kvm-selftests/make-programs
	$< build/src/linux-host $@
	@touch $@

# The shorter form is a case of make check.
unit-tests: build/kvm-selftests
# It has the headers.
step-unit-tests: step-host-kernel

##@ Tests

.PHONY: check-kvm-over-proxy
check-kvm-over-proxy: setup-tests ## KVM's selftests without the proxy and over it (an hour)
	@$(MAKE) -j$(JOBS) server-parts
	@$(MAKE) -s proxy build/kvm-selftests
	@tests/kvm-selftests/over-proxy --emulator '$(EMULATOR)' --programs $(PROGRAMS)
