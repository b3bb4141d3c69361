#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: the kernels' compiler keeps no object when a header or a file in it changed
# limit: 60
set -eu
cd "$(dirname "$0")/../.."
cc=$PWD/scripts/cc

if ! command -v ccache >/dev/null; then
	echo "no ccache"
	exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CCACHE_DIR=$work/cache
unset CCACHE_DEPEND CCACHE_DISABLE
cd "$work"

fail() {
	echo "$*"
	exit 1
}

# The object of a source, by its content.
object() {
	rm -f object.o
	"$cc" -Wp,-MMD,.object.o.d -c -o object.o "$1"
	sha256sum <object.o
}

count() {
	ccache --print-stats | sed -n "s/^$1\t//p"
}

# changes SOURCE FILE: another FILE makes another object; the first FILE, the first one.
check_changes() {
	local source=$1 file=$2 first

	echo 1 >"$file"
	first=$(object "$source")
	[ "$(object "$source")" = "$first" ] || fail "$source: two objects of the same text"
	echo 2 >"$file"
	[ "$(object "$source")" != "$first" ] || fail "$source: the object of an older $file"
	echo 1 >"$file"
	[ "$(object "$source")" = "$first" ] || fail "$source: not the object of $file"
}

printf 'int value =\n#include "number"\n;\n' >header.c
printf 'asm(".globl blob\\nblob: .incbin \\"number\\"");\n' >binary.c
printf '.globl blob\nblob: .incbin "number"\n' >binary.S
for source in header.c binary.c binary.S; do
	check_changes "$source" number
done
[ "$(count direct_cache_hit)" = 2 ] || fail "$(count direct_cache_hit) hits of 2 with header.c"
echo "3 sources, 2 hits"
