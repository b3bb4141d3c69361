// SPDX-License-Identifier: GPL-2.0-or-later
#include "end.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "memory.h"

#define PANIC_LINE	"Kernel panic - not syncing"

/* QMP's names, and exit statuses, of vmm/README.md. */
static const struct {
	const char *name;
	int status;
	const char *text;
} reasons[VM_NR_REASONS] = {
	[VM_SHUTDOWN] = { "shutdown", 0, "the guest powered off" },
	[VM_REBOOT] = { "reboot", 3, "the guest rebooted" },
	[VM_PANIC] = { "panic", 4, "the guest's kernel panicked; see its console in the log" },
	[VM_TRIPLE_FAULT] = { "triple-fault", 5, "a CPU of the guest could not go on" },
	[VM_REFUSED] = { "refused", 6,
			 "the guest's kernel refused to boot: use kernel and VMM of one "
			 "release" },
	[VM_MEMORY_FAULT] = { "memory-fault", 7, "the guest touched memory that is not its own" },
	[VM_PROXY_LOST] = { "proxy-lost", 8, "the guest's twin on the host is gone" },
	[VM_FAILED] = { "failed", 1, "QEMU failed" },
	[VM_KILLED] = { "killed", -1, "QEMU was killed" },
};

const char *vm_reason_name(enum vm_reason reason)
{
	return reasons[reason].name;
}

/* "": there is none. */
static const char *get_reason(struct json_object *data)
{
	struct json_object *reason;

	if (!json_object_object_get_ex(data, "reason", &reason) ||
	    !json_object_is_type(reason, json_type_string))
		return "";
	return json_object_get_string(reason);
}

static void take_told(struct end_signs *signs, struct json_object *data)
{
	struct json_object *detail;

	for (int i = 0; i < VM_FAILED; i++) {
		if (strcmp(reasons[i].name, get_reason(data)))
			continue;
		signs->is_told = true;
		signs->told = (enum vm_reason)i;
	}
	if (json_object_object_get_ex(data, "detail", &detail))
		signs->detail = (uint64_t)json_object_get_int64(detail);
}

void end_event(struct end_signs *signs, const char *name, struct json_object *data)
{
	if (!strcmp(name, "KATA_BM_ENDED") && data)
		take_told(signs, data);
	else if (!strcmp(name, "SHUTDOWN"))
		signs->is_down = true;
	else if (!strcmp(name, "GUEST_PANICKED"))
		signs->is_panic = true;
}

void end_console(struct end_signs *signs, const char *line)
{
	/* A microvm has no other way to tell. */
	if (strstr(line, PANIC_LINE))
		signs->is_panic = true;
}

void end_message(struct end_signs *signs, const char *line)
{
	snprintf(signs->words, sizeof(signs->words), "%s", line);
}

static enum vm_reason by_status(const struct end_signs *signs, bool is_direct, int status)
{
	if (is_direct)
		for (int i = 0; i < VM_KILLED; i++)
			if (reasons[i].status == status)
				return (enum vm_reason)i;
	if (status != 0)
		return VM_FAILED;
	/* A microvm has no power switch: a reset is how it ends. */
	return signs->is_panic ? VM_PANIC : VM_SHUTDOWN;
}

static enum vm_reason find_reason(const struct end_signs *signs, bool is_direct, int code,
				  int status)
{
	if (signs->is_told)
		return signs->told;
	if (signs->is_stuck)
		return VM_FAILED;
	/* Its ports close before it ends, and we may kill it for that. */
	if ((code == CLD_KILLED || code == CLD_DUMPED) && signs->is_asked && signs->is_panic)
		return VM_PANIC;
	if (code == CLD_KILLED || code == CLD_DUMPED)
		return VM_KILLED;
	if (code == CLD_EXITED)
		return by_status(signs, is_direct, status);
	/* Somebody else has reaped it. */
	return signs->is_panic ? VM_PANIC : signs->is_down ? VM_SHUTDOWN : VM_FAILED;
}

/* The number that goes with a reason. */
static size_t print_detail(char *text, size_t size, const struct vm_end *end)
{
	switch (end->reason) {
	case VM_TRIPLE_FAULT:
		return (size_t)snprintf(text, size, " (vCPU %" PRIu64 ")", end->detail);
	case VM_MEMORY_FAULT:
		return (size_t)snprintf(text, size, " (0x%" PRIx64 ")", end->detail);
	case VM_KILLED:
		return (size_t)snprintf(text, size, " by signal %" PRIu64, end->detail);
	default:
		*text = 0;
		return 0;
	}
}

static const char *describe(const struct end_signs *signs, const struct vm_end *end)
{
	if (signs->is_stuck)
		return "QEMU did not answer in time";
	if (signs->is_asked && end->reason == VM_KILLED)
		return "QEMU was ended, as asked,";
	if (signs->is_asked && end->reason == VM_SHUTDOWN)
		return "QEMU ended, as asked";
	return reasons[end->reason].text;
}

void end_conclude(const struct end_signs *signs, bool is_direct, int code, int status, char *text,
		  struct vm_end *ret)
{
	size_t at;

	ret->reason = find_reason(signs, is_direct, code, status);
	ret->detail = ret->reason == VM_KILLED ? (uint64_t)status : signs->detail;
	at = (size_t)snprintf(text, END_TEXT_SIZE, "%s", describe(signs, ret));
	at += print_detail(text + at, END_TEXT_SIZE - at, ret);
	if (ret->reason != VM_SHUTDOWN && *signs->words)
		snprintf(text + at, END_TEXT_SIZE - at, ": %s%s", signs->words,
			 memory_remedy(signs->words));
	ret->text = text;
}
