#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: kbm-proxyd allows guests' memory huge pages while it runs, where the host has a choice left
# limit: 90
. "${0%/*}/lib.sh"

private=/sys/kernel/mm/transparent_hugepage/enabled
shared=/sys/kernel/mm/transparent_hugepage/shmem_enabled
folder=$(mktemp -d)

# while_it_runs CONFIGURATION: what is chosen for shared memory then, and after its end.
while_it_runs() {
	local daemon before

	printf '%b' "$1" >"$folder/conf"
	/opt/kata-bm/bin/kbm-proxyd --config "$folder/conf" --run-directory "$folder" \
		2>"$folder/log" &
	daemon=$!
	timeout 30 sh -c "until grep -q 'event=\"ready\"' '$folder/log'; do sleep 0.1; done" ||
		fail "no daemon: $(cat "$folder/log")"
	before=$(chosen "$shared")
	[ -z "${meanwhile-}" ] || echo "$meanwhile" >"$shared"
	kill "$daemon"
	wait "$daemon" || fail "the daemon ended with $?: $(cat "$folder/log")"
	echo "$before $(chosen "$shared")"
}

# chosen FILE
chosen() {
	sed 's/.*\[\(.*\)\].*/\1/' "$1"
}

# expect_choices CHOICES CONFIGURATION
expect_choices() {
	local choices

	choices=$(while_it_runs "$2")
	[ "$choices" = "$1" ] || fail "'$choices' instead of '$1' with '$2'"
}

grep -q '^nobody:' /etc/passwd || echo 'nobody:x:65534:65534::/nonexistent:/bin/false' >>/etc/passwd
channel='[channel]\nenabled = no\n'

[ "$(chosen "$shared")" = never ] || fail "this kernel starts with $(chosen "$shared")"
expect_choices "advise never" "$channel"
expect_choices "never never" "${channel}[twin]\nhuge-pages = no\n"
meanwhile=within_size expect_choices "advise within_size" "$channel"
expect_choices "within_size within_size" "$channel"

# A host that wants no such pages at all.
echo never >"$shared"
was=$(chosen "$private")
echo never >"$private"
expect_choices "never never" "$channel"
echo "$was" >"$private"
rm -r "$folder"
