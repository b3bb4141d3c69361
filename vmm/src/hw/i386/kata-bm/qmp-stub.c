/*
 * Kata BM: for a KVM build without the machine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-kata-bm-target.h"

#ifdef CONFIG_KVM
KataBmInfo *qmp_query_kata_bm(Error **errp)
{
    error_setg(errp, "This build has no machine kata-bm");
    return NULL;
}
#endif
