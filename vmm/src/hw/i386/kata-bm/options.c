/*
 * Kata BM: parsers of the machine's options
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qapi/error.h"
#include "options.h"

/* A comma has to be doubled on the command line, hence the plus. */
#define KBM_SEPARATORS  "+,"

#define KBM_CHANNEL_ALIGN   4096

static bool kbm_add_cpu(uint32_t cpus[], unsigned *nr, uint32_t cpu,
                        Error **errp)
{
    unsigned i;

    for (i = 0; i < *nr; i++) {
        if (cpus[i] == cpu) {
            error_setg(errp, "kata-bm: cpus= names CPU %u twice", cpu);
            return false;
        }
    }
    if (*nr == KBM_MAX_CPUS) {
        error_setg(errp, "kata-bm: cpus= names more than %u CPUs",
                   KBM_MAX_CPUS);
        return false;
    }
    cpus[(*nr)++] = cpu;
    return true;
}

static bool kbm_parse_cpu_range(const char *item, unsigned *first,
                                unsigned *last)
{
    const char *end;

    /* qemu_strtoui() would take blanks and signs. */
    if (!g_ascii_isdigit(*item) || qemu_strtoui(item, &end, 10, first)) {
        return false;
    }
    *last = *first;
    if (*end == '-') {
        item = end + 1;
        if (!g_ascii_isdigit(*item) || qemu_strtoui(item, &end, 10, last)) {
            return false;
        }
    }
    return !*end && *first <= *last;
}

unsigned kbm_parse_cpus(const char *text, uint32_t cpus[KBM_MAX_CPUS],
                        Error **errp)
{
    g_auto(GStrv) items = g_strsplit_set(text, KBM_SEPARATORS, -1);
    unsigned nr = 0, first, last;
    char **item;

    if (!*items) {
        error_setg(errp, "kata-bm: cpus= is empty: give the host's CPUs to "
                   "lend, such as cpus=2-3");
        return 0;
    }
    for (item = items; *item; item++) {
        if (!kbm_parse_cpu_range(*item, &first, &last)) {
            error_setg(errp, "kata-bm: '%s' in cpus=%s is neither a CPU nor a "
                       "range: write for example cpus=2-3+5", *item, text);
            return 0;
        }
        for (;; first++) {
            if (!kbm_add_cpu(cpus, &nr, first, errp)) {
                return 0;
            }
            if (first == last) {
                break;
            }
        }
    }
    return nr;
}

static bool kbm_parse_node_size(const char *item, KBMMemoryOption *memory)
{
    const char *end;
    unsigned node;

    if (!g_ascii_isdigit(*item) || qemu_strtoui(item, &end, 10, &node) ||
        *end != ':' || qemu_strtosz_MiB(end + 1, NULL, &memory->bytes)) {
        return false;
    }
    memory->node = node;
    return memory->bytes;
}

unsigned kbm_parse_memory(const char *text,
                          KBMMemoryOption memory[KBM_MAX_EXTENTS],
                          Error **errp)
{
    g_auto(GStrv) items = g_strsplit_set(text, KBM_SEPARATORS, -1);
    unsigned nr = 0;
    char **item;

    for (item = items; *item; item++) {
        if (nr == KBM_MAX_EXTENTS) {
            error_setg(errp, "kata-bm: nodes= has more than %u parts",
                       KBM_MAX_EXTENTS);
            return 0;
        }
        if (!kbm_parse_node_size(*item, &memory[nr])) {
            error_setg(errp, "kata-bm: '%s' in nodes=%s is not NODE:SIZE: "
                       "write for example nodes=0:256M+1:256M", *item, text);
            return 0;
        }
        nr++;
    }
    if (!nr) {
        error_setg(errp, "kata-bm: nodes= is empty: leave it out, or write for "
                   "example nodes=0:256M+1:256M");
    }
    return nr;
}

static bool kbm_parse_start_size(const char *text, KBMChannelOption *channel)
{
    const char *end;

    if (!g_ascii_isdigit(*text) ||
        qemu_strtou64(text, &end, 0, &channel->start) || *end != ':' ||
        !g_ascii_isdigit(end[1])) {
        return false;
    }
    return !qemu_strtosz(end + 1, NULL, &channel->bytes);
}

bool kbm_parse_channel(const char *text, KBMChannelOption *channel,
                       Error **errp)
{
    if (!kbm_parse_start_size(text, channel)) {
        error_setg(errp, "kata-bm: channel=%s is not START:BYTES: write for "
                   "example channel=0x1c0000000:64M", text);
        return false;
    }
    if (!channel->bytes ||
        (channel->start | channel->bytes) % KBM_CHANNEL_ALIGN ||
        channel->start + channel->bytes < channel->start) {
        error_setg(errp, "kata-bm: channel=%s does not consist of whole pages "
                   "of %u bytes", text, KBM_CHANNEL_ALIGN);
        return false;
    }
    return true;
}
