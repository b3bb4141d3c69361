/*
 * Kata BM: how a guest ends
 *
 * A guest ends once. Each way has its own event and its own exit status, so
 * that whoever started us can tell them apart without asking.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <linux/kvm.h>
#include <asm/kbm_guest.h>
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "exec/cpu-common.h"
#include "qapi/qapi-events-kata-bm-target.h"
#include "system/cpus.h"
#include "system/kvm-exit-hook.h"
#include "system/runstate.h"
#include "system/runstate-action.h"
#include "guest-end.h"

typedef struct KBMEndKind {
    ShutdownCause cause;
    int status;                 /* of our process; also in vmm/README.md */
    bool crash;
    const char *what;           /* has @detail as argument; may be NULL */
} KBMEndKind;

static const KBMEndKind kbm_end_kinds[KATA_BM_END_REASON__MAX] = {
    [KATA_BM_END_REASON_SHUTDOWN] = {
        .cause = SHUTDOWN_CAUSE_GUEST_SHUTDOWN, .status = 0,
    },
    [KATA_BM_END_REASON_REBOOT] = {
        .cause = SHUTDOWN_CAUSE_GUEST_RESET, .status = 3,
    },
    [KATA_BM_END_REASON_PANIC] = {
        .cause = SHUTDOWN_CAUSE_GUEST_PANIC, .status = 4, .crash = true,
        .what = "the guest's kernel panicked (detail 0x%" PRIx64 ")",
    },
    [KATA_BM_END_REASON_TRIPLE_FAULT] = {
        .cause = SHUTDOWN_CAUSE_GUEST_PANIC, .status = 5, .crash = true,
        .what = "triple fault on the guest's CPU %" PRIu64,
    },
    [KATA_BM_END_REASON_REFUSED] = {
        .cause = SHUTDOWN_CAUSE_GUEST_PANIC, .status = 6, .crash = true,
        .what = "the guest's kernel refuses to boot",
    },
    [KATA_BM_END_REASON_MEMORY_FAULT] = {
        .cause = SHUTDOWN_CAUSE_GUEST_PANIC, .status = 7, .crash = true,
        .what = "the guest touched 0x%" PRIx64 " outside its extents",
    },
};

static const char *const kbm_refused[] = {
    [KBM_REFUSED_INFO_MAGIC] = "the info page has no magic",
    [KBM_REFUSED_INFO_VERSION] = "the info page has a version that it does not "
                                 "know: use kernel and VMM of one release",
    [KBM_REFUSED_INFO_SIZE] = "the info page has a wrong size",
    [KBM_REFUSED_INFO_CONTENT] = "a table or an address in the info page is "
                                 "out of range",
};

static KBMGuestEnd *kbm_guest_end;

static void kbm_end_report(KataBmEndReason reason, uint64_t detail)
{
    const KBMEndKind *kind = &kbm_end_kinds[reason];
    g_autofree char *what = NULL;
    const char *why = NULL;

    if (!kind->what) {
        return;
    }
    what = g_strdup_printf(kind->what, detail);
    if (reason == KATA_BM_END_REASON_REFUSED &&
        detail < ARRAY_SIZE(kbm_refused)) {
        why = kbm_refused[detail];
    }
    error_report("kata-bm: %s%s%s", what, why ? ": " : "", why ?: "");
}

/* Whether the user wants the process to stay after a crash. */
static bool kbm_stays_after_crash(void)
{
    return panic_action == PANIC_ACTION_PAUSE ||
           panic_action == PANIC_ACTION_NONE ||
           shutdown_action == SHUTDOWN_ACTION_PAUSE;
}

static void kbm_end_request(const KBMEndKind *kind)
{
    if (kind->crash) {
        /* Sends GUEST_PANICKED and stops the guest. */
        qemu_system_guest_panicked(NULL);
    }
    if (!kind->crash || !kbm_stays_after_crash()) {
        qemu_system_shutdown_request_with_code(kind->cause, kind->status);
    }
}

/* Called with the BQL. Only the first end counts. */
static void kbm_end(KataBmEndReason reason, uint64_t detail)
{
    if (!kbm_guest_end->ended) {
        kbm_guest_end->ended = true;
        kbm_guest_end->reason = reason;
        kbm_guest_end->detail = detail;
        kbm_end_report(reason, detail);
        qapi_event_send_kata_bm_ended(reason, detail);
        kbm_end_request(&kbm_end_kinds[reason]);
    }
    /* This CPU has nothing more to do, and must not be entered again. */
    cpu_stop_current();
}

static KataBmEndReason kbm_end_reason(const struct kvm_run *run)
{
    static const KataBmEndReason reasons[] = {
        [KBM_END_SHUTDOWN] = KATA_BM_END_REASON_SHUTDOWN,
        [KBM_END_REBOOT] = KATA_BM_END_REASON_REBOOT,
        [KBM_END_PANIC] = KATA_BM_END_REASON_PANIC,
        [KBM_END_REFUSED] = KATA_BM_END_REASON_REFUSED,
    };

    if (run->system_event.ndata > 0 &&
        run->system_event.data[0] < ARRAY_SIZE(reasons)) {
        return reasons[run->system_event.data[0]];
    }
    switch (run->system_event.type) {
    case KVM_SYSTEM_EVENT_SHUTDOWN:
        return KATA_BM_END_REASON_SHUTDOWN;
    case KVM_SYSTEM_EVENT_RESET:
        return KATA_BM_END_REASON_REBOOT;
    default:
        return KATA_BM_END_REASON_PANIC;
    }
}

/* Whether @run is an end; how, in @reason and @detail. */
static bool kbm_exit_is_end(CPUState *cpu, const struct kvm_run *run,
                            KataBmEndReason *reason, uint64_t *detail)
{
    switch (run->exit_reason) {
    case KVM_EXIT_SYSTEM_EVENT:
        *reason = kbm_end_reason(run);
        *detail = run->system_event.ndata > 1 ? run->system_event.data[1] : 0;
        return true;
    case KVM_EXIT_SHUTDOWN:
        *reason = KATA_BM_END_REASON_TRIPLE_FAULT;
        *detail = cpu->cpu_index;
        return true;
    case KVM_EXIT_MEMORY_FAULT:
        *reason = KATA_BM_END_REASON_MEMORY_FAULT;
        *detail = run->memory_fault.gpa;
        return true;
    default:
        return false;
    }
}

static bool kbm_handle_exit(CPUState *cpu, struct kvm_run *run, int *ret)
{
    KataBmEndReason reason;
    uint64_t detail;

    if (!kbm_exit_is_end(cpu, run, &reason, &detail)) {
        return false;
    }
    bql_lock();
    kbm_end(reason, detail);
    bql_unlock();
    *ret = EXCP_INTERRUPT;
    return true;
}

void kbm_guest_end_init(KBMGuestEnd *end)
{
    kbm_guest_end = end;
    kvm_exit_hook = kbm_handle_exit;
}
