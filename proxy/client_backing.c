// SPDX-License-Identifier: GPL-2.0-or-later
/* What is behind memory of this process: private pages, or a file that can be shared. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "client.h"
#include "client_private.h"

#define PAGE		4096ULL
#define CHUNK		512u		/* pages looked at at a time */
#define PAGE_THERE	(3ULL << 62)	/* present, or in swap */

/* A line of /proc/self/maps. */
struct mapping {
	uint64_t from;
	uint64_t to;
	uint64_t offset;
	uint64_t inode;
	dev_t device;
	int protection;
	bool shared;
};

static bool read_mapping(FILE *maps, struct mapping *mapping)
{
	unsigned int major_nr, minor_nr;
	char line[512], mode[5];

	if (!fgets(line, sizeof(line), maps) ||
	    sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64,
		   &mapping->from, &mapping->to, mode, &mapping->offset, &major_nr, &minor_nr,
		   &mapping->inode) != 7)
		return false;
	/* The rest of a long line is no mapping. */
	while (!strchr(line, '\n') && fgets(line, sizeof(line), maps))
		;
	mapping->device = makedev(major_nr, minor_nr);
	mapping->shared = mode[3] == 's';
	mapping->protection = (mode[0] == 'r' ? PROT_READ : 0) |
			      (mode[1] == 'w' ? PROT_WRITE : 0) |
			      (mode[2] == 'x' ? PROT_EXEC : 0);
	return true;
}

/* Calls @visit for each mapping in the range; -EFAULT if there is a gap. */
static int visit_mappings(uint64_t start, uint64_t bytes,
			  int (*visit)(const struct mapping *mapping, uint64_t from, uint64_t to,
				       void *context),
			  void *context)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uint64_t covered = start, end = start + bytes;
	struct mapping mapping;
	int r = 0;

	if (!maps)
		return -errno;
	while (!r && covered < end && read_mapping(maps, &mapping)) {
		uint64_t to = mapping.to < end ? mapping.to : end;

		if (mapping.to <= covered)
			continue;
		r = mapping.from > covered ? -EFAULT : visit(&mapping, covered, to, context);
		covered = to;
	}
	fclose(maps);
	return !r && covered < end ? -EFAULT : r;
}

static int copy_pages(int memfd, uint64_t from, uint64_t bytes, uint64_t offset)
{
	ssize_t n = pwrite(memfd, (const void *)(uintptr_t)from, bytes, (off_t)offset);

	if (n == (ssize_t)bytes)
		return 0;
	return n < 0 ? -errno : -ENOSPC;
}

/* Pages never touched are zero on both sides, and stay unallotted. */
static int copy_touched(int memfd, uint64_t from, uint64_t bytes, uint64_t offset)
{
	cleanup_close int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entries[CHUNK], page, pages = bytes / PAGE;
	int r = pagemap < 0 ? -errno : 0;

	for (page = 0; !r && page < pages; page += CHUNK) {
		uint64_t count = pages - page < CHUNK ? pages - page : CHUNK;
		ssize_t wanted = (ssize_t)(count * sizeof(entries[0]));

		if (pread(pagemap, entries, (size_t)wanted,
			  (off_t)((from / PAGE + page) * sizeof(entries[0]))) != wanted)
			return -EIO;
		for (uint64_t i = 0; !r && i < count; i++) {
			if (entries[i] & PAGE_THERE)
				r = copy_pages(memfd, from + (page + i) * PAGE, PAGE,
					       offset + (page + i) * PAGE);
		}
	}
	return r;
}

struct copying {
	int memfd;
	uint64_t start;
};

static int copy_mapping(const struct mapping *mapping, uint64_t from, uint64_t to, void *context)
{
	const struct copying *copying = context;
	uint64_t offset = from - copying->start;

	if (mapping->shared)
		return -EOPNOTSUPP;
	/* It gets its protection back when it is mapped anew. */
	if (!(mapping->protection & PROT_READ) &&
	    mprotect((void *)(uintptr_t)from, to - from, PROT_READ) < 0)
		return -errno;
	if (mapping->inode)
		return copy_pages(copying->memfd, from, to - from, offset);
	return copy_touched(copying->memfd, from, to - from, offset);
}

