#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# about: lost VMMs, twins and daemons, and clients that do not behave, leave nothing
# limit: 180
cd "$(dirname "$0")/../.." && exec tests/proxy/faults --rounds 2
