/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stats.h"

#include <string.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>

#include "cleanup.h"
#include "message.h"

/* More is not a table of statistics but an error. */
#define STATS_MAX	4096

static int read_at(int fd, void *buffer, size_t size, off_t offset)
{
	ssize_t got = pread(fd, buffer, size, offset);

	if (got < 0)
		return -errno;
	return (size_t)got == size ? 0 : -EIO;
}

static int read_one(int fd, const struct kvm_stats_header *header, const char *descriptor,
		    struct stat *ret_stat)
{
	struct kvm_stats_desc fixed;

	memcpy(&fixed, descriptor, sizeof(fixed));
	if (fixed.size != 1)
		return -EAGAIN;
	snprintf(ret_stat->name, sizeof(ret_stat->name), "%.*s", (int)header->name_size,
		 descriptor + sizeof(fixed));
	return read_at(fd, &ret_stat->value, sizeof(ret_stat->value),
		       (off_t)header->data_offset + fixed.offset);
}

static int read_all(int fd, const struct kvm_stats_header *header, struct stats *ret_stats)
{
	size_t each = sizeof(struct kvm_stats_desc) + header->name_size;
	cleanup_free char *descriptors = calloc(header->num_desc, each);
	cleanup_free struct stat *all = calloc(header->num_desc, sizeof(*all));
	unsigned int count = 0;
	int r;

	if (!descriptors || !all)
		return -ENOMEM;
	r = read_at(fd, descriptors, header->num_desc * each, header->desc_offset);
	for (unsigned int i = 0; !r && i < header->num_desc; i++) {
		r = read_one(fd, header, descriptors + i * each, &all[count]);
		if (r == -EAGAIN)
			r = 0;
		else if (!r)
			count++;
	}
	if (r)
		return r;
	*ret_stats = (struct stats){ .count = count, .stats = all };
	all = NULL;
	return 0;
}

int stats_read(int fd, struct stats *ret_stats)
{
	cleanup_close int stats_fd = ioctl(fd, KVM_GET_STATS_FD, NULL);
	struct kvm_stats_header header;
	int r;

	if (stats_fd < 0)
		return fail(-errno, "KVM_GET_STATS_FD");
	r = read_at(stats_fd, &header, sizeof(header), 0);
	if (!r && (header.num_desc > STATS_MAX || header.name_size > 1024))
		r = -EBADMSG;
	if (!r)
		r = read_all(stats_fd, &header, ret_stats);
	return r ? fail(r, "cannot read KVM's statistics") : 0;
}

void stats_free(struct stats *stats)
{
	free(stats->stats);
	*stats = (struct stats){};
}

uint64_t stats_value(const struct stats *stats, const char *name)
{
	for (unsigned int i = 0; i < stats->count; i++)
		if (!strcmp(stats->stats[i].name, name))
			return stats->stats[i].value;
	return 0;
}
