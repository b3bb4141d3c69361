/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_SHIM_VERSION_H
#define KBM_SHIM_VERSION_H

#define SHIM_NAME "containerd-shim-kata-bm-v2"
#define SHIM_VERSION "0.1"

#endif
