/*
 * Kata BM: what the control BM may reach beside its own memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "grants.h"

static int kbm_grants_get(KBMLease *lease, struct kbm_regions *regions)
{
    int ret = lease->ops->ioctl(lease, KBM_GET_REGIONS, regions);

    if (ret == 0 && regions->nr > KBM_REGIONS_MAX) {
        ret = -EOVERFLOW;
    }
    return ret;
}

static bool kbm_region_holds(const struct kbm_regions *regions,
                             const KBMChannelOption *channel)
{
    unsigned i;

    for (i = 0; i < regions->nr; i++) {
        const struct kbm_region_info *region = &regions->regions[i];

        if (channel->start >= region->start &&
            channel->bytes <= region->bytes &&
            channel->start - region->start <= region->bytes - channel->bytes) {
            return true;
        }
    }
    return false;
}

bool kbm_grants_take(KBMLease *lease, const KBMChannelOption *channel,
                     struct kbm_regions *regions, Error **errp)
{
    int ret = kbm_grants_get(lease, regions);

    if (ret == 0 && channel->bytes && !kbm_region_holds(regions, channel)) {
        error_setg(errp, "kata-bm: channel=0x%" PRIx64 ":%" PRIu64 " is not in "
                   "the memory that the host has set aside for lending: take "
                   "it from kbm-proxyd --status", channel->start,
                   channel->bytes);
        return false;
    }
    if (ret == 0) {
        ret = lease->ops->ioctl(lease, KBM_GRANT_ALL, NULL);
    }
    if (ret < 0) {
        g_autofree char *reason = kbm_lease_reason(lease, -ret);

        error_setg(errp, "kata-bm: grant=all is refused: %s", reason);
        return false;
    }
    return true;
}

/* The own extent that is first at or after @from, if any. */
static const KBMExtent *kbm_next_extent(const KBMLease *lease, hwaddr from)
{
    const KBMExtent *next = NULL;
    unsigned i;

    for (i = 0; i < lease->nr_extents; i++) {
        const KBMExtent *extent = &lease->extents[i];

        if (extent->start + extent->bytes > from &&
            (!next || extent->start < next->start)) {
            next = extent;
        }
    }
    return next;
}

static void kbm_grants_add(KBMLease *lease, hwaddr start, hwaddr end,
                           uint32_t node)
{
    if (start >= end) {
        return;
    }
    lease->grants = g_renew(KBMGrant, lease->grants, lease->nr_grants + 1);
    lease->grants[lease->nr_grants++] = (KBMGrant) {
        .start = start,
        .bytes = end - start,
        .node = node,
    };
}

static void kbm_grants_cut_region(KBMLease *lease,
                                  const struct kbm_region_info *region)
{
    hwaddr at = region->start, end = region->start + region->bytes;

    while (at < end) {
        const KBMExtent *own = kbm_next_extent(lease, at);

        if (!own || own->start >= end) {
            kbm_grants_add(lease, at, end, region->node);
            return;
        }
        kbm_grants_add(lease, at, own->start, region->node);
        at = own->start + own->bytes;
    }
}

bool kbm_grants_cut(KBMLease *lease, const struct kbm_regions *regions,
                    const KBMChannelOption *channel, Error **errp)
{
    unsigned i;

    for (i = 0; i < regions->nr; i++) {
        kbm_grants_cut_region(lease, &regions->regions[i]);
    }
    for (i = 0; channel->bytes && i < lease->nr_extents; i++) {
        const KBMExtent *own = &lease->extents[i];

        if (channel->start < own->start + own->bytes &&
            own->start < channel->start + channel->bytes) {
            error_setg(errp, "kata-bm: channel=0x%" PRIx64 ":%" PRIu64 " is "
                       "nobody's: the host has just lent a part of it to this "
                       "guest. Is kbm-proxyd running?", channel->start,
                       channel->bytes);
            return false;
        }
    }
    return true;
}
