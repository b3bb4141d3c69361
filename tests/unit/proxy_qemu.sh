#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: an unmodified QEMU boots its firmware over the proxy as it does without
# limit: 110
set -eu
cd "$(dirname "$0")/../.."

[ -w /dev/kvm ] || { echo "no /dev/kvm here"; exit 77; }
command -v qemu-system-x86_64 >/dev/null || { echo "no QEMU here"; exit 77; }
dir=$(mktemp -d)
daemon=
vmm=
trap 'kill $vmm $daemon 2>/dev/null || true; rm -rf "$dir"' EXIT
build/proxy/kbm-proxyd "$dir/socket" &
daemon=$!
for _ in $(seq 50); do
	[ -S "$dir/socket" ] && break
	sleep 0.1
done

# boot LOG COMMAND...: until the firmware has found nothing to boot.
boot() {
	local log=$1

	shift
	"$@" qemu-system-x86_64 -accel kvm -machine pc -smp 2 -m 64 -display none -nodefaults \
		-monitor none -chardev "file,id=log,path=$log" \
		-device isa-debugcon,iobase=0x402,chardev=log </dev/null 2>"$log.err" &
	vmm=$!
	for _ in $(seq 400); do
		grep -qs "^No bootable device" "$log" && break
		kill -0 $vmm || break
		sleep 0.1
	done
	twins=$(pgrep -c -x -P $daemon kbm-twin || true)
	kill $vmm
	wait $vmm || true
	vmm=
	grep -qs "^No bootable device" "$log"
}

boot "$dir/direct" env || { cat "$dir/direct.err"; echo "it does not boot here either way"; exit 77; }
[ "$twins" = 0 ]
boot "$dir/proxied" env "KBM_PROXY=unix:$dir/socket" \
	"LD_PRELOAD=$PWD/build/proxy/libkbm-preload.so" || { cat "$dir/proxied.err"; exit 1; }
[ "$twins" = 1 ]
# Times differ.
diff <(sed 's/0x[0-9a-f]*\|[0-9]\+//g' "$dir/direct") <(sed 's/0x[0-9a-f]*\|[0-9]\+//g' "$dir/proxied")
echo "$(wc -l <"$dir/proxied") lines of the firmware's log are the same"
