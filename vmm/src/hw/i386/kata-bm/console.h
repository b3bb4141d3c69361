/*
 * Kata BM: the console ring
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KATA_BM_CONSOLE_H
#define KATA_BM_CONSOLE_H

#include "chardev/char-fe.h"
#include "qemu/timer.h"
#include "layout.h"

typedef struct KBMConsole {
    CharBackend chr;
    struct kbm_console *ring;   /* the guest writes to it at any time */
    uint32_t tail;              /* ours; the one in the ring is a copy */
    guint watch;                /* set while the character device is full */
    EventNotifier doorbell;
    QEMUTimer *poll;            /* until the guest rings for the first time */
} KBMConsole;

/* @id names a character device; NULL takes that of -serial, if any. */
bool kbm_console_init(KBMConsole *console, KBMLease *lease,
                      const KBMLayout *layout, const char *id, Error **errp);

#endif /* KATA_BM_CONSOLE_H */
