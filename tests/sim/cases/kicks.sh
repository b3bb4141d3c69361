#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: 1,000 of 1,000 kicks get a guest that spins with interrupts off out within 10 ms
# limit: 180
. "${0%/*}/lib.sh"

for mode in walled direct; do
	payload --payload=spin --mode=$mode --cpus=3 --kicks=1000 || fail "$(cat "$result")"
	expect "r['kicks']['arrived'] == 1000 and r['kicks']['late'] == 0"
	show "['$mode', {n: v for n, v in r['kicks'].items()}]"
done
