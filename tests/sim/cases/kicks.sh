#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: 1,000 of 1,000 kicks get a guest that spins with interrupts off out within 10 ms
# limit: 300
. "${0%/*}/lib.sh"

# Time on an emulated server is the real machine's. A kick that is late because
# the real machine did not run one of the emulated CPUs does not count and is
# done again ("stalled"); see tests/payload/kicks.h. A lost kick is never excused.
for mode in walled direct; do
	payload --payload=clock --argument=2000000 --mode=$mode --cpus=3 --kicks=1000 --seconds=60 ||
		fail "$(cat "$result")"
	show "['$mode', r['kicks']]"
	expect "r['kicks']['arrived'] == 1000 and r['kicks']['late'] == 0"
done

# Nor does it matter what the guest spins in.
payload --payload=spin --cpus=3 --kicks=200 || true
show "['spin', r['kicks']]"
expect "r['kicks']['arrived'] == 200"
