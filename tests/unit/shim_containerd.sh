#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: containers and pods in emulated guests, through containerd and the shim
# limit: 1500
set -eu
cd "$(dirname "$0")/../.."

exec tests/e2e/run
