#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: a guest kernel refuses an info page with any one field damaged
# limit: 180
. "${0%/*}/lib.sh"

vmm=/opt/kata-bm/bin/qemu-system-x86_64
kernel=/opt/kata-bm/boot/bzImage
monitor=/run/info-page
magic=KATA-BM
page=4096
# The shared pages are the last ones of the extent; the info page is the first.
most_pages=256

# The VMM with a guest that has not run yet, and may be told to go on by fd 7.
start_stopped() {
	rm -f $monitor.in $monitor.out
	mkfifo $monitor.in $monitor.out
	timeout 60 "$vmm" -S -machine kata-bm,cpus=2 -m 64M -kernel "$kernel" -append panic=-1 \
		-nodefaults -no-user-config -display none -no-reboot \
		-chardev pipe,id=monitor,path=$monitor -mon chardev=monitor,mode=readline \
		>"$result" 2>&1 </dev/null &
	vmm_job=$!
	cat $monitor.out >$monitor.said &
	reader=$!
	exec 7>$monitor.in
	until grep -q '^(qemu)' $monitor.said; do
		kill -0 $vmm_job 2>/dev/null || fail "the VMM has ended: $(cat "$result")"
		sleep 0.2
	done
}

# Prints the memory of the VMM as a file, and where the info page is in it.
find_page() {
	local pid range first at

	pid=$(pgrep -P $vmm_job)
	range=$(sed -n 's,^\([^ ]*\) .*/dev/kata-bm$,\1,p' "/proc/$pid/maps" | head -n 1)
	[ -n "$range" ] || fail "the VMM has no lent memory mapped"
	first=$((16#${range#*-} / page - most_pages))
	dd if="/proc/$pid/mem" bs=$page skip=$first count=$most_pages status=none |
		LC_ALL=C grep -abo "$magic" |
		while IFS=: read -r at _; do
			[ $((at % page)) != 0 ] || echo "/proc/$pid/mem $((first * page + at))"
		done | head -n 1
}

# damaged STATUS OFFSET BYTES: the guest ends the VMM with that status.
damaged() {
	local found memory at status=0

	start_stopped
	found=$(find_page)
	[ -n "$found" ] || fail "no info page in the last $most_pages pages"
	read -r memory at <<<"$found"
	# shellcheck disable=SC2059
	printf "$3" | dd of="$memory" bs=1 seek=$((at + $2)) conv=notrunc status=none
	echo cont >&7
	wait $vmm_job || status=$?
	exec 7>&-
	wait $reader
	[ $status = "$1" ] ||
		fail "byte $2: status $status, not $1: $(cat "$result")"
}

ones='\xff\xff\xff\xff'
zeros='\x00\x00\x00\x00'

damaged 4 20 "$zeros"			# reserved: nothing damaged; it has no root
damaged 6 0 '\x00'			# magic
damaged 6 8 '\x01'			# version, the one before
damaged 6 8 '\x03'			# and the one after
damaged 6 12 "$ones"			# size
damaged 6 12 '\x08\x00'			# size, too small
damaged 6 16 '\x02'			# mode
damaged 6 24 "$zeros$zeros"		# tsc_khz
damaged 6 32 "$zeros$zeros"		# lapic_timer_hz
damaged 6 56 "$ones"			# cpus
damaged 6 60 "$ones"			# nr_cpus
damaged 6 64 "$ones"			# extents
damaged 6 68 "$zeros"			# nr_extents
damaged 6 72 '\x01'			# console
damaged 6 88 "$zeros$zeros"		# device_area
damaged 6 96 "$ones$ones"		# device_area_bytes
damaged 6 119 '\x80'			# flags, one that nobody knows
damaged 6 124 '\x01'			# nr_grants, with no table
damaged 6 128 '\x00\x10'		# channel, in no grant
