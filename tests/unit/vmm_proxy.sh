#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: the VMM over kbm-proxyd on this machine: set-up, statistics, the twin's death
# limit: 60
set -eu
cd "$(dirname "$0")/../.."

[ -w /dev/kvm ] || { echo "no /dev/kvm here"; exit 77; }
dir=$(mktemp -d)
vmm=
trap '' PIPE
build/proxy/kbm-proxyd "$dir/socket" 2>"$dir/log" &
daemon=$!
trap 'kill $vmm $daemon 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
for _ in $(seq 50); do
	[ -S "$dir/socket" ] && break
	sleep 0.1
done

# start WHERE: a VM that does not run yet, its QMP session at descriptors 3 and 4.
start() {
	mkfifo "$dir/to" "$dir/from"
	# A KVM without hardware below it has MSRs that it refuses to set.
	build/vmm/qemu-system-x86_64 -accel "kvm,proxy=$1" -machine microvm,acpi=off \
		-cpu host,-arch-capabilities -smp 2 -m 64M -nodefaults -no-user-config -display none -S \
		-name one -kernel build/guest-kernel/bzImage -qmp stdio \
		<"$dir/to" >"$dir/from" 2>"$dir/messages" &
	vmm=$!
	exec 3>"$dir/to" 4<"$dir/from"
	rm "$dir/to" "$dir/from"
	# One that refuses its options may be gone by now.
	echo '{"execute": "qmp_capabilities"}' >&3 2>/dev/null || true
}

# expect WORDS: reads until a line has them.
expect() {
	local line

	while read -r -t 20 line <&4; do
		[[ $line != *"$1"* ]] || return 0
	done
	fail "no '$1' from QMP"
}

fail() {
	echo "$*: $(cat "$dir/messages" "$dir/log")"
	exit 1
}

# end STATUS: how the VMM ends.
end() {
	local status=0

	exec 3>&-
	wait $vmm || status=$?
	vmm=
	[ $status = "$1" ] || fail "status $status, not $1"
}

twins() {
	pgrep -x -P $daemon kbm-twin || true
}

start "unix:$dir/socket"
expect '"return"'
[ "$(twins | wc -l)" = 1 ] || fail "twins: $(twins)"
build/proxy/kbm-proxyd --run-directory "$dir/socket.run" --status | grep -q ' one ' ||
	fail "the daemon does not know the name"
echo '{"execute": "query-stats", "arguments": {"target": "vcpu"}}' >&3
expect '"name": "exits"'
echo '{"execute": "quit"}' >&3
end 0
for _ in $(seq 50); do
	[ -n "$(twins)" ] || break
	sleep 0.1
done
[ -z "$(twins)" ] || fail "the twin is still there"

start "unix:$dir/socket"
expect '"return"'
kill -9 "$(twins)"
expect '"reason": "proxy-lost"'
expect '"reason": "host-error"'
end 8
grep -q "has ended this session" "$dir/messages" || fail "no message"

for where in unix:/nowhere kbm:/nowhere nowhere; do
	start "$where"
	end 1
	grep -q "no session of the proxy $where" "$dir/messages" || fail "$where"
done
