// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent.h"
#include "boot.h"
#include "files.h"
#include "kernel_options.h"
#include "log.h"

#define KBM_LIVE "/sys/kernel/kata_bm/live"

struct boot_mount {
	const char *source, *target, *type, *options;
	unsigned long flags;
};

static const struct boot_mount mounts[] = {
	{ "proc", "/proc", "proc", "", MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "sysfs", "/sys", "sysfs", "", MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "devtmpfs", "/dev", "devtmpfs", "mode=755", MS_NOSUID },
	{ "devpts", "/dev/pts", "devpts", "gid=5,mode=620,ptmxmode=666",
	  MS_NOSUID | MS_NOEXEC },
	{ "tmpfs", "/dev/shm", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV },
	{ "mqueue", "/dev/mqueue", "mqueue", "",
	  MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "tmpfs", "/run", "tmpfs", "mode=755", MS_NOSUID | MS_NODEV },
	{ "tmpfs", "/tmp", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV },
	{ "cgroup2", "/sys/fs/cgroup", "cgroup2",
	  "nsdelegate,memory_recursiveprot", MS_NOSUID | MS_NODEV | MS_NOEXEC },
};

/*
 * pivot_root(2) cannot leave the initial root, which has no parent mount. A
 * bind of it, moved over it, has one; the files are the same.
 */
static int cover_root(void)
{
	static const char cover[] = "/.root";

	if (mkdir(cover, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (mount("/", cover, NULL, MS_BIND | MS_REC, NULL) < 0 ||
	    chdir(cover) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 ||
	    chroot(".") < 0 || chdir("/") < 0)
		return -errno;
	rmdir(cover);
	return 0;
}

/*
 * crun copies itself and starts anew, lest a container writes to it by
 * /proc/PID/exe; but not from a read-only mount, which makes that impossible.
 */
static int protect_programs(void)
{
	static const char programs[] = "/usr";
	const unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY |
				    MS_NOSUID | MS_NODEV;

	if (mount(programs, programs, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, programs, NULL, flags, NULL) < 0)
		return -errno;
	return 0;
}

static int mount_all(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		const struct boot_mount *at = &mounts[i];

		/* The kernel may have mounted devtmpfs by itself. */
		if (mkdir(at->target, 0755) < 0 && errno != EEXIST &&
		    errno != EPERM)
			return -errno;
		if (mount(at->source, at->target, at->type, at->flags,
			  at->options) == 0 ||
		    errno == EBUSY)
			continue;
		log_line("cannot mount %s at %s: %s", at->type, at->target,
			 strerror(errno));
		if (strcmp(at->type, "mqueue"))
			return -errno;
	}
	return 0;
}

static void make_links(void)
{
	static const char *const links[][2] = {
		{ "/proc/self/fd", "/dev/fd" },
		{ "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" },
		{ "/proc/self/fd/2", "/dev/stderr" },
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i][0], links[i][1]) < 0 && errno != EEXIST)
			log_line("cannot make %s: %s", links[i][1],
				 strerror(errno));
}

/* Without it, messages would go to the initial root's closed descriptors. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void bring_loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo",
				 .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		log_line("cannot bring lo up: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void read_options(void)
{
	char words[4096];

	if (file_read("/proc/cmdline", words, sizeof(words)) > 0)
		log_set_debug(kernel_options_debug(words));
}

/* A container's own limits are in its config; this is what others get. */
static void set_limits(void)
{
	struct rlimit files = { .rlim_cur = 1048576, .rlim_max = 1048576 };

	setrlimit(RLIMIT_NOFILE, &files);
}

int boot_set_up(void)
{
	int r;

	umask(022);
	open_console();
	r = cover_root();
	if (r < 0)
		log_line("cannot cover the initial root: %s", strerror(-r));
	if (r >= 0)
		r = protect_programs();
	if (r >= 0)
		r = mount_all();
	if (r >= 0)
		r = directory_make(AGENT_RUN_DIR, 0700);
	if (r < 0)
		return r;
	/* Mounts made later are seen in containers whose mounts ask for that. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0)
		log_line("cannot share mounts: %s", strerror(errno));
	read_options();
	make_links();
	bring_loopback_up();
	set_limits();
	return 0;
}

void boot_go_live(void)
{
	int r;

	if (access(KBM_LIVE, W_OK) < 0)
		return;
	r = file_write(KBM_LIVE, "1");
	if (r < 0)
		log_line("cannot go live by %s: %s", KBM_LIVE, strerror(-r));
}

/* A direct guest tells the host; elsewhere QEMU's -no-reboot ends it. */
void boot_power_off(void)
{
	sync();
	if (access(KBM_LIVE, F_OK) == 0)
		reboot(RB_POWER_OFF);
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}
