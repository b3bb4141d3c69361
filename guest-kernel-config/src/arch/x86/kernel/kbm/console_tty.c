// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: a terminal over the console ring, so that console=kbm gives init
 * something to write to. It has no input; virtio-console has.
 */
#include <linux/console.h>
#include <linux/init.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/tty_port.h>

#include "console_ring.h"
#include "kbm.h"

static const struct tty_port_operations port_ops;
static struct tty_driver *tty_driver;
static struct tty_port tty_port;

static int kbm_tty_open(struct tty_struct *tty, struct file *file)
{
	return tty_port_open(&tty_port, tty, file);
}

static void kbm_tty_close(struct tty_struct *tty, struct file *file)
{
	tty_port_close(&tty_port, tty, file);
}

static void kbm_tty_hangup(struct tty_struct *tty)
{
	tty_port_hangup(&tty_port);
}

static ssize_t kbm_tty_write(struct tty_struct *tty, const u8 *text,
			     size_t count)
{
	kbm_ring_write(text, count);
	return count;
}

/* Never 0: a reader that is gone must not stop its writer for ever. */
static unsigned int kbm_tty_write_room(struct tty_struct *tty)
{
	return max(kbm_ring_room(), 256U);
}

static const struct tty_operations tty_ops = {
	.open		= kbm_tty_open,
	.close		= kbm_tty_close,
	.hangup		= kbm_tty_hangup,
	.write		= kbm_tty_write,
	.write_room	= kbm_tty_write_room,
};

struct tty_driver *kbm_console_tty(struct console *console, int *index)
{
	*index = 0;
	return tty_driver;
}

static int __init register_tty(struct tty_driver *driver)
{
	driver->driver_name = "kbm";
	driver->name = "kbm";
	driver->type = TTY_DRIVER_TYPE_CONSOLE;
	driver->init_termios = tty_std_termios;
	tty_set_operations(driver, &tty_ops);
	tty_port_link_device(&tty_port, driver, 0);
	return tty_register_driver(driver);
}

static int __init kbm_tty_init(void)
{
	struct tty_driver *driver;
	int ret;

	if (!kbm_guest() || !kbm_ring_ready())
		return 0;
	driver = tty_alloc_driver(1, TTY_DRIVER_RESET_TERMIOS |
				  TTY_DRIVER_REAL_RAW |
				  TTY_DRIVER_UNNUMBERED_NODE);
	if (IS_ERR(driver))
		return PTR_ERR(driver);
	tty_port_init(&tty_port);
	tty_port.ops = &port_ops;
	ret = register_tty(driver);
	if (ret) {
		tty_driver_kref_put(driver);
		tty_port_destroy(&tty_port);
		return ret;
	}
	tty_driver = driver;
	return 0;
}
device_initcall(kbm_tty_init);
