#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: clang-tidy finds nothing in our programs
# limit: 600
set -eu
cd "$(dirname "$0")/../.."

command -v clang-tidy >/dev/null || { echo "no clang-tidy here"; exit 77; }
checks='-*,bugprone-*,clang-analyzer-*,cert-*,misc-*,performance-*'
# Rules of other styles than the kernel's, and those that do not know the cleanup
# attribute (the sanitizers find leaks) or take a checked descriptor for an error.
for check in bugprone-easily-swappable-parameters bugprone-assignment-in-if-condition \
	bugprone-narrowing-conversions bugprone-reserved-identifier \
	bugprone-implicit-widening-of-multiplication-result bugprone-macro-parentheses \
	bugprone-signal-handler cert-dcl37-c cert-dcl51-cpp cert-err33-c cert-err34-c \
	cert-sig30-c clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling \
	misc-no-recursion misc-include-cleaner bugprone-multi-level-implicit-pointer-conversion \
	bugprone-suspicious-string-compare clang-analyzer-unix.Malloc clang-analyzer-unix.Stream \
	clang-analyzer-unix.StdCLibraryFunctions \
	clang-analyzer-valist.Uninitialized bugprone-branch-clone bugprone-switch-missing-default-case performance-no-int-to-ptr; do
	checks+=,-$check
done

# Their sources include what protoc-c makes.
make -s build/obj/shim/libprotocols.a >/dev/null
# tidy FILE...: with the flags of its folder.
# shellcheck disable=SC2317 # xargs calls it
tidy() {
	# shellcheck disable=SC2086 # words
	clang-tidy --quiet --warnings-as-errors='*' --checks="$checks" "$@" -- $flags 2>/dev/null
}
export -f tidy
export checks flags

status=0
for dir in proxy control-bm/* shim/* tests/fuzz tests/proxy tests/sim/agent tests/sim/tools \
	tests/payload tests/requests tests/channel tests/bench; do
	compgen -G "$dir/*.c" >/dev/null || continue
	flags="-std=gnu17 -D_GNU_SOURCE -Ihost-kernel-patches/src/arch/x86/include/uapi"
	# Both have a message.h.
	case $dir in
	*proxy | tests/fuzz) flags+=" -Iproxy -Itests/payload" ;;
	*) flags+=" -Itests/payload -Iproxy" ;;
	esac
	flags+=" -Ulinux -Ishim -Ibuild/obj/shim/protocols"
	printf '%s\0' "$dir"/*.c |
		xargs -0 -n 4 -P "$(nproc)" bash -c 'tidy "$@"' tidy || status=1
done
exit $status
