#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: each death of a guest is reported, and its CPUs and memory come back
# limit: 120
. "${0%/*}/lib.sh"

back() {
	[ "$(online)" = 0-3 ] || fail "$1: CPUs online afterwards: $(online)"
	guest_ends hello shutdown --cpus=2,3 --memory=512M
	echo "ok: $1"
}

for mode in walled direct; do
	guest_ends triple triple-fault --mode=$mode --cpus=2,3
	back "$mode: triple fault"
	guest_ends end panic --argument=2 --mode=$mode
	back "$mode: panic"
	guest_ends end reboot --argument=1 --mode=$mode
	back "$mode: reboot"

	kbm-payload --payload=spin --cpus=2,3 --seconds=60 --mode=$mode >/dev/null &
	sleep 1
	[ "$(online)" = 0-1 ] || fail "$mode: CPUs online while a guest runs: $(online)"
	kill -9 $!
	wait $! || true
	back "$mode: kill -9 of its VMM"
done
