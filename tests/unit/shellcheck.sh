#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: shell scripts have no shellcheck warnings
# limit: 120
set -eu
cd "$(dirname "$0")/../.."

command -v shellcheck >/dev/null || { echo "no shellcheck here"; exit 77; }
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard | while read -r file; do
	[ -f "$file" ] || continue
	case $file in
	*.sh) echo "$file" ;;
	*) head -c 64 "$file" | head -n 1 | tr -d '\0' | grep -qE '^#!.*\b(ba)?sh$' && echo "$file" ;;
	esac
done || true)
shellcheck -x -P SCRIPTDIR "${scripts[@]}"
echo "${#scripts[@]} scripts"
