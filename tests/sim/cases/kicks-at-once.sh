#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: no kick is lost between CPUs that run at the same time
# limit: 180
. "${0%/*}/lib.sh"

# The kicks of sim/kicks are timed on CPUs that take turns. Here they do not,
# so that a kick meets a guest anywhere on its way in and out; time is the real
# machine's, and is not judged.
for mode in walled direct; do
	payload --payload=spin --mode=$mode --cpus=3 --kicks=1000 --seconds=60 || true
	show "['$mode', r['kicks']]"
	expect "r['kicks']['arrived'] == 1000"
done
