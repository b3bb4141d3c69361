#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: the fuzz targets find nothing in their corpora, and in 10 s each
# limit: 300
set -eu
cd "$(dirname "$0")/../.."

command -v clang >/dev/null || { echo "no clang here (Debian package clang)"; exit 77; }
make -s fuzz FUZZ_SECONDS=10
