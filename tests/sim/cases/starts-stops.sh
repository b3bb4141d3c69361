#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: 50 starts and stops leave CPUs, memory, descriptors and kernel objects where they were
# limit: 300
. "${0%/*}/lib.sh"

MARKER=0x4b424d4d41524b31
run() {
	kbm-payload --payload=marker --argument=$MARKER --cpus=2,3 --memory=64M --mode="$1" \
		--runs="$2" >/dev/null || fail "$1 guest did not end as it should"
}

fifty_runs_keep_resources

# All that can be lent, so that this looks where the marker was.
for mode in walled direct; do
	guest_ends findmarker shutdown --mode=$mode --argument=$MARKER --memory=256M --seconds=60
	expect "r['vcpus'][0]['value'] == 0 and r['vcpus'][0]['done'] == 0"
done
echo "no marker found"
