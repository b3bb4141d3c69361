// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs on loan: taken offline, parked, given work, brought back.
 */

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/topology.h>

#include <asm/apic.h>
#include <asm/kbm.h>
#include <asm/smp.h>

#include "../apic/local.h"
#include "kbm.h"

/* How long a CPU may take from one state to the next on its own. */
#define KBM_CPU_TIMEOUT_MS	1000

/* Lent CPUs by number. Changes under kbm_cpu_lock; read anywhere. */
struct kbm_cpu *kbm_cpus[NR_CPUS];
static DEFINE_MUTEX(kbm_cpu_lock);
static void (*host_play_dead)(void);

/* smp_ops.play_dead: the last step of a CPU that goes offline. */
static void kbm_cpu_play_dead(void)
{
	struct kbm_cpu *cpu = READ_ONCE(kbm_cpus[smp_processor_id()]);

	if (!cpu || cpu->returning) {
		host_play_dead();
		return;
	}
	play_dead_common();
	kbm_park(cpu);
	BUG();
}

/* Refuses that anybody but us brings a lent CPU online. */
static int cpu_prepare(unsigned int number)
{
	struct kbm_cpu *cpu = READ_ONCE(kbm_cpus[number]);

	if (cpu && !cpu->returning) {
		pr_warn_ratelimited(
			"kata-bm: CPU %u is lent to a guest and stays offline; stop the guest first\n",
			number);
		return -EBUSY;
	}
	return 0;
}

static bool state_wait(struct kbm_cpu *cpu, enum kbm_cpu_state state)
{
	unsigned long end = jiffies + msecs_to_jiffies(KBM_CPU_TIMEOUT_MS);

	/* What the CPU did before it moved on is ours to use. */
	while (smp_load_acquire(&cpu->state) != state) {
		if (time_after(jiffies, end))
			return false;
		usleep_range(50, 200);
	}
	return true;
}

static bool ipi_shorthand_in_use(void)
{
	return static_key_enabled(&apic_use_ipi_shorthand);
}

static int lend_check(struct kbm_lease *lease, unsigned int cpu)
{
	if (cpu == 0) {
		kbm_lease_error(
			lease, "CPU 0 boots and stops the host and cannot be lent; choose another");
		return -EINVAL;
	}
	if (!x2apic_mode) {
		kbm_lease_error(
			lease,
			"the local APICs are not in x2APIC mode; enable it in the firmware, and interrupt remapping in the kernel");
		return -EINVAL;
	}
	if (ipi_shorthand_in_use()) {
		kbm_lease_error(
			lease,
			"the host sends IPIs by shorthand, which reach lent CPUs; boot it with no_ipi_broadcast=1");
		return -EINVAL;
	}
	if (cpu >= nr_cpu_ids || !cpu_present(cpu)) {
		kbm_lease_error(lease, "there is no CPU %u; present are %*pbl", cpu,
				cpumask_pr_args(cpu_present_mask));
		return -ENODEV;
	}
	if (kbm_cpus[cpu]) {
		kbm_lease_error(lease, "CPU %u is lent already; online are %*pbl", cpu,
				cpumask_pr_args(cpu_online_mask));
		return -EBUSY;
	}
	if (!cpu_online(cpu)) {
		kbm_lease_error(lease, "CPU %u is offline; bring it online first", cpu);
		return -ENODEV;
	}
	return 0;
}

static struct kbm_cpu *cpu_new(struct kbm_lease *lease, unsigned int number)
{
	struct kbm_cpu *cpu = kzalloc_node(sizeof(*cpu), GFP_KERNEL, cpu_to_node(number));

	if (!cpu)
		return NULL;
	cpu->cpu = number;
	cpu->apic_id = per_cpu(x86_cpu_to_apicid, number);
	cpu->node = cpu_to_node(number);
	cpu->lease = lease;
	cpu->state = KBM_CPU_LEAVING;
	raw_spin_lock_init(&cpu->nmi_lock);
	init_waitqueue_head(&cpu->wait);
	return cpu;
}

static int lend_locked(struct kbm_lease *lease, struct kbm_lend_cpu *request)
{
	struct kbm_cpu *cpu;
	int ret;

	ret = lend_check(lease, request->cpu);
	if (ret)
		return ret;
	cpu = cpu_new(lease, request->cpu);
	if (!cpu)
		return -ENOMEM;

	WRITE_ONCE(kbm_cpus[cpu->cpu], cpu);
	ret = remove_cpu(cpu->cpu);
	if (ret) {
		kbm_lease_error(lease,
				"CPU %u cannot go offline (error %d); see the host's kernel log",
				cpu->cpu, ret);
		goto err_forget;
	}
	if (!state_wait(cpu, KBM_CPU_PARKED)) {
		/* It may still run our code: leave it alone for good. */
		kbm_lease_error(
			lease, "CPU %u went offline and does not answer; it is lost until a reboot",
			cpu->cpu);
		cpu->lease = NULL;
		return -EIO;
	}
	request->apic_id = cpu->apic_id;
	request->node = cpu->node;
	return 0;

err_forget:
	WRITE_ONCE(kbm_cpus[cpu->cpu], NULL);
	kfree(cpu);
	return ret;
}

