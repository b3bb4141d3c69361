/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

PAYLOAD hello, "ends at once"
	STARTED
	END
PAYLOAD_END hello
