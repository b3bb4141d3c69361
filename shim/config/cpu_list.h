/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of CPUs as people and the kernel write them: "0,2-3,8". */
#ifndef KBM_SHIM_CPU_LIST_H
#define KBM_SHIM_CPU_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define CPU_LIST_MAX		4096
#define CPU_LIST_TEXT_SIZE	512

/* A set of CPUs; all zero is the empty one. */
struct cpu_list {
	unsigned char bits[CPU_LIST_MAX / 8];
};

static inline bool cpu_list_has(const struct cpu_list *list, unsigned int cpu)
{
	return cpu < CPU_LIST_MAX && list->bits[cpu / 8] & 1U << cpu % 8;
}

static inline void cpu_list_add(struct cpu_list *list, unsigned int cpu)
{
	list->bits[cpu / 8] |= (unsigned char)(1U << cpu % 8);
}

static inline void cpu_list_drop(struct cpu_list *list, unsigned int cpu)
{
	list->bits[cpu / 8] &= (unsigned char)~(1U << cpu % 8);
}

/**
 * cpu_list_parse - read a list
 * @text:	ends with it, or with one of the bytes in @ends (may be "").
 *
 * -EINVAL: not a list, or a CPU of CPU_LIST_MAX or more. "" is the empty list.
 */
int cpu_list_parse(const char *text, const char *ends, struct cpu_list *ret);

unsigned int cpu_list_count(const struct cpu_list *list);

/**
 * cpu_list_print - write a list
 * @separator:	"," or, for QEMU's options, "+".
 *
 * A list that does not fit ends in "...". An empty one is "none".
 */
void cpu_list_print(const struct cpu_list *list, char separator, char *text, size_t size);

#endif
