/*
 * KVM over a proxy: when the other side is gone
 *
 * The twin holds the VM: without it there is no guest, and no call that could
 * succeed. What is left is to say so and to end. No orderly stop is tried: it
 * would make calls, and upstream aborts on those that must not fail.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <glib-unix.h>
#include <poll.h>
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "block/aio.h"
#include "block/block.h"
#include "qapi/qapi-events-kata-bm-target.h"
#include "qapi/qapi-events-run-state.h"
#include "system/kvm-proxy.h"
#include "proxy/client.h"

static bool kvm_proxy_is_gone(void)
{
    struct pollfd end = { .fd = client_end_fd(kvm_proxy_client()) };

    return RETRY_ON_EINTR(poll(&end, 1, 0)) > 0 &&
           end.revents & (POLLHUP | POLLERR | POLLNVAL);
}

/* Called with the BQL, so once; again only by what exit() calls. */
static G_NORETURN void kvm_proxy_end(void)
{
    static bool ending;

    if (ending) {
        _exit(KVM_PROXY_LOST);
    }
    ending = true;
    error_report("kvm: the proxy %s has ended this session, and with it the "
                 "guest: see the log of kbm-proxyd on the host",
                 kvm_proxy_where());
    qapi_event_send_kata_bm_ended(KATA_BM_END_REASON_PROXY_LOST, 0);
    qapi_event_send_shutdown(false, SHUTDOWN_CAUSE_HOST_ERROR);
    if (qemu_get_current_aio_context() == qemu_get_aio_context()) {
        /* Disk images of formats that keep tables in memory. */
        bdrv_flush_all();
    }
    exit(KVM_PROXY_LOST);
}

void kvm_proxy_check_end(void)
{
    if (!kvm_proxy_is_gone()) {
        return;
    }
    if (!bql_locked()) {
        bql_lock();
    }
    kvm_proxy_end();
}

static gboolean kvm_proxy_end_ready(gint fd, GIOCondition condition,
                                    gpointer opaque)
{
    kvm_proxy_check_end();
    return G_SOURCE_CONTINUE;
}

/* Not by a handler of QEMU's, which would want to know what can be read. */
void kvm_proxy_watch_end(void)
{
    g_unix_fd_add(client_end_fd(kvm_proxy_client()), G_IO_HUP | G_IO_ERR,
                  kvm_proxy_end_ready, NULL);
}
