// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a guest has ended, in words. */
#include "parts.h"

#include <signal.h>

#include "vm/end.h"

struct end_case {
	const char *event, *data, *message, *console;
	bool is_direct, is_asked, is_stuck;
	int code, status;
	enum vm_reason reason;
	const char *text;
};

static const struct end_case ends[] = {
	{ .code = CLD_EXITED, .reason = VM_SHUTDOWN, .text = "the guest powered off" },
	{ .code = CLD_EXITED,
	  .is_direct = true,
	  .status = 3,
	  .reason = VM_REBOOT,
	  .text = "the guest rebooted" },
	{ .code = CLD_EXITED,
	  .is_direct = true,
	  .status = 8,
	  .reason = VM_PROXY_LOST,
	  .text = "twin" },
	{ .code = CLD_EXITED, .status = 3, .reason = VM_FAILED, .text = "QEMU failed" },
	{ .code = CLD_EXITED,
	  .is_direct = true,
	  .status = 1,
	  .message = "no memory",
	  .reason = VM_FAILED,
	  .text = "QEMU failed: no memory" },
	{ .code = CLD_EXITED,
	  .is_direct = true,
	  .status = 99,
	  .reason = VM_FAILED,
	  .text = "QEMU failed" },
	{ .code = CLD_KILLED,
	  .status = 9,
	  .reason = VM_KILLED,
	  .text = "QEMU was killed by signal 9" },
	{ .code = CLD_KILLED,
	  .status = 9,
	  .is_asked = true,
	  .reason = VM_KILLED,
	  .text = "as asked" },
	{ .code = CLD_EXITED,
	  .is_asked = true,
	  .reason = VM_SHUTDOWN,
	  .text = "QEMU ended, as asked" },
	{ .code = CLD_KILLED,
	  .status = 9,
	  .is_stuck = true,
	  .is_asked = true,
	  .reason = VM_FAILED,
	  .text = "did not answer" },
	{ .event = "KATA_BM_ENDED",
	  .data = "{\"reason\": \"memory-fault\", \"detail\": 4096}",
	  .is_direct = true,
	  .code = CLD_EXITED,
	  .status = 7,
	  .reason = VM_MEMORY_FAULT,
	  .text = "(0x1000)" },
	{ .event = "KATA_BM_ENDED",
	  .data = "{\"reason\": \"triple-fault\", \"detail\": 1}",
	  .is_direct = true,
	  .code = 0,
	  .reason = VM_TRIPLE_FAULT,
	  .text = "(vCPU 1)" },
	{ .event = "KATA_BM_ENDED",
	  .data = "{\"reason\": \"new\"}",
	  .is_direct = true,
	  .code = CLD_EXITED,
	  .status = 4,
	  .reason = VM_PANIC,
	  .text = "panicked" },
	{ .event = "KATA_BM_ENDED",
	  .data = "{\"reason\": null}",
	  .code = CLD_EXITED,
	  .reason = VM_SHUTDOWN,
	  .text = "powered off" },
	{ .event = "SHUTDOWN",
	  .data = "{\"reason\": 3}",
	  .code = 0,
	  .reason = VM_SHUTDOWN,
	  .text = "powered off" },
	{ .console = "[ 1.0] Kernel panic - not syncing: x",
	  .code = CLD_EXITED,
	  .reason = VM_PANIC,
	  .text = "panicked" },
	{ .console = "[ 1.0] Kernel panic - not syncing: x",
	  .is_asked = true,
	  .code = CLD_KILLED,
	  .status = 9,
	  .reason = VM_PANIC,
	  .text = "panicked" },
	{ .message = "kata-bm: cannot lend 512 MiB of memory: no free run of 512 MiB on node 0 "
		     "(300 MiB are free there, the longest run has 200 MiB); see kbm.memory= of "
		     "the host",
	  .is_direct = true,
	  .code = CLD_EXITED,
	  .status = 1,
	  .reason = VM_FAILED,
	  .text = "has 200 MiB); see kbm.memory= of the host: end another sandbox, or "
		  "lower the memory limit or default_memory" },
	{ .code = 0, .reason = VM_FAILED, .text = "QEMU failed" },
};

static void test_words_of_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const struct end_case *which = &ends[i];
		struct end_signs signs = { .is_asked = which->is_asked,
					   .is_stuck = which->is_stuck };
		struct json_object *data = which->data ? json_tokener_parse(which->data) : NULL;
		char text[END_TEXT_SIZE];
		struct vm_end end = { 0 };

		if (which->event)
			end_event(&signs, which->event, data);
		if (which->console)
			end_console(&signs, which->console);
		if (which->message)
			end_message(&signs, which->message);
		end_conclude(&signs, which->is_direct, which->code, which->status, text, &end);
		json_object_put(data);
		if (end.reason != which->reason)
			fail_msg("case %zu: %s", i, vm_reason_name(end.reason));
		expect_words(end.text, which->text);
	}
}

int test_ends(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_of_ends),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
