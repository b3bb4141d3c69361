/*
 * Kata BM: what can be asked about a guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-kata-bm-target.h"
#include "system/kvm-proxy.h"
#include "system/runstate.h"
#include "kata-bm.h"

static KataBmState kbm_state(const KataBMMachineState *kbm)
{
    if (kbm->end.ended) {
        return KATA_BM_STATE_ENDED;
    }
    if (runstate_is_running()) {
        return KATA_BM_STATE_RUNNING;
    }
    return kbm->has_run ? KATA_BM_STATE_PAUSED : KATA_BM_STATE_LOADED;
}

static KataBmEnd *kbm_query_end(const KBMGuestEnd *end)
{
    KataBmEnd *info;

    if (!end->ended) {
        return NULL;
    }
    info = g_new0(KataBmEnd, 1);
    info->reason = end->reason;
    info->detail = end->detail;
    return info;
}

static KataBmCpuList *kbm_query_cpus(const KBMLease *lease)
{
    KataBmCpuList *head = NULL, **tail = &head;
    unsigned i;

    for (i = 0; i < lease->nr_cpus; i++) {
        KataBmCpu *cpu = g_new0(KataBmCpu, 1);

        cpu->vcpu_index = i;
        cpu->cpu = lease->cpus[i].cpu;
        cpu->apic_id = lease->cpus[i].apic_id;
        cpu->node = lease->cpus[i].node;
        QAPI_LIST_APPEND(tail, cpu);
    }
    return head;
}

static KataBmExtentList *kbm_query_extents(const KBMLease *lease)
{
    KataBmExtentList *head = NULL, **tail = &head;
    unsigned i;

    for (i = 0; i < lease->nr_extents; i++) {
        KataBmExtent *extent = g_new0(KataBmExtent, 1);

        extent->start = lease->extents[i].start;
        extent->bytes = lease->extents[i].bytes;
        extent->node = lease->extents[i].node;
        QAPI_LIST_APPEND(tail, extent);
    }
    return head;
}

KataBmInfo *qmp_query_kata_bm(Error **errp)
{
    Object *machine = OBJECT(current_machine);
    KataBMMachineState *kbm;
    KataBmInfo *info;

    if (!object_dynamic_cast(machine, TYPE_KATA_BM_MACHINE)) {
        error_setg(errp, "The machine is not kata-bm");
        return NULL;
    }
    kbm = KATA_BM_MACHINE(machine);
    info = g_new0(KataBmInfo, 1);
    info->isolation = kbm->isolation;
    info->state = kbm_state(kbm);
    info->end = kbm_query_end(&kbm->end);
    info->cpus = kbm_query_cpus(&kbm->lease);
    info->extents = kbm_query_extents(&kbm->lease);
    info->proxy = g_strdup(kvm_proxy_where());
    return info;
}