/**
 * kbm_cpu_lend() - take a CPU from the host
 * @lease:	whose it becomes.
 * @request:	which; its outputs are filled on success.
 *
 * Return: 0 or a negative errno; the lease knows the reason.
 */
int kbm_cpu_lend(struct kbm_lease *lease, struct kbm_lend_cpu *request)
{
	int ret;

	mutex_lock(&kbm_cpu_lock);
	ret = lend_locked(lease, request);
	mutex_unlock(&kbm_cpu_lock);
	return ret;
}

static bool cpu_return(struct kbm_cpu *cpu)
{
	int ret;

	/* Anything else than parked: it did not leave its guest. */
	if (READ_ONCE(cpu->state) != KBM_CPU_PARKED)
		return false;
	/* The CPU looks at nothing else than its state. */
	WRITE_ONCE(cpu->state, KBM_CPU_STOPPING);
	kbm_park_nmi_send(cpu);
	if (!state_wait(cpu, KBM_CPU_HALTED)) {
		pr_err("kata-bm: CPU %u does not answer; it is lost until a reboot\n", cpu->cpu);
		return false;
	}
	WRITE_ONCE(cpu->returning, true);
	/* An interrupt that kbm_cpu_ring() sends from now on would be the host's. */
	synchronize_rcu_expedited();
	ret = add_cpu(cpu->cpu);
	if (ret)
		pr_err("kata-bm: CPU %u does not come online (error %d); it stays offline\n",
		       cpu->cpu, ret);
	WRITE_ONCE(kbm_cpus[cpu->cpu], NULL);
	/* The interrupt that looks for finished work may have it in hand. */
	kfree_rcu(cpu, rcu);
	return true;
}

/**
 * kbm_cpu_return_all() - give all CPUs of a lease back
 * @lease: the lease; no thread waits for work on its CPUs any more.
 *
 * Return: false if a CPU did not answer: its guest may still be running, and
 * nothing that it can reach may be used again.
 */
bool kbm_cpu_return_all(struct kbm_lease *lease)
{
	unsigned int number;
	bool all = true;

	mutex_lock(&kbm_cpu_lock);
	for_each_possible_cpu(number) {
		struct kbm_cpu *cpu = kbm_cpus[number];

		if (cpu && cpu->lease == lease && !cpu_return(cpu)) {
			cpu->lease = NULL;
			all = false;
		}
	}
	mutex_unlock(&kbm_cpu_lock);
	return all;
}

/**
 * kbm_lease_cpu() - a lent CPU by its APIC ID
 * @lease:	the lease.
 * @apic_id:	physical APIC ID.
 *
 * Return: the CPU, valid as long as the lease; NULL if the lease has none
 * such.
 */
struct kbm_cpu *kbm_lease_cpu(struct kbm_lease *lease, u32 apic_id)
{
	struct kbm_cpu *found = NULL;
	unsigned int number;

	mutex_lock(&kbm_cpu_lock);
	for_each_possible_cpu(number) {
		struct kbm_cpu *cpu = kbm_cpus[number];

		if (cpu && cpu->lease == lease && cpu->apic_id == apic_id) {
			found = cpu;
			break;
		}
	}
	mutex_unlock(&kbm_cpu_lock);
	return found;
}
EXPORT_SYMBOL_GPL(kbm_lease_cpu);

static bool may_ring(const struct kbm_lease *lease, const struct kbm_cpu *cpu)
{
	const struct kbm_lease *owner = READ_ONCE(cpu->lease);

	return owner && !READ_ONCE(cpu->returning) &&
	       (owner == lease || kbm_lease_granted(owner));
}

/**
 * kbm_cpu_ring() - send a lent CPU an interrupt on behalf of a lease
 * @lease:	the lease. Its own CPUs it may ring, and those of the control BM.
 * @apic_id:	physical APIC ID.
 * @vector:	32 to 255.
 *
 * Return: false if it may not, or if there is no such CPU; nothing was sent.
 */
