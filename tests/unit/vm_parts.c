// SPDX-License-Identifier: GPL-2.0-or-later
/* The parts of a VM, each alone. */
#include "vm_parts/parts.h"

int main(void)
{
	return test_qmp() | test_lines() | test_placement() | test_cores() | test_memory() |
			       test_record() | test_process() | test_ends() | test_command() ?
		       EXIT_FAILURE :
		       EXIT_SUCCESS;
}
