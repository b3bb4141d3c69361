/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a sandbox of the Sandbox service uses: its containers together. */
#ifndef KBM_SHIM_SANDBOX_METRICS_H
#define KBM_SHIM_SANDBOX_METRICS_H

#include "task.h"

/* SandboxMetrics, of a sandbox that sandbox_service.c has found. */
TASK_HANDLER(sandbox_metrics);

#endif
