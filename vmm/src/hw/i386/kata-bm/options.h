/*
 * Kata BM: parsers of the machine's options
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KATA_BM_OPTIONS_H
#define KATA_BM_OPTIONS_H

#define KBM_MAX_CPUS        240
#define KBM_MAX_EXTENTS     16

typedef struct KBMMemoryOption {
    uint32_t node;
    uint64_t bytes;
} KBMMemoryOption;

/*
 * "2-3+5" (commas do as well): the host's CPUs in the order of the guest's.
 * Returns their number; 0 and an error if @text is wrong.
 */
unsigned kbm_parse_cpus(const char *text, uint32_t cpus[KBM_MAX_CPUS],
                        Error **errp);

/* "0:256M+1:256M": memory to take from each node. As above. */
unsigned kbm_parse_memory(const char *text,
                          KBMMemoryOption memory[KBM_MAX_EXTENTS],
                          Error **errp);

typedef struct KBMChannelOption {
    uint64_t start;
    uint64_t bytes;             /* 0: no channel */
} KBMChannelOption;

/* "0x1c0000000:64M": where the channel lies. Whole pages. */
bool kbm_parse_channel(const char *text, KBMChannelOption *channel,
                       Error **errp);

#endif /* KATA_BM_OPTIONS_H */
