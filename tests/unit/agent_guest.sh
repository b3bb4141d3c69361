#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: kbm-agent runs containers in a guest under QEMU
# limit: 900
cd "$(dirname "$0")/../.." && exec build/tools/agent-guest
