// SPDX-License-Identifier: GPL-2.0
/* Interrupts: from the cause on one CPU to the handler on this or another. */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <asm/tsc.h>

#include "bench.h"

/* What a timer is armed for, and how long a CPU is left to fall asleep. */
#define TIMER_NS	50000
#define ASLEEP_US	50

static u64 handled_at;

static void wait_handled(void)
{
	while (!READ_ONCE(handled_at))
		cpu_relax();
}

static void on_irq_work(struct irq_work *work)
{
	WRITE_ONCE(handled_at, rdtsc_ordered());
}

void bench_self_ipi(struct samples *samples, int peer)
{
	struct irq_work work = IRQ_WORK_INIT_HARD(on_irq_work);

	while (samples->count < samples->size) {
		u64 start;

		WRITE_ONCE(handled_at, 0);
		start = rdtsc_ordered();
		irq_work_queue(&work);
		wait_handled();
		samples_add(samples, READ_ONCE(handled_at) - start);
		irq_work_sync(&work);
	}
}

static enum hrtimer_restart on_timer(struct hrtimer *timer)
{
	WRITE_ONCE(handled_at, rdtsc_ordered());
	return HRTIMER_NORESTART;
}

/* The time that it was armed for is not part of a sample. */
void bench_timer(struct samples *samples, int peer)
{
	u64 armed_for = mul_u64_u64_div_u64(TIMER_NS, tsc_khz, 1000000);
	struct hrtimer timer;

	hrtimer_init_on_stack(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer.function = on_timer;
	while (samples->count < samples->size) {
		u64 start, end;

		WRITE_ONCE(handled_at, 0);
		start = rdtsc_ordered();
		hrtimer_start(&timer, ns_to_ktime(TIMER_NS), HRTIMER_MODE_REL_PINNED_HARD);
		wait_handled();
		end = READ_ONCE(handled_at);
		samples_add(samples, end > start + armed_for ? end - start - armed_for : 0);
		cond_resched();
	}
	hrtimer_cancel(&timer);
	destroy_hrtimer_on_stack(&timer);
}

/* A thread that keeps the peer busy, or asleep in HLT. */
static bool peer_sleeps;

static int peer_main(void *halts)
{
	while (!kthread_should_stop()) {
		if (!halts) {
			cpu_relax();
			cond_resched();
			continue;
		}
		local_irq_disable();
		WRITE_ONCE(peer_sleeps, true);
		asm volatile("sti; hlt" ::: "memory");
		WRITE_ONCE(peer_sleeps, false);
		cond_resched();
	}
	return 0;
}

static struct task_struct *peer_start(int peer, bool halts)
{
	struct task_struct *task = kthread_create(peer_main, halts ? &peer_sleeps : NULL,
						  "kbm-bench-peer");

	if (IS_ERR(task))
		return NULL;
	kthread_bind(task, peer);
	wake_up_process(task);
	return task;
}

static void on_call(void *unused)
{
	WRITE_ONCE(handled_at, rdtsc_ordered());
}

static void call_peer(struct samples *samples, int peer)
{
	u64 start = rdtsc_ordered();

	smp_call_function_single(peer, on_call, NULL, true);
	samples_add(samples, READ_ONCE(handled_at) - start);
}

void bench_ipi(struct samples *samples, int peer)
{
	struct task_struct *task;

	if (peer < 0)
		return;
	task = peer_start(peer, false);
	if (!task)
		return;
	msleep(20);
	while (samples->count < samples->size)
		call_peer(samples, peer);
	kthread_stop(task);
}

/* Other interrupts wake the peer, too: it is asleep again soon. */
void bench_hlt(struct samples *samples, int peer)
{
	struct task_struct *task;

	if (peer < 0)
		return;
	task = peer_start(peer, true);
	if (!task)
		return;
	while (samples->count < samples->size) {
		while (!READ_ONCE(peer_sleeps))
			cpu_relax();
		udelay(ASLEEP_US);
		if (READ_ONCE(peer_sleeps))
			call_peer(samples, peer);
		cond_resched();
	}
	kthread_stop(task);
}
