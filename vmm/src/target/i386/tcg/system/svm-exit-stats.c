/*
 * Counts of VMRUN and #VMEXIT of each emulated CPU
 *
 * The emulated machine's own view of how often a guest leaves its CPU. It knows
 * nothing of the hypervisor that runs on the machine, so it can confirm or
 * refute the hypervisor's counters.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-kata-bm-target.h"
#include "target/i386/svm.h"
#include "svm-exit-stats.h"

#define SVM_STATS_MAX_CPUS  4096

/* Exit codes below this have a slot of their own number. */
#define SVM_STATS_DENSE     0x90

enum {
    SVM_STATS_NPF = SVM_STATS_DENSE,
    SVM_STATS_INVALID,          /* VMRUN of a state that is not consistent */
    SVM_STATS_OTHER,
    SVM_STATS_SLOTS,
};

typedef struct SVMStats {
    /* Written by one thread, read by any: no lock, no read-modify-write. */
    uint64_t entries;
    uint64_t exits[SVM_STATS_SLOTS];
} SVMStats;

static SVMStats *svm_stats[SVM_STATS_MAX_CPUS];

static const char *const svm_exit_names[SVM_STATS_DENSE] = {
    [SVM_EXIT_INTR] = "intr",
    [SVM_EXIT_NMI] = "nmi",
    [SVM_EXIT_SMI] = "smi",
    [SVM_EXIT_INIT] = "init",
    [SVM_EXIT_VINTR] = "vintr",
    [SVM_EXIT_CR0_SEL_WRITE] = "cr0-sel-write",
    [SVM_EXIT_IDTR_READ] = "idtr-read",
    [SVM_EXIT_GDTR_READ] = "gdtr-read",
    [SVM_EXIT_LDTR_READ] = "ldtr-read",
    [SVM_EXIT_TR_READ] = "tr-read",
    [SVM_EXIT_IDTR_WRITE] = "idtr-write",
    [SVM_EXIT_GDTR_WRITE] = "gdtr-write",
    [SVM_EXIT_LDTR_WRITE] = "ldtr-write",
    [SVM_EXIT_TR_WRITE] = "tr-write",
    [SVM_EXIT_RDTSC] = "rdtsc",
    [SVM_EXIT_RDPMC] = "rdpmc",
    [SVM_EXIT_PUSHF] = "pushf",
    [SVM_EXIT_POPF] = "popf",
    [SVM_EXIT_CPUID] = "cpuid",
    [SVM_EXIT_RSM] = "rsm",
    [SVM_EXIT_IRET] = "iret",
    [SVM_EXIT_SWINT] = "swint",
    [SVM_EXIT_INVD] = "invd",
    [SVM_EXIT_PAUSE] = "pause",
    [SVM_EXIT_HLT] = "hlt",
    [SVM_EXIT_INVLPG] = "invlpg",
    [SVM_EXIT_INVLPGA] = "invlpga",
    [SVM_EXIT_IOIO] = "io",
    [SVM_EXIT_MSR] = "msr",
    [SVM_EXIT_TASK_SWITCH] = "task-switch",
    [SVM_EXIT_FERR_FREEZE] = "ferr-freeze",
    [SVM_EXIT_SHUTDOWN] = "shutdown",
    [SVM_EXIT_VMRUN] = "vmrun",
    [SVM_EXIT_VMMCALL] = "vmmcall",
    [SVM_EXIT_VMLOAD] = "vmload",
    [SVM_EXIT_VMSAVE] = "vmsave",
    [SVM_EXIT_STGI] = "stgi",
    [SVM_EXIT_CLGI] = "clgi",
    [SVM_EXIT_SKINIT] = "skinit",
    [SVM_EXIT_RDTSCP] = "rdtscp",
    [SVM_EXIT_ICEBP] = "icebp",
    [SVM_EXIT_WBINVD] = "wbinvd",
    [SVM_EXIT_MONITOR] = "monitor",
    [SVM_EXIT_MWAIT] = "mwait",
    [SVM_EXIT_XSETBV] = "xsetbv",
};

static SVMStats *svm_stats_of(CPUX86State *env)
{
    int index = env_cpu(env)->cpu_index;

    if (index >= SVM_STATS_MAX_CPUS) {
        return NULL;
    }
    if (unlikely(!svm_stats[index])) {
        qatomic_store_release(&svm_stats[index], g_new0(SVMStats, 1));
    }
    return svm_stats[index];
}

