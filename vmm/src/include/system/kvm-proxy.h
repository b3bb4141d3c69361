/*
 * KVM over a proxy: its calls are made by another process or partition
 *
 * With -accel kvm,proxy=WHERE the numbers that stand for KVM, the VM, vCPUs and
 * devices are no descriptors of this process: they are handles of the session,
 * counted from KVM_PROXY_FIRST, where no descriptor is. So whoever takes one for
 * a descriptor gets EBADF and harms nothing. All kvm_fd_*() take either kind.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSTEM_KVM_PROXY_H
#define SYSTEM_KVM_PROXY_H

#include "qom/object.h"

/* Above what any RLIMIT_NOFILE allows. */
#define KVM_PROXY_FIRST     (1 << 30)

/* Our exit status when the other side is gone; also in vmm/README.md. */
#define KVM_PROXY_LOST      8

struct client;

/* The session; NULL without a proxy. */
struct client *kvm_proxy_client(void);

/* As given with proxy=; NULL without. */
const char *kvm_proxy_where(void);

/* Adds the property to the accelerator's class. */
void kvm_proxy_add_property(ObjectClass *oc);

/*
 * For whoever got -EIO from the session: does not return if that is because the
 * other side is gone, for the guest is gone too. From any thread.
 */
void kvm_proxy_check_end(void);

/* kvm-proxy-end.c, for kvm-proxy.c: watches for that from the main loop. */
void kvm_proxy_watch_end(void);

/*
 * As open(), ioctl(), mmap(), munmap(), pread() and close(); -1 or MAP_FAILED,
 * and errno. kvm_fd_open() has said what is wrong. @device: NULL is /dev/kvm.
 */
int kvm_fd_open(const char *device);
int kvm_fd_ioctl(int fd, unsigned long request, void *argument);
void *kvm_fd_mmap(int fd, size_t bytes, off_t offset);
int kvm_fd_munmap(void *address, size_t bytes);
ssize_t kvm_fd_pread(int fd, void *buffer, size_t bytes, off_t offset);
int kvm_fd_close(int fd);

/* Whether KVM can be given eventfds of this process (ioeventfd, irqfd). */
bool kvm_fd_takes_eventfds(void);

#endif /* SYSTEM_KVM_PROXY_H */
