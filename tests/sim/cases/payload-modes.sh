#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: raw payloads run and end in walled and direct mode
# limit: 120
. "${0%/*}/lib.sh"

for mode in walled direct; do
	guest_ends hello shutdown --mode=$mode
	guest_ends timer shutdown --mode=$mode --cpus=2 --rate=2000 --count=2000
	expect "vectors() == {65} and r['vcpus'][0]['vectors']['65'] >= 2000"
	guest_ends self shutdown --mode=$mode --count=2000
	expect "vectors() == {66} and r['vcpus'][0]['done'] == 2000"
	guest_ends ipi shutdown --mode=$mode --cpus=2,3 --count=2000
	expect "vectors() == {67, 68} and r['vcpus'][0]['done'] == 2000"
	guest_ends hlt shutdown --mode=$mode --count=500
	expect "r['vcpus'][0]['done'] == 500"
	guest_ends cr3 shutdown --mode=$mode --count=10000
	guest_ends cpuid shutdown --mode=$mode --count=10000
	echo "$mode: all payloads ended as they should"
done
[ "$(online)" = 0-3 ] || fail "online CPUs afterwards: $(online)"