static void svm_stats_increment(uint64_t *counter)
{
    qatomic_set_u64(counter, *counter + 1);
}

static unsigned svm_stats_slot(uint64_t exit_code)
{
    if (exit_code < SVM_STATS_DENSE) {
        return exit_code;
    }
    switch (exit_code) {
    case SVM_EXIT_NPF:
        return SVM_STATS_NPF;
    case (uint64_t)SVM_EXIT_ERR:
    case (uint32_t)SVM_EXIT_ERR:
        return SVM_STATS_INVALID;
    default:
        return SVM_STATS_OTHER;
    }
}

void svm_stats_count_entry(CPUX86State *env)
{
    SVMStats *stats = svm_stats_of(env);

    if (stats) {
        svm_stats_increment(&stats->entries);
    }
}

void svm_stats_count_exit(CPUX86State *env, uint64_t exit_code)
{
    SVMStats *stats = svm_stats_of(env);

    if (stats) {
        svm_stats_increment(&stats->exits[svm_stats_slot(exit_code)]);
    }
}

static char *svm_exit_name(unsigned slot)
{
    switch (slot) {
    case SVM_EXIT_READ_CR0 ... SVM_EXIT_READ_CR0 + 15:
        return g_strdup_printf("cr%u-read", slot - SVM_EXIT_READ_CR0);
    case SVM_EXIT_WRITE_CR0 ... SVM_EXIT_WRITE_CR0 + 15:
        return g_strdup_printf("cr%u-write", slot - SVM_EXIT_WRITE_CR0);
    case SVM_EXIT_READ_DR0 ... SVM_EXIT_READ_DR0 + 15:
        return g_strdup_printf("dr%u-read", slot - SVM_EXIT_READ_DR0);
    case SVM_EXIT_WRITE_DR0 ... SVM_EXIT_WRITE_DR0 + 15:
        return g_strdup_printf("dr%u-write", slot - SVM_EXIT_WRITE_DR0);
    case SVM_EXIT_EXCP_BASE ... SVM_EXIT_EXCP_BASE + 31:
        return g_strdup_printf("exception-%u", slot - SVM_EXIT_EXCP_BASE);
    case SVM_STATS_NPF:
        return g_strdup("npf");
    case SVM_STATS_INVALID:
        return g_strdup("invalid");
    case SVM_STATS_OTHER:
        return g_strdup("other");
    default:
        return svm_exit_names[slot] ? g_strdup(svm_exit_names[slot])
                                    : g_strdup_printf("exit-0x%02x", slot);
    }
}

static int64_t svm_exit_code(unsigned slot)
{
    switch (slot) {
    case SVM_STATS_NPF:
        return SVM_EXIT_NPF;
    case SVM_STATS_INVALID:
    case SVM_STATS_OTHER:
        return -1;
    default:
        return slot;
    }
}

static SVMExitCpu *svm_stats_query_cpu(int index, SVMStats *stats)
{
    SVMExitCpu *info = g_new0(SVMExitCpu, 1);
    SVMExitCountList **tail = &info->exits;
    unsigned slot;

    info->cpu_index = index;
    info->entries = qatomic_read_u64(&stats->entries);
    for (slot = 0; slot < SVM_STATS_SLOTS; slot++) {
        uint64_t count = qatomic_read_u64(&stats->exits[slot]);
        SVMExitCount *exit;

        if (!count) {
            continue;
        }
        exit = g_new0(SVMExitCount, 1);
        exit->code = svm_exit_code(slot);
        exit->name = svm_exit_name(slot);
        exit->count = count;
        info->total += count;
        QAPI_LIST_APPEND(tail, exit);
    }
    return info;
}

SVMExitCpuList *qmp_x_query_svm_exits(Error **errp)
{
    SVMExitCpuList *head = NULL, **tail = &head;
    CPUState *cs;

    CPU_FOREACH(cs) {
        static SVMStats none;
        SVMStats *stats = NULL;

        if (cs->cpu_index < SVM_STATS_MAX_CPUS) {
            stats = qatomic_load_acquire(&svm_stats[cs->cpu_index]);
        }
        QAPI_LIST_APPEND(tail, svm_stats_query_cpu(cs->cpu_index,
                                                   stats ?: &none));
    }
    return head;
}
