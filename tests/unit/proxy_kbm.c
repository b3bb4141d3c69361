// SPDX-License-Identifier: GPL-2.0-or-later
/* The kbm transport, from the daemon's side of the channel to the client's calls. */
#include "proxy_kbm/session.h"

int main(void)
{
	/* Whoever does not answer fails the test, too. */
	alarm(120);
	return test_calls() | test_events() | test_runs() | test_damage() | test_daemon() ?
		       EXIT_FAILURE :
		       EXIT_SUCCESS;
}
