/*
 * Kata BM: the vCPUs
 *
 * There is no reset vector, no real mode and no INIT: all CPUs start in 64-bit
 * mode with paging on, the first at the kernel's entry, the others in the stub.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/host-utils.h"
#include "qapi/error.h"
#include "cpu.h"
#include "hw/boards.h"
#include "hw/i386/apic.h"
#include "hw/qdev-properties.h"
#include "linux/kvm.h"
#include "system/kvm.h"
#include "target/i386/cpu-internal.h"
#include "target/i386/host-cpu.h"
#include "cpus.h"

#define KBM_SEGMENT_LIMIT   0xffffffff
#define KBM_GDT_LIMIT       (4 * 8 - 1)
#define KBM_IDT_LIMIT       (256 * 16 - 1)

/* As the firmware of the machine has made it, and as Linux wants it. */
#define KBM_CR0             (CR0_PE_MASK | CR0_MP_MASK | CR0_ET_MASK | \
                             CR0_NE_MASK | CR0_PG_MASK)

/*
 * One package for all APIC IDs that differ in their low bits only. The guest
 * sees the hardware's own CPUID once it has booted.
 */
static X86CPUTopoInfo kbm_topology(const KBMLease *lease)
{
    uint32_t differ = 0;
    unsigned i;

    for (i = 1; i < lease->nr_cpus; i++) {
        differ |= lease->cpus[i].apic_id ^ lease->cpus[0].apic_id;
    }
    return (X86CPUTopoInfo) {
        .dies_per_pkg = 1,
        .modules_per_die = 1,
        .cores_per_module = MAX(lease->nr_cpus, 1u << (32 - clz32(differ))),
        .threads_per_core = 1,
    };
}

static CPUArchIdList *kbm_possible_cpus(MachineState *machine,
                                        const KBMLease *lease)
{
    CPUArchIdList *list = g_malloc0(sizeof(*list) +
                                    lease->nr_cpus * sizeof(list->cpus[0]));
    unsigned i;

    list->len = lease->nr_cpus;
    for (i = 0; i < lease->nr_cpus; i++) {
        list->cpus[i] = (CPUArchId) {
            .type = machine->cpu_type,
            .vcpus_count = 1,
            .arch_id = lease->cpus[i].apic_id,
            .props = {
                .has_core_id = true,
                .core_id = i,
                .has_node_id = true,
                .node_id = lease->cpus[i].node,
            },
        };
    }
    return list;
}

static uint32_t kbm_host_cpuid(uint32_t eax, uint32_t ecx, int reg)
{
    uint32_t regs[4];

    host_cpuid(eax, ecx, &regs[R_EAX], &regs[R_EBX], &regs[R_ECX],
               &regs[R_EDX]);
    return regs[reg];
}

/*
 * KVM offers features that it would emulate, such as the APIC timer's deadline
 * mode. Nothing is emulated here: "host" must not turn on what the hardware
 * has not.
 */
static void kbm_drop_emulated_features(CPUX86State *env)
{
    FeatureWord w;

    for (w = 0; w < FEATURE_WORDS; w++) {
        const FeatureWordInfo *info = &feature_word_info[w];

        /* Leaves from 0x40000000 on are the hypervisor's, and off. */
        if (info->type == CPUID_FEATURE_WORD &&
            info->cpuid.eax >> 30 != 1) {
            env->user_features[w] |= ~kbm_host_cpuid(info->cpuid.eax,
                                                     info->cpuid.ecx,
                                                     info->cpuid.reg);
        }
    }
}

/*
 * Before the vCPU's thread does, which could not say why the host refuses it:
 * the reason is the lease's, as with a core that is lent by half.
 */
static void kbm_create_vcpu(CPUState *cpu, const KBMLease *lease, unsigned i)
{
    int ret = kvm_create_and_park_vcpu(cpu);

    if (ret < 0) {
        g_autofree char *reason = kbm_lease_reason(lease, -ret);

        error_report("kata-bm: no vCPU on CPU %u: %s", lease->cpus[i].cpu,
                     reason);
        exit(EXIT_FAILURE);
    }
}

