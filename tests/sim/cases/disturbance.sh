#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: the host's work neither hangs on a running guest nor disturbs it
# limit: 240
. "${0%/*}/lib.sh"

for mode in walled direct; do
	kbm-payload --json --payload=tick --mode=$mode --cpus=2,3 --rate=1000 --seconds=200 \
		>"$result" &
	guest=$!
	sleep 2
	[ "$(online)" = 0-1 ] || fail "CPUs online: $(online), the guest has not started"
	disturb
	kill $guest || fail "the guest ended early: $(cat "$result")"
	wait $guest || fail "the guest did not end as it should: $(cat "$result")"
	expect "r['end'] == 'stopped' and vectors() == {65}"
	expect "all(v['vectors']['65'] > 1000 for v in r['vcpus'])"
	# Each CPU is kicked at the end.
	expect "sums('runtime_exits') == sums('runtime_exits_kick') == len(r['vcpus'])"
	show "['$mode', [(v['vectors'], {n: c for n, c in v['stats'].items() if c}) for v in r['vcpus']]]"
done
