/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kbm-bench as the first process of a guest. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define LIVE	"/sys/kernel/kata_bm/live"

#define SYSLOG_ACTION_CONSOLE_OFF	6

static void mount_at(const char *type, const char *place)
{
	mkdir(place, 0755);
	if (mount(type, place, type, 0, NULL) && errno != EBUSY)
		fprintf(stderr, "kbm-bench: mount %s: %s\n", place, strerror(errno));
}

/* Only an initramfs without /dev/console leaves us without descriptors. */
static int open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0)
		return -errno;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	return 0;
}

int init_mount(void)
{
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("devtmpfs", "/dev");
	/* A message of the kernel in the middle of a result makes it unreadable. */
	klogctl(SYSLOG_ACTION_CONSOLE_OFF, NULL, 0);
	return open_console();
}

static uint64_t uptime_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t memory_kib(const char *field)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	uint64_t kib = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)))
			sscanf(line + strlen(field), ": %" SCNu64, &kib);
	if (file)
		fclose(file);
	return kib;
}

/* Stock guests have no such file, and nothing to do. */
static void go_live(void)
{
	int fd = open(LIVE, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		fprintf(stderr, "kbm-bench: " LIVE ": %s\n", strerror(errno));
	close(fd);
}

/* Times count from the kernel's own start of its clock. */
void init_report(void)
{
	uint64_t init_us = uptime_us();

	go_live();
	printf("KBM_BOOT {\"init_us\": %" PRIu64 ", \"live_us\": %" PRIu64
	       ", \"total_kib\": %" PRIu64 ", \"available_kib\": %" PRIu64 "}\n",
	       init_us, uptime_us(), memory_kib("MemTotal"), memory_kib("MemAvailable"));
	fflush(stdout);
}

void init_power_off(void)
{
	sync();
	/* The VMM does not reboot: it ends. Not all guests can power off. */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}
