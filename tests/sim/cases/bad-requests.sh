#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: bad requests get an error that names what is wrong, and change nothing
# limit: 120
. "${0%/*}/lib.sh"

# An offline CPU is not lent either.
echo 0 >/sys/devices/system/cpu/cpu3/online
if kbm-payload --cpus=3 2>"$result"; then
	fail "offline CPU 3 was lent"
fi
grep -q 'offline' "$result" || fail "the reason does not say so: $(cat "$result")"
[ "$(online)" = 0-2 ] || fail "online CPUs afterwards: $(online)"
echo 1 >/sys/devices/system/cpu/cpu3/online

kbm-requests 2 3
[ "$(online)" = 0-3 ] || fail "online CPUs afterwards: $(online)"
guest_ends hello shutdown --cpus=2,3
