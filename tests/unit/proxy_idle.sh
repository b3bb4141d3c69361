#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: kbm-proxyd, its spare twin and a twin with an idle VM use no CPU
# limit: 60
set -eu
cd "$(dirname "$0")/../.."

[ -w /dev/kvm ] || { echo "no /dev/kvm here"; exit 77; }
SECONDS_IDLE=10
# 0.05 % of one CPU; a timer of 1 ms takes some 30 ms.
MOST_US=5000
dir=$(mktemp -d)
vmm=
touch "$dir/log" "$dir/vmm"
build/proxy/kbm-proxyd "$dir/socket" 2>"$dir/log" &
daemon=$!
trap 'kill $vmm $daemon 2>/dev/null || true; rm -rf "$dir"' EXIT

# wait_for COMMAND...: until it succeeds
wait_for() {
	for _ in $(seq 100); do
		"$@" && return
		sleep 0.1
	done
	echo "not in time: $*: $(cat "$dir/log" "$dir/vmm")"
	exit 1
}

# used PID: microseconds on a CPU, of all its threads
used() {
	cat "/proc/$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%d\n", sum / 1000 }'
}

is_ready() {
	grep -q 'event="ready"' "$dir/log"
}

has_twin() {
	twin=$(pgrep -x -P $daemon kbm-twin) && spare=$(pgrep -x -P $daemon kbm-spare)
}

# The vCPU has started, and waits.
is_idle() {
	local before

	before=$(used "$twin")
	sleep 1
	[ "$(used "$twin")" -lt $((before + MOST_US)) ]
}

wait_for is_ready
# The guest sleeps, and its timer wakes it once a second.
KBM_PROXY="unix:$dir/socket" LD_PRELOAD="$PWD/build/proxy/libkbm-preload.so" \
	build/tools/kbm-payload-dynamic --mode=stock --payload=hlt --count=100 --rate=1 \
	--seconds=100 >"$dir/vmm" 2>&1 &
vmm=$!
wait_for has_twin
wait_for is_idle
processes=("$daemon" "$twin" "$spare")
before=()
for pid in "${processes[@]}"; do
	before+=("$(used "$pid")")
done
sleep $SECONDS_IDLE
for i in "${!processes[@]}"; do
	pid=${processes[i]}
	us=$(($(used "$pid") - before[i]))
	echo "$(cat "/proc/$pid/comm"): $us us in $SECONDS_IDLE s"
	[ $us -lt $MOST_US ] || { echo "more than $MOST_US us"; exit 1; }
done
kill -0 $vmm || { echo "the VM was not there: $(cat "$dir/vmm")"; exit 1; }
