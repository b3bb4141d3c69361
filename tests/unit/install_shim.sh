#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: install-shim puts everything where the shim looks for it
# limit: 60
set -eu
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "$*"
	exit 1
}

# What the shim looks for when nobody has told it where; the VMM is the host's.
defaults() {
	grep -oh '/opt/kata-bm/boot/[A-Za-z0-9.-]*' shim/config/*.c | sort -u
}

[ "$(defaults | wc -l)" = 2 ] || fail "kernel and initrd have no defaults: $(defaults)"
# A second time changes nothing.
for _ in 1 2; do
	scripts/install-shim "$work"
	while read -r path; do
		[ -s "$work$path" ] || fail "$path is not installed"
	done < <(defaults)
done

# As containerd starts it, which finds it in PATH.
target=$(readlink "$work/usr/local/bin/containerd-shim-kata-bm-v2")
"$work$target" -v >"$work/version"
grep -q kata-bm "$work/version" || fail "-v says: $(cat "$work/version")"
man -l "$work/usr/local/share/man/man5/configuration.toml.5" >/dev/null 2>&1 || ! command -v man >/dev/null ||
	fail "the man page cannot be shown"
