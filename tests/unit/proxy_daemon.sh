#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: kbm-proxyd's configuration, status, log, exit codes; it runs for any user
# limit: 60
set -eu
cd "$(dirname "$0")/../.."

proxyd=$PWD/build/proxy/kbm-proxyd
dir=$(mktemp -d)
daemon=
trap 'kill $daemon 2>/dev/null; rm -rf "$dir"' EXIT

die() {
	echo "$*"
	exit 1
}

# status_is STATUS COMMAND...: output in $dir/out
status_is() {
	local wanted=$1 got=0

	shift
	"$@" >"$dir/out" 2>&1 || got=$?
	[ "$got" = "$wanted" ] || die "$*: $got instead of $wanted: $(cat "$dir/out")"
}

says() {
	grep -qF -- "$1" "$dir/out" || die "no '$1' in: $(cat "$dir/out")"
}

# wrong TEXT WHAT...: that configuration is refused, with these words
wrong() {
	printf '%b' "$1" >"$dir/conf"
	shift
	status_is 2 "$proxyd" --config "$dir/conf" --check
	for word in "$@"; do
		says "$word"
	done
}

start() {
	: >"$dir/log"
	"$@" 2>"$dir/log" &
	daemon=$!
	for _ in $(seq 100); do
		grep -q 'event="ready"' "$dir/log" && return
		kill -0 "$daemon" || break
		sleep 0.05
	done
	die "no daemon: $(cat "$dir/log")"
}

# All keys of the file that is delivered are known, and are the defaults.
sed 's/^;//' proxy/proxyd.conf >"$dir/conf"
status_is 0 "$proxyd" --config "$dir/conf" --check
wrong '[daemon]\n\nfoo = 1\n' "$dir/conf:3: [daemon] foo = 1: is no key"
wrong '[twin]\nsocket = /x\n' ":2: [twin] socket"
wrong '[twin]\ndescriptors = many\n' ":2:" "must be a number from 64"
wrong '[twin]\nprivate-memory = 1K\n' "must be a number from 4194304"
wrong '[twin]\nnamespaces = perhaps\n' "must be yes or no"
wrong '[daemon]\nlog-level = loud\nsocket = x\n' ":2:" ":3:" "must be a path"
wrong '[channel]\nmemory = 5M\nsession-memory = 2M\n' "must be a multiple of session-memory"
wrong 'words\n' ":1:" "neither [section] nor key"
status_is 2 "$proxyd" --config "$dir/none" --check
says "$dir/none: cannot be read"
status_is 2 "$proxyd" --run-directory "/$(printf 'x%.0s' {1..100})" --check
says "take a shorter path"
status_is 2 "$proxyd" --no-such-option
status_is 0 "$proxyd" --help
says "kbm-proxyd(8)"

printf '[channel]\nenabled = no\n' >"$dir/conf"
serve=("$proxyd" --config "$dir/conf" --run-directory "$dir/run")
status_is 1 "${serve[@]}" --status
says "does kbm-proxyd run?"
start "${serve[@]}"
status_is 1 "${serve[@]}"
says "another kbm-proxyd"
status_is 0 "${serve[@]}" --status
says "SESSION"
"${serve[@]}" --status --json | python3 -c '
import json, sys
status = json.load(sys.stdin)
assert status["sessions"] == [] and status["pid"] == int(sys.argv[1]), status' "$daemon"
[ "$(stat -c %a "$dir/run/proxyd.socket")" = 600 ] || die "anybody may connect"

# spare_is_there: in $spare; shut in before it has a session.
spare_is_there() {
	for _ in $(seq 100); do
		spare=$(pgrep -x -P "$daemon" kbm-spare || true)
		[ -z "$spare" ] || ! grep -q '^Seccomp:	2$' "/proc/$spare/status" || break
		sleep 0.05
	done
	grep -q '^Seccomp:	2$' "/proc/$spare/status" || die "no spare twin that is shut in"
}

spare_is_there
first=$spare
# Without KVM the guest does not run, but a session there is.
KBM_PROXY="unix:$dir/run/proxyd.socket" LD_PRELOAD="$PWD/build/proxy/libkbm-preload.so" \
	build/tools/kbm-proxy-guest >/dev/null 2>&1 || true
grep -q "session started\".* pid=$first " "$dir/log" || die "the spare twin was not taken"
spare_is_there
[ "$spare" != "$first" ] || die "no new spare twin"
# Nobody misses it.
kill -KILL "$spare"
KBM_PROXY="unix:$dir/run/proxyd.socket" LD_PRELOAD="$PWD/build/proxy/libkbm-preload.so" \
	build/tools/kbm-proxy-guest >/dev/null 2>&1 || true
grep -q 'session started" session=2 ' "$dir/log" || die "no session after the spare twin's death"
spare_is_there

kill "$daemon"
wait "$daemon" || die "the daemon ended with $?"
for _ in $(seq 100); do
	[ -d "/proc/$spare" ] || break
	sleep 0.05
done
[ ! -d "/proc/$spare" ] || die "the spare twin outlives the daemon"

# Less urgent events than the level are not written.
"${serve[@]}" --log-level warning 2>"$dir/log" &
daemon=$!
for _ in $(seq 100); do
	"${serve[@]}" --status >/dev/null 2>&1 && break
	sleep 0.05
done
[ ! -s "$dir/log" ] || die "$(cat "$dir/log")"
kill "$daemon"
wait "$daemon" || die "the daemon ended with $?"

# Any user: with a user namespace instead of root's power.
if [ "$(id -u)" = 0 ]; then
	mkdir "$dir/nobody"
	cp "$proxyd" "$dir/conf" "$dir/nobody"
	chmod -R a+rX "$dir"
	chown nobody "$dir/nobody"
	start setpriv --reuid=nobody --clear-groups "$dir/nobody/kbm-proxyd" --config \
		"$dir/nobody/conf" --run-directory "$dir/nobody/run"
	grep -q 'namespaces=user' "$dir/log" || die "$(cat "$dir/log")"
	# It may not use KVM, and its client hears that.
	status_is 1 env KBM_PROXY="unix:$dir/nobody/run/proxyd.socket" \
		LD_PRELOAD="$PWD/build/proxy/libkbm-preload.so" build/tools/kbm-proxy-guest
	grep -q 'event="session ended".* status=0' "$dir/log" || sleep 0.5
	grep -q 'event="session ended".* status=0' "$dir/log" || die "$(cat "$dir/log")"
	says "/dev/kvm"
fi
