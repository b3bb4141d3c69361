#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: 1,000 of 1,000 kicks get a guest that spins with interrupts off out within 10 ms
# limit: 180
# options: --cpus 2 --nodes 1 --lendable 1G@0 --icount 2
. "${0%/*}/lib.sh"

# Time on this server is what its CPUs have executed, 4 ns an instruction: it
# stands still when the real machine does something else, and no kick is excused.
for mode in walled direct; do
	payload --payload=spin --mode=$mode --cpus=1 --kicks=1000 --seconds=60 ||
		fail "$(cat "$result")"
	show "['$mode', r['kicks']]"
	expect "r['kicks']['arrived'] == 1000 and r['kicks']['late'] == 0"
	expect "r['kicks']['max_ns'] <= r['kicks']['limit_ns'] == 10_000_000"
done
