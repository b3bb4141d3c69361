// SPDX-License-Identifier: GPL-2.0-or-later
/* Of each VM: sizes of its slots, which the dirty log's length follows, and of dirty rings. */
#include "client_private.h"

#include <stdlib.h>

static struct vm_slots *find_vm(const struct client *client, uint32_t vm)
{
	for (unsigned int i = 0; i < client->nr_vms; i++) {
		if (client->vms[i].vm == vm)
			return &client->vms[i];
	}
	return NULL;
}

static struct vm_slots *add_vm(struct client *client, uint32_t vm)
{
	struct vm_slots *list;

	list = reallocarray(client->vms, client->nr_vms + 1, sizeof(*list));
	if (!list)
		return NULL;
	client->vms = list;
	list[client->nr_vms] = (struct vm_slots){ .vm = vm };
	return &list[client->nr_vms++];
}

static struct vm_slots *get_vm(struct client *client, uint32_t vm)
{
	struct vm_slots *slots = find_vm(client, vm);

	return slots ? slots : add_vm(client, vm);
}

void client_vm_set_dirty_bytes(struct client *client, uint32_t vm, uint64_t bytes)
{
	struct vm_slots *slots;

	pthread_mutex_lock(&client->slots_lock);
	slots = get_vm(client, vm);
	if (slots)
		slots->dirty_bytes = bytes;
	pthread_mutex_unlock(&client->slots_lock);
}

uint64_t client_vm_dirty_bytes(struct client *client, uint32_t vm)
{
	const struct vm_slots *slots;
	uint64_t bytes;

	pthread_mutex_lock(&client->slots_lock);
	slots = find_vm(client, vm);
	bytes = slots ? slots->dirty_bytes : 0;
	pthread_mutex_unlock(&client->slots_lock);
	return bytes;
}

void client_slots_note(struct client *client, uint32_t vm, uint32_t slot, uint64_t bytes)
{
	struct vm_slots *slots;

	pthread_mutex_lock(&client->slots_lock);
	slots = get_vm(client, vm);
	if (slots)
		slots_set(&slots->slots, slot, bytes);
	pthread_mutex_unlock(&client->slots_lock);
}

void client_slots_forget(struct client *client, uint32_t vm)
{
	struct vm_slots *slots;

	pthread_mutex_lock(&client->slots_lock);
	slots = find_vm(client, vm);
	if (slots) {
		slots_done(&slots->slots);
		*slots = client->vms[--client->nr_vms];
	}
	pthread_mutex_unlock(&client->slots_lock);
}

const struct slots *client_slots_lock(struct client *client, uint32_t vm)
{
	const struct vm_slots *slots;

	pthread_mutex_lock(&client->slots_lock);
	slots = find_vm(client, vm);
	return slots ? &slots->slots : NULL;
}

void client_slots_unlock(struct client *client)
{
	pthread_mutex_unlock(&client->slots_lock);
}
