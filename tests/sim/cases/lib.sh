# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the cases share. They run on the server, where kbm-payload and
# kbm-requests are in PATH.
set -eu

result=$(mktemp)
trap 'rm -f "$result"' EXIT

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# skip WHY
skip() {
	echo "$*"
	exit 77
}

[ -e /dev/kata-bm ] || fail "no /dev/kata-bm on this server"

# payload ARGUMENTS...: run kbm-payload, its JSON in $result. The status is
# its own.
payload() {
	local status=0

	kbm-payload --json "$@" >"$result" || status=$?
	[ -s "$result" ] || fail "kbm-payload $* printed no result"
	return $status
}

# guest_ends PAYLOAD END ARGUMENTS...
guest_ends() {
	local name=$1 end=$2
	shift 2

	payload --payload="$name" "$@" || true
	expect "r['end'] == '$end'"
}

# expect EXPRESSION: Python on the last result r. sums() adds up the counters
# of all vCPUs whose name starts so; vectors() is the set that the guest saw.
expect() {
	python3 - "$result" "$1" <<-'EOF' || fail "$1: $(cat "$result")"
		import json, sys
		r = json.load(open(sys.argv[1]))
		def sums(start):
		    return sum(value for vcpu in r["vcpus"] for name, value in vcpu["stats"].items()
		               if name.startswith(start))
		def vectors():
		    return {int(v) for vcpu in r["vcpus"] for v in vcpu["vectors"]}
		sys.exit(not eval(sys.argv[2]))
	EOF
}

# show EXPRESSION: print it, for the log.
show() {
	python3 - "$result" "$1" <<-'EOF'
		import json, sys
		r = json.load(open(sys.argv[1]))
		print(eval(sys.argv[2]))
	EOF
}

online() {
	cat /sys/devices/system/cpu/online
}

# within SECONDS COMMAND...: it must succeed in this time.
within() {
	local limit=$1
	shift

	timeout -k 5 "$limit" "$@" >/dev/null 2>&1 || fail "$*: status $? (limit $limit s)"
	echo "ok: $*"
}

MODULES=/opt/kata-bm/modules
TRACING=/sys/kernel/tracing
[ -d $TRACING/events ] || mount -t tracefs none $TRACING
# disturb: what a host does that reaches all of its CPUs. CPU 1 must not be
# lent.
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
	within 60 stress-ng --quiet --cpu 2 --vm 2 --vm-bytes 64M --fork 2 --timer 1 --mmap 1 --timeout 8
	[ "$(online)" = "$online_before" ] || fail "CPUs online: $online_before before, $(online) after"
}
