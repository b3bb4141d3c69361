#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: the VMM refuses wrong options and images by name, and changes nothing
# limit: 180
. "${0%/*}/lib.sh"

vmm=/opt/kata-bm/bin/qemu-system-x86_64
kernel=/opt/kata-bm/boot/bzImage

# refuses STATUS WORDS ARGUMENTS...: of the last -machine and -kernel the VMM
# takes the last, so arguments here override those before.
refuses() {
	local wanted=$1 words=$2 status=0
	shift 2

	timeout 60 "$vmm" -machine kata-bm -m 64M -kernel "$kernel" -nodefaults \
		-display none "$@" >"$result" 2>&1 </dev/null || status=$?
	[ $status = "$wanted" ] ||
		fail "$*: status $status, not $wanted: $(cat "$result")"
	grep -qF -- "$words" "$result" ||
		fail "$*: no '$words' in: $(cat "$result")"
	[ "$(cat /sys/devices/system/cpu/online)" = 0-3 ] ||
		fail "$*: CPUs online afterwards: $(cat /sys/devices/system/cpu/online)"
}

refuses 1 'CPU 0' -machine cpus=0
refuses 1 'CPU 99' -machine cpus=99
refuses 1 'CPU 0' -machine cpus=2+0
refuses 1 'cpus= is empty' -machine cpus=
refuses 1 'twice' -machine cpus=2-3+2
refuses 1 "'x'" -machine cpus=x
refuses 1 '-smp says 3' -machine cpus=2 -smp 3
refuses 1 'node 63' -machine cpus=2,node=63
refuses 1 'NODE:SIZE' -machine cpus=2,nodes=0
refuses 1 'not a multiple' -machine cpus=2,nodes=0:3M
refuses 1 'memory' -machine cpus=2 -m 1T
refuses 1 'isolation' -machine cpus=2,isolation=none
refuses 1 'names no character device' -machine cpus=2,console=nothing
refuses 1 'kernel-irqchip' -machine cpus=2,kernel-irqchip=off
refuses 6 'version' -machine cpus=2,x-info-version=1
refuses 1 'the only' -machine cpus=2,grant=some
refuses 1 'give grant=all' -machine cpus=2,channel=0x1000:64M
refuses 1 'START:BYTES' -machine cpus=2,grant=all,channel=64M
refuses 1 'whole pages' -machine cpus=2,grant=all,channel=0x1001:64M
refuses 1 'set aside' -machine cpus=2,grant=all,channel=0x1000:64M
refuses 1 'is kbm-proxyd there' -machine cpus=2 -accel kvm,proxy=unix:/nowhere
refuses 1 'unix:PATH or kbm:DEVICE' -machine cpus=2 -accel kvm,proxy=nowhere
refuses 1 'exclude each other' -machine cpus=2 -accel kvm,proxy=unix:/nowhere,device=/dev/kvm

head -c 100000 "$kernel" >/run/truncated
refuses 1 '/run/truncated is truncated' -machine cpus=2 -kernel /run/truncated
refuses 1 'is not a Linux bzImage' -machine cpus=2 -kernel /bin/sh
refuses 1 'cannot read kernel image /nowhere' -machine cpus=2 -kernel /nowhere
refuses 1 'cannot read initrd /nowhere' -machine cpus=2 -initrd /nowhere
refuses 1 'command line' -machine cpus=2 -append "$(printf '%5000s' x)"
truncate -s 60M /run/large
refuses 1 'give more memory with -m' -machine cpus=2 -initrd /run/large
refuses 1 'can have 64' -machine cpus=2 -device virtio-serial-bm,max_ports=40

timeout 60 "$vmm" -machine kata-bm,cpus=2 -nodefaults -display none >"$result" 2>&1 &&
	fail "no kernel, and no error"
grep -q -- -kernel "$result" || fail "no kernel: $(cat "$result")"
