#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: each file names its licence, and LICENSES/ has the text
# limit: 60
set -euf
cd "$(dirname "$0")/../.."

status=0
while read -r file; do
	[ -f "$file" ] || continue
	case $file in
	LICENSES/* | tests/fuzz/corpus/* | *.patch | *.md | *.svg) continue ;;
	esac
	line=$(head -n 20 "$file" | grep -m 1 -o 'SPDX-License-Identifier: .*' || true)
	if [ -z "$line" ]; then
		echo "$file: no SPDX-License-Identifier"
		status=1
		continue
	fi
	for word in ${line#*: }; do
		case $word in
		WITH | AND | OR | '*/' | '-->') continue ;;
		GPL-2.0) word=GPL-2.0-only ;;
		esac
		if [ ! -f "LICENSES/$word.txt" ]; then
			echo "$file: no LICENSES/$word.txt"
			status=1
		fi
	done
done < <(git ls-files --cached --others --exclude-standard)
exit $status
