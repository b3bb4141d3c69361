/*
 * Kata BM: a machine that has nothing but lent CPUs and lent memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KATA_BM_H
#define KATA_BM_H

#include "hw/i386/x86.h"
#include "console.h"
#include "guest-end.h"
#include "layout.h"
#include "options.h"
#include "hw/virtio/virtio-bm.h"

#define TYPE_KATA_BM_MACHINE MACHINE_TYPE_NAME("kata-bm")
OBJECT_DECLARE_SIMPLE_TYPE(KataBMMachineState, KATA_BM_MACHINE)

struct KataBMMachineState {
    X86MachineState parent_obj;

    /* Options */
    KataBmIsolation isolation;
    char *cpus;
    char *nodes;
    int32_t node;               /* -1: any */
    char *console_id;
    char *grant;
    char *channel_text;
    KBMChannelOption channel;
    uint32_t info_version;

    KBMLease lease;
    KBMLinuxImage image;
    KBMLayout layout;
    KBMConsole console;
    KBMBus *bus;
    KBMGuestEnd end;
    bool has_run;
};

#endif /* KATA_BM_H */