static int fill(int memfd, uint64_t start, uint64_t bytes)
{
	struct copying copying = { .memfd = memfd, .start = start };
	int r;

	if (ftruncate(memfd, (off_t)bytes) < 0)
		return -errno;
	r = visit_mappings(start, bytes, copy_mapping, &copying);
	if (!r && fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		r = -errno;
	return r;
}

int client_backing_make(uint64_t start, uint64_t bytes)
{
	int r, memfd = memfd_create("kbm-memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (memfd < 0)
		return -errno;
	r = fill(memfd, start, bytes);
	if (!r)
		return memfd;
	close_fd(memfd);
	return r;
}

static int map_mapping(const struct mapping *mapping, uint64_t from, uint64_t to, void *context)
{
	const struct copying *copying = context;

	/* Not mmap(): the preload library's own would look at it. */
	if (syscall(SYS_mmap, from, to - from, mapping->protection,
		    MAP_SHARED | MAP_NORESERVE | MAP_FIXED, copying->memfd,
		    (off_t)(from - copying->start)) < 0)
		return -errno;
	/* VMMs want that of private memory; files have no huge pages on many hosts. */
	syscall(SYS_madvise, from, to - from, MADV_HUGEPAGE);
	return 0;
}

int client_backing_map(uint64_t start, uint64_t bytes, int memfd)
{
	struct copying copying = { .memfd = memfd, .start = start };

	return visit_mappings(start, bytes, map_mapping, &copying);
}

struct finding {
	struct mapping mapping;
	unsigned int count;
};

static int note_mapping(const struct mapping *mapping, uint64_t from, uint64_t to, void *context)
{
	struct finding *finding = context;

	(void)from;
	(void)to;
	finding->mapping = *mapping;
	return finding->count++ ? -EOPNOTSUPP : 0;
}

static bool is_file_of(int fd, const struct mapping *mapping)
{
	struct stat status;

	return !fstat(fd, &status) && S_ISREG(status.st_mode) &&
	       status.st_ino == mapping->inode && status.st_dev == mapping->device;
}

/* A descriptor of the file that this process still has. */
static int find_descriptor(const struct mapping *mapping)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int found = -ENOENT;

	while (dir && found < 0 && (entry = readdir(dir))) {
		int fd = atoi(entry->d_name);
		int flags = *entry->d_name == '.' ? -1 : fcntl(fd, F_GETFL);

		if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY || !is_file_of(fd, mapping) ||
		    (mapping->protection & PROT_WRITE && (flags & O_ACCMODE) == O_RDONLY))
			continue;
		found = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* One that is closed already: the kernel has a name for it, for those who may use that. */
static int open_mapping(const struct mapping *mapping)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/map_files/%" PRIx64 "-%" PRIx64, mapping->from,
		 mapping->to);
	fd = open(path, (mapping->protection & PROT_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return -EOPNOTSUPP;
	if (is_file_of(fd, mapping))
		return fd;
	close_fd(fd);
	return -EOPNOTSUPP;
}

int client_backing_find(uint64_t start, uint64_t bytes, int *ret_fd, uint64_t *ret_offset)
{
	struct finding finding = { 0 };
	int fd, r = visit_mappings(start, bytes, note_mapping, &finding);

	if (r)
		return finding.count && !finding.mapping.shared ? -ENOENT : r;
	if (!finding.mapping.shared)
		return -ENOENT;
	fd = find_descriptor(&finding.mapping);
	if (fd < 0)
		fd = open_mapping(&finding.mapping);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	*ret_offset = finding.mapping.offset + (start - finding.mapping.from);
	return 0;
}
