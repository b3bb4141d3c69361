#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: the host's work neither hangs on a running guest nor disturbs it
# limit: 240
. "${0%/*}/lib.sh"

MODULES=/opt/kata-bm/modules
TRACING=/sys/kernel/tracing
[ -d $TRACING/events ] || mount -t tracefs none $TRACING
seconds=60

disturb() {
	local online_before
	online_before=$(online)

	within 30 insmod $MODULES/test_module.ko
	within 30 rmmod test_module
	within 30 insmod $MODULES/test_static_key_base.ko
	within 60 insmod $MODULES/test_static_keys.ko
	within 30 rmmod test_static_keys
	within 30 rmmod test_static_key_base

	# Tracepoints are static calls and keys in kernel text: all CPUs are
	# told. Schedstats is a static key of its own.
	within 30 sh -c "echo 1 >$TRACING/events/sched/sched_switch/enable"
	within 30 sh -c "echo 0 >$TRACING/events/sched/sched_switch/enable"
	within 30 sh -c "echo 1 >$TRACING/events/irq/enable; echo 0 >$TRACING/events/irq/enable"

	within 30 sh -c 'echo 0 >/sys/devices/system/cpu/cpu1/online'
	within 30 sh -c 'echo 1 >/sys/devices/system/cpu/cpu1/online'
	within 60 sh -c 'echo 1 >/proc/sys/vm/compact_memory'
	within 30 sh -c 'echo 3 >/proc/sys/vm/drop_caches'
	within 60 perf record -q -a -e cpu-clock -o /tmp/perf.data -- sleep 2
	[ "$(online)" = "$online_before" ] || fail "CPUs online: $online_before before, $(online) after"
}

for mode in walled direct; do
	kbm-payload --json --payload=live --mode=$mode --cpus=2,3 --rate=1000 --seconds=$seconds \
		>"$result" &
	guest=$!
	sleep 2
	[ "$(online)" = 0-1 ] || fail "CPUs online: $(online), the guest has not started"
	disturb
	within 60 stress-ng --quiet --cpu 2 --vm 2 --vm-bytes 64M --fork 2 --timer 1 --mmap 1 --timeout 8
	kill -0 $guest || fail "the guest ended early: $(cat "$result")"
	wait $guest || fail "the guest did not end as it should: $(cat "$result")"
	expect "r['end'] == 'shutdown' and vectors() == {65}"
	expect "all(v['vectors']['65'] > 10 * $seconds for v in r['vcpus'])"
	expect "sums('runtime_exits') <= 2 * len(r['vcpus'])"
	show "['$mode', [(v['vectors'], {n: c for n, c in v['stats'].items() if c}) for v in r['vcpus']]]"
done
