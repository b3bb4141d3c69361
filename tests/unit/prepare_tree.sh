#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: prepare-tree patches a tree, and touches only what changed
# limit: 60
set -eu
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export BUILD=$work/build
upstream=$BUILD/src/upstream/qemu
tree=$work/tree
mkdir -p "$upstream/sub" "$work/new/sub" "$work/series"

fail() {
	echo "$*"
	exit 1
}

prepare() {
	scripts/prepare-tree qemu "$tree" "$work/new" "$work/single:sub/single.h" -- "$work/series" 2>&1
}

times() {
	(cd "$tree" && find . -type f ! -name '.kbm*' -printf '%p %T@\n' | sort)
}

changed() {
	diff <(echo "$1") <(times) | sed -n 's/^> \([^ ]*\) .*/\1/p' | xargs
}

echo 10.0.99 >"$upstream/VERSION"
printf 'one\ntwo\nthree\n' >"$upstream/sub/file.c"
echo other >"$upstream/other.c"
echo ours >"$work/new/sub/ours.c"
echo single >"$work/single"
cat >"$work/series/0001-two.patch" <<-'PATCH'
	--- a/sub/file.c
	+++ b/sub/file.c
	@@ -1,3 +1,3 @@
	 one
	-two
	+TWO
	 three
PATCH

prepare
[ "$(sed -n 2p "$tree/sub/file.c")" = TWO ] || fail "the series was not applied"
[ "$(sed -n 2p "$upstream/sub/file.c")" = two ] || fail "upstream's tree was changed"
[ "$(cat "$tree/sub/ours.c" "$tree/sub/single.h")" = "$(printf 'ours\nsingle')" ] ||
	fail "the new files are not there"

before=$(times)
sleep 0.01
touch "$work/new/sub/ours.c" "$work/series/0001-two.patch"
prepare
[ -z "$(changed "$before")" ] || fail "a second run touched $(changed "$before")"

echo changed >"$work/new/sub/ours.c"
prepare
[ "$(changed "$before")" = ./sub/ours.c ] || fail "one change touched: $(changed "$before")"

rm "$work/series/0001-two.patch" "$work/new/sub/ours.c"
prepare
cmp "$tree/sub/file.c" "$upstream/sub/file.c" || fail "a patch that is gone left its change"
[ ! -e "$tree/sub/ours.c" ] || fail "a new file that is gone is still there"

sed 's/two/2/' >"$work/series/0002-bad.patch" <<-'PATCH'
	--- a/sub/file.c
	+++ b/sub/file.c
	@@ -1,3 +1,3 @@
	 one
	-two
	+zwei
	 three
PATCH
before=$(times)
! text=$(prepare) || fail "a patch that does not apply was taken"
[[ $text == *0002-bad.patch*10.0.99* ]] || fail "the message does not name it: $text"
[ -z "$(changed "$before")" ] || fail "a failure touched $(changed "$before")"