bool kbm_cpu_ring(const struct kbm_lease *lease, u32 apic_id, u8 vector)
{
	unsigned int number;

	/* A CPU goes back to the host only when all have left this section. */
	guard(rcu)();
	for_each_possible_cpu(number) {
		struct kbm_cpu *cpu = READ_ONCE(kbm_cpus[number]);

		if (!cpu || cpu->apic_id != apic_id)
			continue;
		if (!may_ring(lease, cpu))
			return false;
		kbm_send_ipi(apic_id, vector);
		return true;
	}
	return false;
}

/* By the APIC IDs: a CPU that is offline has left the maps of siblings. */
static bool same_core(unsigned int a, unsigned int b)
{
	unsigned int shift = x86_topo_system.dom_shifts[TOPO_SMT_DOMAIN];

	return per_cpu(x86_cpu_to_apicid, a) >> shift == per_cpu(x86_cpu_to_apicid, b) >> shift;
}

static bool shares_core(struct kbm_lease *lease, struct kbm_cpu *cpu, unsigned int other)
{
	struct kbm_cpu *lent = kbm_cpus[other];

	if (other == cpu->cpu || !same_core(cpu->cpu, other))
		return false;
	return lent ? lent->lease != lease : cpu_online(other);
}

/**
 * kbm_lease_check_cores() - refuse a core that is not the lease's alone
 * @lease:	the lease.
 * @cpu:	one of its CPUs.
 *
 * Hardware threads of one core share caches and predictors; a guest gets whole
 * cores.
 *
 * Return: 0 or -EBUSY.
 */
int kbm_lease_check_cores(struct kbm_lease *lease, struct kbm_cpu *cpu)
{
	unsigned int other;
	int ret = 0;

	mutex_lock(&kbm_cpu_lock);
	for_each_present_cpu(other) {
		if (shares_core(lease, cpu, other)) {
			kbm_lease_error(
				lease,
				"CPU %u shares its core with CPU %u, which is not lent to this guest; lend both, or turn SMT off",
				cpu->cpu, other);
			ret = -EBUSY;
			break;
		}
	}
	mutex_unlock(&kbm_cpu_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(kbm_lease_check_cores);

/**
 * kbm_cpu_kick() - end the work of a lent CPU soon
 * @cpu: the CPU; without work this has no effect on the next work.
 */
void kbm_cpu_kick(struct kbm_cpu *cpu)
{
	WRITE_ONCE(cpu->kick, true);
	kbm_park_nmi_send(cpu);
}
EXPORT_SYMBOL_GPL(kbm_cpu_kick);

static bool work_done(struct kbm_cpu *cpu)
{
	/* Pairs with the release in park_work(): what the work has left. */
	u32 state = smp_load_acquire(&cpu->state);

	return state == KBM_CPU_DONE || state == KBM_CPU_HALTED;
}

/**
 * kbm_cpu_run() - run work on a lent CPU and sleep until it is done
 * @cpu:	a parked CPU; the caller is the only one to give it work.
 * @run:	see struct kbm_cpu.
 * @data:	its argument.
 *
 * A signal kicks the work.
 *
 * Return: 0, or -EIO when the host is going down or the CPU does not answer.
 */
int kbm_cpu_run(struct kbm_cpu *cpu, void (*run)(void *data), void *data)
{
	if (READ_ONCE(cpu->state) != KBM_CPU_PARKED)
		return -EIO;

	cpu->run = run;
	cpu->data = data;
	WRITE_ONCE(cpu->kick, false);
	/* Pairs with the acquire in kbm_park(): the work and all it uses. */
	smp_store_release(&cpu->state, KBM_CPU_REQUESTED);
	kbm_park_nmi_send(cpu);

	if (wait_event_interruptible(cpu->wait, work_done(cpu))) {
		kbm_cpu_kick(cpu);
		if (!wait_event_timeout(cpu->wait, work_done(cpu),
					msecs_to_jiffies(KBM_CPU_TIMEOUT_MS))) {
			pr_err("kata-bm: CPU %u does not leave its guest\n", cpu->cpu);
			return -EIO;
		}
	}
	if (READ_ONCE(cpu->state) != KBM_CPU_DONE)
		return -EIO;
	WRITE_ONCE(cpu->state, KBM_CPU_PARKED);
	return 0;
}
EXPORT_SYMBOL_GPL(kbm_cpu_run);

int __init kbm_cpu_init(void)
{
	int ret;

	/* Before the bring-up proper starts: see enum cpuhp_state. */
	ret = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "x86/kata-bm:prepare", cpu_prepare,
					NULL);
	if (ret < 0)
		return ret;
	host_play_dead = smp_ops.play_dead;
	smp_ops.play_dead = kbm_cpu_play_dead;
	return 0;
}
