/*
 * A machine's own handling of KVM exits
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "system/kvm-exit-hook.h"

KVMExitHook *kvm_exit_hook;
