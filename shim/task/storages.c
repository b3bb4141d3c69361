// SPDX-License-Identifier: GPL-2.0-or-later
#include "storages.h"

#include "memory.h"

static char *text(char *maybe)
{
	return maybe ? maybe : (char *)protobuf_c_empty_string;
}

static Grpc__Storage *make_one(const struct rootfs_storage *from)
{
	Grpc__Storage *message = must_calloc(sizeof(*message));

	grpc__storage__init(message);
	message->driver = text(from->driver);
	message->source = text(from->source);
	message->fstype = text(from->fstype);
	message->mount_point = text(from->mount_point);
	message->options = from->options;
	message->n_options = from->nr_options;
	return message;
}

void storages_make(const struct rootfs_storage *from, size_t nr, struct storages *ret)
{
	*ret = (struct storages){ .messages = must_list(nr + 1), .nr = nr };
	for (size_t i = 0; i < nr; i++)
		ret->messages[i] = make_one(&from[i]);
}

void storages_done(struct storages *storages)
{
	for (size_t i = 0; i < storages->nr; i++)
		free(storages->messages[i]);
	free(storages->messages);
}
