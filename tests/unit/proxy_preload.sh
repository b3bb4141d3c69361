#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: guests run the same with KVM directly and over the proxy
# limit: 90
set -eu
cd "$(dirname "$0")/../.."

[ -w /dev/kvm ] || { echo "no /dev/kvm here"; exit 77; }
dir=$(mktemp -d)
daemon=
trap 'kill $daemon 2>/dev/null; rm -rf "$dir"' EXIT
start_daemon() {
	build/proxy/kbm-proxyd "$dir/socket" &
	daemon=$!
	for _ in $(seq 50); do
		# Flags of a socket that listens: sessions have the same path.
		grep -q " 00010000 .* $dir/socket\$" /proc/net/unix && break
		sleep 0.1
	done
}

start_daemon

over_proxy=(env "KBM_PROXY=unix:$dir/socket" "LD_PRELOAD=$PWD/build/proxy/libkbm-preload.so")

proxied() {
	timeout 20 "${over_proxy[@]}" "$@"
}

# Each twin is a child of the daemon; so is a spare one, that has no session yet.
twins() {
	pgrep -c -x -P "$daemon" kbm-twin || true
}

ends_without_twins() {
	for _ in $(seq 50); do
		[ "$(twins)" = 0 ] && return
		sleep 0.1
	done
	echo "$(twins) twins are left"
	return 1
}

timeout 20 build/tools/kbm-proxy-guest >"$dir/direct"
for _ in 1 2 3; do
	proxied build/tools/kbm-proxy-guest >"$dir/proxied"
	diff "$dir/direct" "$dir/proxied"
done
cat "$dir/proxied"
ends_without_twins

timeout 30 build/tools/kbm-proxy-events "unix:$dir/socket"
ends_without_twins

# All kinds of memory; descriptors, pointers and signals as they should not be.
timeout 20 build/tools/kbm-proxy-memory >"$dir/direct-memory"
proxied build/tools/kbm-proxy-memory >"$dir/proxied-memory"
diff "$dir/direct-memory" "$dir/proxied-memory"
echo "$(wc -l <"$dir/proxied-memory") lines about memory and descriptors are the same"
ends_without_twins

# A VMM with threads and signals: its guest never ends, it is stopped.
proxied build/tools/kbm-payload-dynamic --mode=stock --payload=count --seconds=1
ends_without_twins

# A VMM that is killed while its guest runs.
"${over_proxy[@]}" build/tools/kbm-payload-dynamic --mode=stock --payload=count --seconds=10 &
sleep 0.5
[ "$(twins)" = 1 ]
kill -KILL "$!"
wait "$!" || true
ends_without_twins

# A twin that is killed: its VMM has errors, not a hang; others start.
proxied build/tools/kbm-payload-dynamic --mode=stock --payload=count --seconds=10 &
sleep 0.5
pkill -KILL -x -P "$daemon" kbm-twin
status=0
wait "$!" || status=$?
[ "$status" = 1 ]
proxied build/tools/kbm-proxy-guest | diff "$dir/direct" -

# The daemon is killed: guests go on, and a new one takes new sessions.
proxied build/tools/kbm-payload-dynamic --mode=stock --payload=count --seconds=2 &
vmm=$!
sleep 0.5
kill -KILL "$daemon"
wait "$daemon" || true
start_daemon
proxied build/tools/kbm-proxy-guest | diff "$dir/direct" -
wait "$vmm"
