# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the cases share. They run on the server, where kbm-payload and
# kbm-requests are in PATH.
set -eu

result=$(mktemp)
trap 'rm -f "$result"' EXIT

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# skip WHY
skip() {
	echo "$*"
	exit 77
}

[ -e /dev/kata-bm ] || fail "no /dev/kata-bm on this server"

# payload ARGUMENTS...: run kbm-payload, its JSON in $result. The status is
# its own.
payload() {
	local status=0

	kbm-payload --json "$@" >"$result" || status=$?
	[ -s "$result" ] || fail "kbm-payload $* printed no result"
	return $status
}

# guest_ends PAYLOAD END ARGUMENTS...
guest_ends() {
	local name=$1 end=$2
	shift 2

	payload --payload="$name" "$@" || true
	expect "r['end'] == '$end'"
}

# expect EXPRESSION: Python on the last result r. sums() adds up the counters
# of all vCPUs whose name starts so; vectors() is the set that the guest saw.
expect() {
	python3 - "$result" "$1" <<-'EOF' || fail "$1: $(cat "$result")"
		import json, sys
		r = json.load(open(sys.argv[1]))
		def sums(start):
		    return sum(value for vcpu in r["vcpus"] for name, value in vcpu["stats"].items()
		               if name.startswith(start))
		def vectors():
		    return {int(v) for vcpu in r["vcpus"] for v in vcpu["vectors"]}
		sys.exit(not eval(sys.argv[2]))
	EOF
}

# show EXPRESSION: print it, for the log.
show() {
	python3 - "$result" "$1" <<-'EOF'
		import json, sys
		r = json.load(open(sys.argv[1]))
		print(eval(sys.argv[2]))
	EOF
}

online() {
	cat /sys/devices/system/cpu/online
}

# within SECONDS COMMAND...: it must succeed in this time.
within() {
	local limit=$1
	shift

	timeout -k 5 "$limit" "$@" >/dev/null 2>&1 || fail "$*: status $? (limit $limit s)"
	echo "ok: $*"
}
