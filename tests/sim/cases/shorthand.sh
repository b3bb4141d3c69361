#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: nothing is lent where IPI shorthands are in use
# limit: 60
# append: no_ipi_broadcast=0
. "${0%/*}/lib.sh"

if kbm-payload --cpus=2 2>"$result"; then
	fail "CPU 2 was lent"
fi
cat "$result"
grep -q no_ipi_broadcast=1 "$result" || fail "the reason does not name the remedy"
[ "$(online)" = 0-3 ] || fail "online CPUs afterwards: $(online)"
