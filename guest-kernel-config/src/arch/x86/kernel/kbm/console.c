// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: kernel messages to the console ring, from the first line on.
 *
 * Two consoles: an early one on a mapping made before memory management, and
 * "kbm" that takes over from it. Both are always on; console=kbm also makes it
 * /dev/console (output only).
 */
#define pr_fmt(fmt) "kata-bm: " fmt

#include <linux/console.h>
#include <linux/printk.h>

#include <asm/early_ioremap.h>
#include <asm/fixmap.h>

#include "console_ring.h"
#include "kbm.h"

/* What one early mapping can cover. */
#define EARLY_BYTES	((NR_FIX_BTMAPS - 1) * PAGE_SIZE)

static void *early_map __initdata;

static void kbm_console_put(struct console *console, const char *text,
			    unsigned int count)
{
	kbm_ring_write(text, count);
}

static struct console early_console_ring = {
	.name	= "kbmearly",
	.write	= kbm_console_put,
	.flags	= CON_BOOT | CON_PRINTBUFFER | CON_ENABLED | CON_ANYTIME,
	.index	= -1,
};

static struct console console_ring = {
	.name	= "kbm",
	.write	= kbm_console_put,
#ifdef CONFIG_TTY
	.device	= kbm_console_tty,
#endif
	.flags	= CON_PRINTBUFFER | CON_ENABLED | CON_ANYTIME,
};

void kbm_console_drain(void)
{
	kbm_ring_drain();
}

void __init kbm_console_early_init(void)
{
	u64 bytes = kbm_info->console_bytes;

	if (!kbm_info->console || bytes > EARLY_BYTES)
		return;
	early_map = early_memremap(kbm_info->console, bytes);
	if (!early_map)
		return;
	if (kbm_ring_init(early_map, bytes)) {
		early_memunmap(early_map, bytes);
		early_map = NULL;
		return;
	}
	register_console(&early_console_ring);
}

static void __init kbm_console_handover(struct kbm_console *shared)
{
	/* Go on where the early one is: nothing comes twice. */
	console_ring.flags &= ~CON_PRINTBUFFER;
	register_console(&console_ring);
	unregister_console(&early_console_ring);
	kbm_ring_move(shared);
	early_memunmap(early_map, kbm_info->console_bytes);
	early_map = NULL;
}

static int __init kbm_console_init(void)
{
	struct kbm_console *shared;
	int ret;

	if (!kbm_guest() || !kbm_info->console)
		return 0;
	ret = kbm_info_late_init();
	if (ret)
		return ret;
	shared = kbm_shared(kbm_info->console);
	if (early_map) {
		kbm_console_handover(shared);
		return 0;
	}
	ret = kbm_ring_init(shared, kbm_info->console_bytes);
	if (ret)
		pr_warn("no console: the ring at %#llx has a wrong magic or size\n",
			kbm_info->console);
	else
		register_console(&console_ring);
	return ret;
}
console_initcall(kbm_console_init);
