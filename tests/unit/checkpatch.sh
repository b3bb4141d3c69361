#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: kernel and QEMU code and patches pass their projects' checkpatch
# limit: 300
set -eu
cd "$(dirname "$0")/../.."

upstream=${BUILD:-build}/src/upstream
linux=$(realpath -m "$upstream/linux/scripts/checkpatch.pl")
qemu=$(realpath -m "$upstream/qemu/scripts/checkpatch.pl")
if [ ! -r "$linux" ] || [ ! -r "$qemu" ]; then
	echo "no sources there yet: make all"
	exit 77
fi

options=(--no-tree --quiet --terse)
# A new file needs no entry in MAINTAINERS here, and these patches are not
# mailed.
# The list of exit reasons is a macro that others expand.
linux_options=("${options[@]}" --show-types
	--ignore "FILE_PATH_CHANGES,MISSING_SIGN_OFF,NO_AUTHOR_SIGN_OFF,EMAIL_SUBJECT"
	--ignore "LINUX_VERSION_CODE,SPDX_LICENSE_TAG,CONFIG_DESCRIPTION,COMMIT_MESSAGE"
	--ignore "EMBEDDED_FILENAME,COMMIT_LOG_LONG_LINE,COMPLEX_MACRO,TRAILING_SEMICOLON")

checked=0
status=0
check() {
	local name=$1 text

	shift
	checked=$((checked + 1))
	text=$(perl "$@" 2>&1) && return
	status=1
	grep -v '^total: ' <<<"$text" | sed "s|^-:|$name:|"
}

while read -r file; do
	check "$file" "$linux" "${linux_options[@]}" --file "$file"
done < <(find host-kernel-patches/src guest-kernel-config/src control-bm/src -name '*.[chS]')
# Through a pipe: a file that git knows would be taken for source code.
while read -r file; do
	# shellcheck disable=SC2094 # a name for messages
	check "$file" "$linux" "${linux_options[@]}" - <"$file"
done < <(find host-kernel-patches/patches guest-kernel-config/patches -name '*.patch')
while read -r file; do
	check "$file" "$qemu" "${options[@]}" --no-signoff --file "$file"
done < <(find vmm/src -name '*.[ch]')
echo "$checked files"
exit $status
