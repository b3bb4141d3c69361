/*
 * Kata BM: the console ring
 *
 * The guest's kernel messages go to a ring in its memory, and from there to a
 * character device. The guest never waits for us longer than it wants to.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "system/runstate.h"
#include "system/system.h"
#include "console.h"

#define KBM_CONSOLE_CHUNK       4096
#define KBM_CONSOLE_POLL_MS     20

/* When the guest stops, a reader that does not read gets this much time. */
#define KBM_CONSOLE_STOP_TRIES  50
#define KBM_CONSOLE_STOP_WAIT   (10 * 1000)     /* microseconds */

/* Bytes to read. A guest that wrote more than fits has lost the oldest. */
static uint32_t kbm_console_pending(KBMConsole *console)
{
    uint32_t head = qatomic_load_acquire(&console->ring->head);
    uint32_t pending = head - console->tail;

    if (pending > KBM_CONSOLE_BYTES) {
        console->tail = head - KBM_CONSOLE_BYTES;
        pending = KBM_CONSOLE_BYTES;
    }
    return pending;
}

static void kbm_console_consume(KBMConsole *console, uint32_t bytes)
{
    console->tail += bytes;
    qatomic_store_release(&console->ring->tail, console->tail);
}

/* One contiguous piece. Returns whether there may be more to write now. */
static bool kbm_console_write(KBMConsole *console)
{
    uint8_t chunk[KBM_CONSOLE_CHUNK];
    uint32_t offset, bytes = kbm_console_pending(console);
    int written;

    offset = console->tail % KBM_CONSOLE_BYTES;
    bytes = MIN(bytes, KBM_CONSOLE_BYTES - offset);
    bytes = MIN(bytes, sizeof(chunk));
    if (!bytes) {
        return false;
    }
    memcpy(chunk, console->ring->data + offset, bytes);
    written = qemu_chr_fe_backend_connected(&console->chr) ?
              qemu_chr_fe_write(&console->chr, chunk, bytes) : bytes;
    if (written > 0) {
        kbm_console_consume(console, written);
    }
    return written == bytes;
}

static void kbm_console_drain(KBMConsole *console);

static gboolean kbm_console_writable(void *do_not_use, GIOCondition condition,
                                     void *opaque)
{
    KBMConsole *console = opaque;

    console->watch = 0;
    kbm_console_drain(console);
    return G_SOURCE_REMOVE;
}

static void kbm_console_drain(KBMConsole *console)
{
    if (console->watch) {
        return;
    }
    while (kbm_console_write(console)) {
        /* There is more. */
    }
    if (kbm_console_pending(console)) {
        console->watch = qemu_chr_fe_add_watch(&console->chr, G_IO_OUT |
                                               G_IO_HUP, kbm_console_writable,
                                               console);
    }
}

static void kbm_console_rung(EventNotifier *notifier)
{
    KBMConsole *console = container_of(notifier, KBMConsole, doorbell);

    if (event_notifier_test_and_clear(notifier)) {
        timer_del(console->poll);
        kbm_console_drain(console);
    }
}

/* Early in its boot the guest has no interrupt to send. */
static void kbm_console_poll(void *opaque)
{
    KBMConsole *console = opaque;

    kbm_console_drain(console);
    timer_mod(console->poll, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) +
                             KBM_CONSOLE_POLL_MS);
}

/* The guest stops: what it said last matters most. */
static void kbm_console_vm_state(void *opaque, bool running, RunState state)
{
    KBMConsole *console = opaque;
    int tries = KBM_CONSOLE_STOP_TRIES;

    while (!running && kbm_console_pending(console) && tries) {
        if (!kbm_console_write(console)) {
            g_usleep(KBM_CONSOLE_STOP_WAIT);
            tries--;
        }
    }
}

static Chardev *kbm_console_chardev(const char *id, Error **errp)
{
    Chardev *chr = id ? qemu_chr_find(id) : serial_hd(0);

    if (id && !chr) {
        error_setg(errp, "kata-bm: console=%s names no character device: "
                   "add -chardev ...,id=%s", id, id);
    }
    return chr;
}

static void kbm_console_format(struct kbm_console *ring)
{
    ring->size = KBM_CONSOLE_BYTES;
    ring->magic = KBM_CONSOLE_MAGIC;
}

bool kbm_console_init(KBMConsole *console, KBMLease *lease,
                      const KBMLayout *layout, const char *id, Error **errp)
{
    ERRP_GUARD();
    Chardev *chr = kbm_console_chardev(id, errp);
    int ret;

    if (*errp || !qemu_chr_fe_init(&console->chr, chr, errp)) {
        return false;
    }
    console->ring = kbm_lease_host(lease, layout->console,
                                   sizeof(*console->ring) + KBM_CONSOLE_BYTES);
    kbm_console_format(console->ring);
    ret = event_notifier_init(&console->doorbell, 0);
    if (ret >= 0) {
        ret = kbm_lease_doorbell(lease, layout->console +
                                 offsetof(struct kbm_console, doorbell),
                                 &console->doorbell, true);
    }
    if (ret < 0) {
        error_setg_errno(errp, -ret, "kata-bm: no doorbell for the console");
        return false;
    }
    event_notifier_set_handler(&console->doorbell, kbm_console_rung);
    console->poll = timer_new_ms(QEMU_CLOCK_REALTIME, kbm_console_poll,
                                 console);
    kbm_console_poll(console);
    qemu_add_vm_change_state_handler(kbm_console_vm_state, console);
    return true;
}
