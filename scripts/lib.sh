# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the scripts of this folder share: source it, it does nothing by itself.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Object and cache folders can be put elsewhere (a faster disk, a CI cache).
BUILD=${BUILD:-$ROOT/build}
case $BUILD in
/*) ;;
*) BUILD=$ROOT/$BUILD ;;
esac
CACHE=$BUILD/cache

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "${0##*/}: $*"
	exit 1
}

# One process at a time works on a folder; make -j runs several of us at once.
lock() {
	mkdir -p "$CACHE/locks"
	exec {LOCK_FD}>"$CACHE/locks/${1//\//_}"
	flock "$LOCK_FD"
}

# Moves a folder that was made under a temporary name to its place: a folder
# of that name is always whole.
publish_dir() {
	rm -rf "$2.old"
	if [ -e "$2" ]; then
		mv "$2" "$2.old"
	fi
	mv "$1" "$2"
	rm -rf "$2.old"
}

# Debian's name of the suite that this machine runs.
debian_suite() {
	(. /etc/os-release && echo "${VERSION_CODENAME:-}")
}

# The machine's Debian mirror, whatever form its apt sources have.
debian_mirror() {
	local uri

	# shellcheck disable=SC2016 # the variables are apt's
	uri=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' \
		'Created-By: Packages' 'Label: Debian' 2>/dev/null |
		awk -v s="$(debian_suite)" '$1 == s && $2 == "main" { print $3; exit }')
	echo "${uri:-http://deb.debian.org/debian/}"
}
