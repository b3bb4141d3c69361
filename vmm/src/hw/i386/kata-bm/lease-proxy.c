/*
 * Kata BM: a lease that is held by our twin at the host
 *
 * Lending crosses by the proxy. What is lent is mapped here all the same, and
 * doorbells are this kernel's: at run time the host has no part in them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "system/kvm-proxy.h"
#include "accel/kvm/proxy/client.h"
#include "hw/i386/kata-bm-lease.h"

static int kbm_proxy_result(int ret)
{
    if (ret == -EIO) {
        kvm_proxy_check_end();
    }
    return ret;
}

static bool kbm_proxy_open(KBMLease *lease, Error **errp)
{
    lease->name = kbm_proxy_result(client_open_lease(kvm_proxy_client()));
    if (lease->name < 0) {
        error_setg_errno(errp, -lease->name, "kata-bm: the proxy %s cannot open "
                         KBM_DEVICE_PATH " of the host", kvm_proxy_where());
        return false;
    }
    lease->local = client_local_fd(kvm_proxy_client());
    if (lease->local < 0) {
        error_setg_errno(errp, -lease->local, "kata-bm: no file for doorbells "
                         "comes from the proxy %s", kvm_proxy_where());
        return false;
    }
    return true;
}

static int kbm_proxy_ioctl(const KBMLease *lease, unsigned long request,
                           void *argument)
{
    int ret = client_ioctl(kvm_proxy_client(), lease->name, request,
                           (unsigned long)argument);

    return kbm_proxy_result(ret);
}

static int kbm_proxy_reason(const KBMLease *lease, char *text, size_t size)
{
    return client_lease_error(kvm_proxy_client(), lease->name, text, size);
}

static int kbm_proxy_map(const KBMLease *lease, hwaddr start, uint64_t bytes,
                         void **host)
{
    return kbm_proxy_result(client_map_lease(kvm_proxy_client(), lease->name,
                                             start, bytes, NULL, host));
}

const KBMLeaseOps kbm_lease_proxy_ops = {
    .open = kbm_proxy_open,
    .ioctl = kbm_proxy_ioctl,
    .reason = kbm_proxy_reason,
    .map = kbm_proxy_map,
};
