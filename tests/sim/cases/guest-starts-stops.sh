#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: 50 starts and stops of a Linux guest by QEMU leave everything where it was
# limit: 600
. "${0%/*}/lib.sh"

CONSOLE=/run/starts-stops.console
# The first process of the guest: it has a root and /proc, then it powers off, and needs no more of
# the disk, which is gone before the CPUs are.
INIT='-- -c "mount -t proc proc /proc; echo o >/proc/sysrq-trigger; while :; do :; done"'

# run MODE COUNT
run() {
	local mode=$1 count=$2 status

	for ((number = 1; number <= count; number++)); do
		status=0
		timeout 60 qemu-system-x86_64 -machine "kata-bm,isolation=$mode,cpus=2-3" -m 256M \
			-nodefaults -no-user-config -display none -no-reboot \
			-kernel /opt/kata-bm/boot/bzImage \
			-append "root=/dev/vda rootfstype=ext4 ro panic=-1 init=/bin/bash $INIT" \
			-drive id=root,file=/dev/disk/by-name/redis,format=raw,if=none,read-only=on \
			-device virtio-blk-bm,drive=root \
			-chardev file,id=console,path=$CONSOLE -serial chardev:console || status=$?
		[ $status -eq 0 ] || fail "$mode guest $number: status $status: $(tail -n 5 $CONSOLE)"
		grep -q "Run /bin/bash" $CONSOLE || fail "$mode guest $number did not boot: $(cat $CONSOLE)"
	done
}

[ -e /dev/disk/by-name/redis ] || fail "no image for guests on this server"
fifty_runs_keep_resources
