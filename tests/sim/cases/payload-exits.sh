#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: a live payload guest exits only to end, while stock KVM counts thousands
# limit: 120
. "${0%/*}/lib.sh"

# What ends the guest: the END hypercall of each vCPU, and the kick of those
# that have not come to theirs.
ending() {
	expect "all(value == 0 for vcpu in r['vcpus'] for name, value in vcpu['stats'].items()
	            if name.startswith('runtime_exits') and 'hypercall' not in name
	            and 'kick' not in name and 'nmi' not in name)"
	expect "sums('runtime_exits') <= 2 * len(r['vcpus'])"
}

for mode in walled direct; do
	guest_ends live shutdown --mode=$mode --cpus=2,3 --rate=2000 --seconds=5
	expect "vectors() == {65} and all(v['vectors']['65'] > 2000 for v in r['vcpus'])"
	ending
	show "['$mode', 'timer interrupts', [v['vectors']['65'] for v in r['vcpus']],
	       'runtime exits', [{n: c for n, c in v['stats'].items() if c and
	       n.startswith('runtime_exits')} for v in r['vcpus']]]"

	guest_ends cpuid shutdown --mode=$mode --count=100000
	ending
done

guest_ends live shutdown --mode=stock --rate=2000 --seconds=3
expect "r['vcpus'][0]['stats']['exits'] > 1000"
show "['stock', 'exits', r['vcpus'][0]['stats']['exits']]"
