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

# What may have grown for other reasons, in pages, objects and tasks.
SLACK_PAGES=512
SLACK_OBJECTS=200
SLACK_TASKS=2

# Free pages, those on the lists of single CPUs too: a CPU that goes offline
# gives its list back.
free_pages() {
	echo 3 >/proc/sys/vm/drop_caches
	awk '$1 == "nr_free_pages" || $1 == "count:" { sum += $2 } END { print sum }' /proc/zoneinfo
}

# By the objects of files: file-nr is added up from the CPUs' shares only now and
# then. A page of them is the least that the allocator takes.
SLACK_FILES=21
open_files() {
	awk '$1 == "filp" { print $2 }' /proc/slabinfo
}

# Objects of KVM and of ours, all in use: none may be left.
kvm_objects() {
	awk '/^(kvm|kbm)|^x86_emulator|^mmu_page_header|^pte_list_desc/ { sum += $2 } END { print sum + 0 }' \
		/proc/slabinfo
}

# Free objects on the lists of single CPUs count as used until these are given
# back. But vmap_area: areas that are free already are kept until there are many.
all_objects() {
	local shrink

	for shrink in /sys/kernel/slab/*/shrink; do
		echo 1 >"$shrink"
	done
	awk 'NR > 2 && $1 != "vmap_area" { sum += $2 } END { print sum + 0 }' /proc/slabinfo
}

# The least of some looks: what waits for a grace period of RCU is not lost yet.
# kfree_rcu() gathers for up to 5 s before it even asks for one.
settled_objects() {
	local least=0 now

	for _ in {1..12}; do
		now=$(all_objects)
		[ "$least" -ne 0 ] && [ "$now" -ge "$least" ] || least=$now
		sleep 1
	done
	echo "$least"
}

# Without the kernel's workers, which come and go.
tasks() {
	grep -Ls '^kworker/' /proc/[0-9]*/comm | wc -l
}

# What guests take and must give back, in an order that resources_kept() knows.
resources() {
	local objects

	# First: it empties the lists of single CPUs, whose free objects look used.
	objects=$(settled_objects)
	echo "$(online) $(free_pages) $(open_files) $(kvm_objects) $objects $(tasks)"
}

# resources_kept BEFORE AFTER
resources_kept() {
	local cpus pages files kvm objects tasks
	local cpus_now pages_now files_now kvm_now objects_now tasks_now

	read -r cpus pages files kvm objects tasks <<<"$1"
	read -r cpus_now pages_now files_now kvm_now objects_now tasks_now <<<"$2"
	echo "CPUs $cpus -> $cpus_now, free pages $pages -> $pages_now, files $files -> $files_now," \
		"KVM objects $kvm -> $kvm_now, objects $objects -> $objects_now, tasks $tasks -> $tasks_now"
	[ "$cpus_now" = "$cpus" ] || fail "other CPUs are online"
	[ "$pages_now" -ge $((pages - SLACK_PAGES)) ] || fail "fewer pages are free"
	[ "$files_now" -le $((files + SLACK_FILES)) ] || fail "more files are open"
	[ "$kvm_now" -le "$kvm" ] || fail "KVM has more objects"
	[ "$objects_now" -le $((objects + SLACK_OBJECTS)) ] || fail "the kernel has more objects"
	[ "$tasks_now" -le $((tasks + SLACK_TASKS)) ] || fail "there are more tasks"
}

# The case's own `run MODE COUNT` starts and ends guests: 50 leave all as it was.
fifty_runs_keep_resources() {
	local before

	# Some of each first: caches and the like are made once.
	run walled 2
	run direct 2
	sleep 1
	before=$(resources)

	run walled 25
	run direct 25
	sleep 1
	resources_kept "$before" "$(resources)"
}
