/*
 * Kata BM: what the control BM may reach beside its own memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KATA_BM_GRANTS_H
#define KATA_BM_GRANTS_H

#include "hw/i386/kata-bm-lease.h"
#include "options.h"

/*
 * Asks the host to grant all memory that it lends, and for where that is.
 * Before memory is lent and the VM is tied. @channel without bytes is none;
 * else it must be there, or nothing changes.
 */
bool kbm_grants_take(KBMLease *lease, const KBMChannelOption *channel,
                     struct kbm_regions *regions, Error **errp);

/*
 * Once the guest's own memory is lent: the grants are @regions less that. They
 * are the lease's.
 */
bool kbm_grants_cut(KBMLease *lease, const struct kbm_regions *regions,
                    const KBMChannelOption *channel, Error **errp);

#endif /* KATA_BM_GRANTS_H */
