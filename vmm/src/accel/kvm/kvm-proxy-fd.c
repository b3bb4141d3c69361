/*
 * KVM over a proxy: one kind of call for descriptors and for handles
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/ioctl.h>
#include <linux/kvm.h>
#include "system/kvm-proxy.h"
#include "proxy/client.h"

static bool kvm_fd_is_handle(int fd)
{
    return fd >= KVM_PROXY_FIRST;
}

static uint32_t kvm_fd_handle(int fd)
{
    return fd - KVM_PROXY_FIRST;
}

/* From a negative errno to what system calls return. */
static int kvm_fd_result(int ret)
{
    if (ret >= 0) {
        return ret;
    }
    if (ret == -EIO) {
        kvm_proxy_check_end();
    }
    errno = -ret;
    return -1;
}

/* Where KVM gives a descriptor there is a handle: counted as all of them. */
static int kvm_proxy_number(unsigned long request, void *argument, int ret)
{
    struct kvm_create_device *device = argument;

    switch (request) {
    case KVM_CREATE_VM:
    case KVM_CREATE_VCPU:
    case KVM_GET_STATS_FD:
        return KVM_PROXY_FIRST + ret;
    case KVM_CREATE_DEVICE:
        if (!(device->flags & KVM_CREATE_DEVICE_TEST)) {
            device->fd += KVM_PROXY_FIRST;
        }
        return ret;
    default:
        return ret;
    }
}

int kvm_fd_ioctl(int fd, unsigned long request, void *argument)
{
    int ret;

    if (!kvm_fd_is_handle(fd)) {
        return ioctl(fd, request, argument);
    }
    /* Callers with an int extend its sign. */
    request = (uint32_t)request;
    ret = client_ioctl(kvm_proxy_client(), kvm_fd_handle(fd), request,
                       (unsigned long)argument);
    if (ret >= 0) {
        return kvm_proxy_number(request, argument, ret);
    }
    return kvm_fd_result(ret);
}

void *kvm_fd_mmap(int fd, size_t bytes, off_t offset)
{
    void *address;
    int ret;

    if (!kvm_fd_is_handle(fd)) {
        return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                    offset);
    }
    ret = client_mmap(kvm_proxy_client(), kvm_fd_handle(fd), NULL, bytes,
                      PROT_READ | PROT_WRITE, MAP_SHARED, offset, &address);
    return kvm_fd_result(ret) < 0 ? MAP_FAILED : address;
}

int kvm_fd_munmap(void *address, size_t bytes)
{
    /* First: another thread may get the addresses as soon as they are free. */
    if (kvm_proxy_client()) {
        client_forget_memory(kvm_proxy_client(), address, bytes);
    }
    return munmap(address, bytes);
}

ssize_t kvm_fd_pread(int fd, void *buffer, size_t bytes, off_t offset)
{
    if (!kvm_fd_is_handle(fd)) {
        return pread(fd, buffer, bytes, offset);
    }
    return kvm_fd_result(client_pread(kvm_proxy_client(), kvm_fd_handle(fd),
                                      buffer, bytes, offset));
}

int kvm_fd_close(int fd)
{
    if (!kvm_fd_is_handle(fd)) {
        return close(fd);
    }
    return kvm_fd_result(client_close(kvm_proxy_client(), kvm_fd_handle(fd)));
}

bool kvm_fd_takes_eventfds(void)
{
    return !kvm_proxy_client() ||
           strcmp(client_transport(kvm_proxy_client()), "kbm");
}
