/*
 * KVM over a proxy: the session
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "exec/ramlist.h"
#include "system/kvm-proxy.h"
#include "system/system.h"
#include "proxy/client.h"

static char *kvm_proxy_option;
static struct client *kvm_proxy_session;

struct client *kvm_proxy_client(void)
{
    return kvm_proxy_session;
}

const char *kvm_proxy_where(void)
{
    return kvm_proxy_option;
}

static char *kvm_proxy_get(Object *obj, Error **errp)
{
    return g_strdup(kvm_proxy_option);
}

static void kvm_proxy_set(Object *obj, const char *value, Error **errp)
{
    if (kvm_proxy_session) {
        error_setg(errp, "proxy= cannot change once the accelerator is there");
        return;
    }
    g_free(kvm_proxy_option);
    kvm_proxy_option = g_strdup(value);
}

void kvm_proxy_add_property(ObjectClass *oc)
{
    object_class_property_add_str(oc, "proxy", kvm_proxy_get, kvm_proxy_set);
    object_class_property_set_description(oc, "proxy",
        "Who makes KVM's calls: unix:PATH, the socket of kbm-proxyd, or "
        "kbm:DEVICE, /dev/kata-bm of a control BM (default: this process)");
}

/* Memory that goes away here goes away there. */
static void kvm_proxy_ram_removed(RAMBlockNotifier *notifier, void *host,
                                  size_t size, size_t max_size)
{
    client_forget_memory(kvm_proxy_session, host, max_size);
}

static int kvm_proxy_connect(void)
{
    static RAMBlockNotifier ram = {
        .ram_block_removed = kvm_proxy_ram_removed,
    };
    int ret = client_connect(kvm_proxy_option, &kvm_proxy_session);

    if (ret < 0) {
        error_report("kvm: no session of the proxy %s: %s: %s",
                     kvm_proxy_option, strerror(-ret),
                     client_connect_remedy(ret));
        return ret;
    }
    kvm_proxy_watch_end();
    ram_block_notifier_add(&ram);
    if (qemu_get_vm_name()) {
        /* Only for the host's lists. */
        client_set_name(kvm_proxy_session, qemu_get_vm_name());
    }
    return 0;
}

/* A handle, or a negative errno. */
static int kvm_proxy_open(const char *device)
{
    int ret;

    if (device) {
        error_report("kvm: device=%s and proxy=%s exclude each other: the "
                     "proxy decides what it opens", device, kvm_proxy_option);
        return -EINVAL;
    }
    ret = kvm_proxy_connect();
    if (ret < 0) {
        return ret;
    }
    ret = client_open_kvm(kvm_proxy_session);
    if (ret < 0) {
        kvm_proxy_check_end();
        error_report("kvm: the proxy %s cannot open /dev/kvm: %s",
                     kvm_proxy_option, strerror(-ret));
    }
    return ret;
}

int kvm_fd_open(const char *device)
{
    int ret;

    if (kvm_proxy_option) {
        ret = kvm_proxy_open(device);
        if (ret >= 0) {
            return KVM_PROXY_FIRST + ret;
        }
        errno = -ret;
        return -1;
    }
    ret = qemu_open_old(device ?: "/dev/kvm", O_RDWR);
    if (ret == -1) {
        ret = errno;
        error_report("Could not access KVM kernel module: %s", strerror(ret));
        errno = ret;
        return -1;
    }
    return ret;
}
