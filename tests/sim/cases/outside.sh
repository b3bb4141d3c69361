#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=tests/sim/cases/lib.sh
# about: what a guest may not touch it cannot: memory, ports, MSRs, NMIs
# limit: 120
. "${0%/*}/lib.sh"

# Low memory, the host's own, beyond all memory, the local APIC.
for address in 0x1000 0x1000000 0x8000000000 0xfee00000; do
	for name in outside poke; do
		guest_ends $name memory-fault --mode=walled --argument=$address
		expect "r['vcpus'][0]['detail'] == $address and r['vcpus'][0]['done'] == 0"
	done
done
echo "ok: memory outside its extents"

# Memory that is set aside and nobody's: only a guest with the grant reaches it,
# and with it no more than that. Of a fresh guest the last free run is not the one
# that it gets itself.
read -r _ start bytes _ < <(grep ' free$' /sys/class/misc/kata-bm/memory | tail -n 1)
free=$(printf '%#x' $((start + bytes - 4096)))
for name in outside poke; do
	guest_ends $name memory-fault --mode=walled --argument="$free"
	expect "r['vcpus'][0]['done'] == 0"
	guest_ends $name shutdown --mode=walled --grant --argument="$free"
	expect "r['vcpus'][0]['done'] == 1"
	guest_ends $name memory-fault --mode=walled --grant --argument=0x1000000
done
echo "ok: with a grant, all memory to lend at $free, and none of the host's"

for mode in walled direct; do
	# 6 to 0xcf9 resets the machine; getting here means that it did not.
	payload --payload=port --mode=$mode || true
	expect "r['end'] in ('shutdown', 'error')"

	# APICBASE, a variable MTRR, VM_HSAVE_PA, VM_CR, SMM base.
	for msr in 0x1b 0x200 0xc0010117 0xc0010114 0xc0010111; do
		payload --payload=msr --mode=$mode --argument=$msr || true
		expect "r['end'] in ('shutdown', 'error')"
		echo "$mode: MSR $msr: $(show "'done %d, value %#x' % (r['vcpus'][0]['done'],
			r['vcpus'][0]['value'])")"
	done
	payload --payload=nmi --mode=$mode || true
	expect "2 not in vectors()"
done
[ "$(online)" = 0-3 ] || fail "online CPUs afterwards: $(online)"
guest_ends hello shutdown
