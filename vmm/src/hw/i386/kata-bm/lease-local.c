/*
 * Kata BM: a lease of the host that we run on
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/ioctl.h>
#include "qapi/error.h"
#include "hw/i386/kata-bm-lease.h"

static bool kbm_local_open(KBMLease *lease, Error **errp)
{
    lease->name = qemu_open_old(KBM_DEVICE_PATH, O_RDWR);
    if (lease->name < 0) {
        error_setg_errno(errp, errno, "kata-bm: cannot open " KBM_DEVICE_PATH);
        if (errno == ENOENT) {
            error_append_hint(errp, "Boot the host with a kernel that has the "
                              "Kata BM patches.\n");
        }
        return false;
    }
    lease->local = lease->name;
    return true;
}

static int kbm_local_ioctl(const KBMLease *lease, unsigned long request,
                           void *argument)
{
    return RETRY_ON_EINTR(ioctl(lease->name, request, argument)) < 0 ? -errno
                                                                     : 0;
}

static int kbm_local_reason(const KBMLease *lease, char *text, size_t size)
{
    ssize_t length = read(lease->name, text, size);

    return length < 0 ? -errno : length;
}

static int kbm_local_map(const KBMLease *lease, hwaddr start, uint64_t bytes,
                         void **host)
{
    void *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                         lease->name, start);

    if (address == MAP_FAILED) {
        return -errno;
    }
    *host = address;
    return 0;
}

const KBMLeaseOps kbm_lease_local_ops = {
    .open = kbm_local_open,
    .ioctl = kbm_local_ioctl,
    .reason = kbm_local_reason,
    .map = kbm_local_map,
};