void kbm_cpus_init(MachineState *machine, const KBMLease *lease)
{
    X86CPUTopoInfo topology = kbm_topology(lease);
    unsigned i;

    machine->smp.cpus = machine->smp.max_cpus = lease->nr_cpus;
    machine->smp.cores = lease->nr_cpus;
    machine->smp.sockets = machine->smp.threads = 1;
    machine->possible_cpus = kbm_possible_cpus(machine, lease);
    for (i = 0; i < lease->nr_cpus; i++) {
        Object *cpu = object_new(machine->cpu_type);

        X86_CPU(cpu)->env.topo_info = topology;
        kbm_drop_emulated_features(&X86_CPU(cpu)->env);
        object_property_set_uint(cpu, "apic-id", lease->cpus[i].apic_id,
                                 &error_fatal);
        kbm_create_vcpu(CPU(cpu), lease, i);
        qdev_realize(DEVICE(cpu), NULL, &error_fatal);
        machine->possible_cpus->cpus[i].cpu = CPU(cpu);
        object_unref(cpu);
    }
}

static void kbm_set_segments(CPUX86State *env)
{
    const uint32_t common = DESC_P_MASK | DESC_S_MASK | DESC_A_MASK |
                            DESC_G_MASK;
    int segment;

    for (segment = 0; segment < 6; segment++) {
        env->segs[segment] = (SegmentCache) {
            .selector = KBM_SELECTOR_DATA,
            .limit = KBM_SEGMENT_LIMIT,
            .flags = common | DESC_W_MASK | DESC_B_MASK,
        };
    }
    env->segs[R_CS].selector = KBM_SELECTOR_CODE;
    env->segs[R_CS].flags = common | DESC_CS_MASK | DESC_R_MASK | DESC_L_MASK;
}

static void kbm_set_long_mode(CPUX86State *env, const KBMLayout *layout)
{
    kbm_set_segments(env);
    env->gdt.base = layout->gdt;
    env->gdt.limit = KBM_GDT_LIMIT;
    env->idt.base = layout->idt;
    env->idt.limit = KBM_IDT_LIMIT;
    env->cr[0] = KBM_CR0;
    env->cr[3] = layout->page_tables;
    env->cr[4] = CR4_PAE_MASK;
    env->efer = MSR_EFER_LME | MSR_EFER_LMA;
    env->eflags = 0x2;
    memset(env->regs, 0, sizeof(env->regs));
}

static void kbm_reset_cpu(X86CPU *cpu, const KBMLayout *layout, unsigned index)
{
    CPUX86State *env = &cpu->env;
    uint64_t apicbase = APIC_DEFAULT_ADDRESS | MSR_IA32_APICBASE_ENABLE |
                        MSR_IA32_APICBASE_EXTD;

    kbm_set_long_mode(env, layout);
    if (index == 0) {
        apicbase |= MSR_IA32_APICBASE_BSP;
        env->eip = layout->kernel + KBM_ENTRY_64;
        env->regs[R_ESI] = layout->boot_params;
    } else {
        env->eip = layout->stub;
        env->regs[R_EDI] = kbm_layout_mailbox(layout, index);
        env->regs[R_ESP] = kbm_layout_stack(layout, index);
    }
    cpu_set_apic_base(cpu->apic_state, apicbase);
    env->mp_state = KVM_MP_STATE_RUNNABLE;
    CPU(cpu)->halted = 0;
}

void kbm_cpus_reset(const KBMLayout *layout, const KBMLease *lease)
{
    unsigned i;

    for (i = 0; i < lease->nr_cpus; i++) {
        X86CPU *cpu = X86_CPU(qemu_get_cpu(i));

        x86_cpu_after_reset(cpu);
        kbm_reset_cpu(cpu, layout, i);
    }
}
