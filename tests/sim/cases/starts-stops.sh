#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: 50 starts and stops leave CPUs, memory, descriptors and kernel objects where they were
# limit: 300
. "${0%/*}/lib.sh"

MARKER=0x4b424d4d41524b31
# What may have grown for other reasons, in pages and in objects.
SLACK_PAGES=512
SLACK_OBJECTS=200

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

threads() {
	find /proc -maxdepth 1 -name '[0-9]*' | wc -l
}

run() {
	kbm-payload --payload=marker --argument=$MARKER --cpus=2,3 --memory=64M --mode="$1" \
		--runs="$2" >/dev/null || fail "$1 guest did not end as it should"
}

# One of each first: caches and the like are made once.
run walled 2
run direct 2
sleep 1
before=$(online) tasks=$(threads)
pages=$(free_pages) objects=$(all_objects) files=$(open_files) kvm=$(kvm_objects)

run walled 25
run direct 25
sleep 1

[ "$(online)" = "$before" ] || fail "CPUs online: $before before, $(online) after"
pages_after=$(free_pages) objects_after=$(all_objects)
echo "free pages $pages -> $pages_after, files $files -> $(open_files)," \
	"KVM objects $kvm -> $(kvm_objects), objects $objects -> $objects_after," \
	"tasks $tasks -> $(threads)"
[ "$pages_after" -ge $((pages - SLACK_PAGES)) ] ||
	fail "free pages fell from $pages to $pages_after"
[ "$(kvm_objects)" -le "$kvm" ] || fail "KVM objects grew from $kvm to $(kvm_objects)"
[ "$(open_files)" -le $((files + SLACK_FILES)) ] || fail "open files grew from $files to $(open_files)"
[ "$objects_after" -le $((objects + SLACK_OBJECTS)) ] ||
	fail "kernel objects grew from $objects to $objects_after"
[ "$(threads)" -le $((tasks + 2)) ] || fail "tasks grew from $tasks to $(threads)"

# All that can be lent, so that this looks where the marker was.
for mode in walled direct; do
	guest_ends findmarker shutdown --mode=$mode --argument=$MARKER --memory=256M --seconds=60
	expect "r['vcpus'][0]['value'] == 0 and r['vcpus'][0]['done'] == 0"
done
echo "no marker found"
