/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's process. */
#ifndef KBM_SHIM_VM_PROCESS_H
#define KBM_SHIM_VM_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

#define PROCESS_MAX_FDS	48

/**
 * process_start - run a program
 * @words:	its arguments, up to NULL; the first is looked up in PATH.
 * @fds:	become its descriptors 3, 4, ...; -1: none there. Stay the caller's.
 * @output:	its standard output and error; input is /dev/null.
 * @ret_pidfd:	becomes readable when it has ended.
 *
 * It has no other descriptors of ours, default signals, and gets SIGKILL when
 * this process ends. That it could not be run shows on @output, with status 127.
 * -EAGAIN, -ENOMEM: no process; -EINVAL: too many descriptors.
 */
int process_start(char *const *words, const int *fds, size_t nr_fds, int output, pid_t *ret_pid,
		  int *ret_pidfd);

/* pidfd_open(2); of Linux 5.3. */
int process_open(pid_t pid);

/* pidfd_send_signal(2) */
int process_signal(int pidfd, int signal);

#endif
