/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kata BM: what the files of this folder share.
 */
#ifndef _KBM_H
#define _KBM_H

#include <linux/init.h>
#include <linux/types.h>

#include <asm/kbm_guest.h>
#include <asm/kbm_platform.h>

/* info.c */
static inline const struct kbm_info_cpu *kbm_info_cpus(void)
{
	return (const void *)kbm_info + kbm_info->cpus;
}

static inline const struct kbm_info_extent *kbm_info_extents(void)
{
	return (const void *)kbm_info + kbm_info->extents;
}

static inline const struct kbm_info_extent *kbm_info_grants(void)
{
	return (const void *)kbm_info + kbm_info->grants;
}

/* Once the page and slab allocators work. */
int __init kbm_info_late_init(void);

/* platform.c */
void __init kbm_platform_early_init(void);

/* reboot.c */
long kbm_hypercall(u64 number, u64 argument, u64 detail);
void __noreturn kbm_end(u64 reason, u64 detail);
void __init kbm_reboot_init(void);

/* time.c */
void __init kbm_time_init(void);

/* smp.c */
void __init kbm_smp_init(void);

/* ap_entry.S */
extern u64 kbm_ap_efer;
extern u64 kbm_ap_cr3;
extern u32 kbm_ap_lock;
void kbm_ap_entry(void);
extern char kbm_ap_entry_end[];

/* idle.c */
void __init kbm_idle_init(void);

/* console.c */
void __init kbm_console_early_init(void);
void kbm_console_write(const char *text, unsigned int count);
void kbm_console_drain(void);

/* console_tty.c */
struct console;
struct tty_driver *kbm_console_tty(struct console *console, int *index);

#endif /* _KBM_H */
