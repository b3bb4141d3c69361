/*
 * Kata BM: a machine that has nothing but lent CPUs and lent memory
 *
 * The guest drives its CPUs, their timers and their interrupts by itself, and
 * its addresses are the machine's. There is no firmware, no memory below the
 * lent extents and no emulated device: what it needs to know stands in its info
 * page, what it talks to sits behind virtio-bm.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qapi/qapi-visit-kata-bm-target.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "migration/blocker.h"
#include "system/kvm.h"
#include "system/kvm-proxy.h"
#include "system/reset.h"
#include "system/runstate.h"
#include "system/runstate-action.h"
#include "system/system.h"
#include "target/i386/kvm/kvm_i386.h"
#include "cpus.h"
#include "dma.h"
#include "grants.h"
#include "kata-bm.h"

#define KBM_DEFAULT_RAM     (512 * MiB)

/* From here on the VM has what was lent, and nothing else can be tied to it. */
static void kbm_enable_direct(KataBMMachineState *kbm)
{
    uint32_t mode = kbm->isolation == KATA_BM_ISOLATION_DIRECT ?
                    KBM_MODE_DIRECT : KBM_MODE_WALLED;
    int modes = kvm_vm_check_extension(kvm_state, KVM_CAP_X86_DIRECT);
    int ret;

    if (modes <= 0 || !(modes & (1 << mode))) {
        error_report("kata-bm: this host cannot isolate guests as %s",
                     KataBmIsolation_str(kbm->isolation));
        exit(EXIT_FAILURE);
    }
    ret = kvm_vm_enable_cap(kvm_state, KVM_CAP_X86_DIRECT, 0, kbm->lease.name,
                            mode);
    if (ret < 0) {
        error_report("kata-bm: KVM does not take what was lent: %s",
                     strerror(-ret));
        exit(EXIT_FAILURE);
    }
    if (!kvm_irqchip_is_split()) {
        error_report("kata-bm: there is no interrupt chip to emulate: leave "
                     "kernel-irqchip= out");
        exit(EXIT_FAILURE);
    }
    /* APIC IDs shall have all their 32 bits. */
    if (!kvm_enable_x2apic()) {
        error_report("kata-bm: KVM has no x2APIC interface (KVM_CAP_X2APIC_API)"
                     ": use a newer host kernel");
        exit(EXIT_FAILURE);
    }
}

static void kbm_check_grant(KataBMMachineState *kbm)
{
    if (kbm->grant && strcmp(kbm->grant, "all")) {
        error_report("kata-bm: grant=%s is not known: the only one is all, for "
                     "the control BM; leave it out for any other guest",
                     kbm->grant);
        exit(EXIT_FAILURE);
    }
    if (kbm->grant && kvm_proxy_client()) {
        error_report("kata-bm: grant= and proxy= exclude each other: the "
                     "control BM is started at the host itself");
        exit(EXIT_FAILURE);
    }
    if (kbm->channel_text && !kbm->grant) {
        error_report("kata-bm: channel=%s lies outside the guest's own memory: "
                     "give grant=all, too", kbm->channel_text);
        exit(EXIT_FAILURE);
    }
    if (kbm->channel_text) {
        kbm_parse_channel(kbm->channel_text, &kbm->channel, &error_fatal);
    }
}

/* All that can be found wrong without asking the host for anything. */
static unsigned kbm_check_options(MachineState *machine,
                                  uint32_t cpus[KBM_MAX_CPUS],
                                  GMappedFile **initrd)
{
    KataBMMachineState *kbm = KATA_BM_MACHINE(machine);
    g_autoptr(GError) error = NULL;
    unsigned nr;

    if (!kvm_enabled()) {
        error_report("kata-bm: direct guests need KVM: leave -accel out, or "
                     "give -accel kvm");
        exit(EXIT_FAILURE);
    }
    if (!machine->kernel_filename) {
        error_report("kata-bm: give the guest's kernel with -kernel");
        exit(EXIT_FAILURE);
    }
    kbm_linux_image_open(&kbm->image, machine->kernel_filename, &error_fatal);
    if (machine->initrd_filename) {
        *initrd = g_mapped_file_new(machine->initrd_filename, FALSE, &error);
        if (!*initrd) {
            error_report("kata-bm: cannot read initrd %s: %s",
                         machine->initrd_filename, error->message);
            exit(EXIT_FAILURE);
        }
    }
    kbm_check_grant(kbm);
    nr = kbm_parse_cpus(kbm->cpus ?: "", cpus, &error_fatal);
    /* One is what QEMU assumes without -smp. */
    if (machine->smp.cpus != 1 && machine->smp.cpus != nr) {
        error_report("kata-bm: -smp says %u vCPUs and cpus=%s lends %u: leave "
                     "-smp out", machine->smp.cpus, kbm->cpus, nr);
        exit(EXIT_FAILURE);
    }
    return nr;
}

static void kbm_lend_memory(MachineState *machine)
{
    KataBMMachineState *kbm = KATA_BM_MACHINE(machine);
    KBMMemoryOption memory[KBM_MAX_EXTENTS] = {
        {
            .node = kbm->node < 0 ? kbm->lease.cpus[0].node | KBM_ANY_NODE
                                  : kbm->node,
            .bytes = machine->ram_size,
        },
    };
    unsigned i, nr = 1;

    if (kbm->nodes) {
        nr = kbm_parse_memory(kbm->nodes, memory, &error_fatal);
        machine->ram_size = 0;
        for (i = 0; i < nr; i++) {
            machine->ram_size += memory[i].bytes;
        }
    }
    for (i = 0; i < nr; i++) {
        if (memory[i].bytes % kbm->lease.info.extent_align) {
            error_report("kata-bm: %" PRIu64 " KiB of memory is not a multiple "
                         "of %" PRIu64 " KiB, in which the host lends it",
                         memory[i].bytes / KiB,
                         (uint64_t)kbm->lease.info.extent_align / KiB);
            exit(EXIT_FAILURE);
        }
        kbm_lease_memory(&kbm->lease, memory[i].bytes, memory[i].node,
                         &error_fatal);
    }
    kbm_lease_map(&kbm->lease, &error_fatal);
}

/* Plain RAM, and each page at its own address: the host insists on it. */
static void kbm_map_memory(KataBMMachineState *kbm)
{
    unsigned i;

    for (i = 0; i < kbm->lease.nr_extents; i++) {
        KBMExtent *extent = &kbm->lease.extents[i];
        g_autofree char *name = g_strdup_printf("kata-bm.extent%u", i);

        memory_region_init_ram_ptr(&extent->mr, OBJECT(kbm), name,
                                   extent->bytes, extent->host);
        memory_region_add_subregion(get_system_memory(), extent->start,
                                    &extent->mr);
    }
}

static void kbm_load(MachineState *machine, GMappedFile *initrd)
{
    KataBMMachineState *kbm = KATA_BM_MACHINE(machine);
    const char *cmdline = machine->kernel_cmdline ?: "";
    size_t initrd_bytes = initrd ? g_mapped_file_get_length(initrd) : 0;

    kbm_layout_plan(&kbm->layout, &kbm->lease, &kbm->image, strlen(cmdline),
                    initrd_bytes, &error_fatal);
    kbm_write_kernel(&kbm->layout, &kbm->lease, &kbm->image, cmdline);
    if (initrd_bytes) {
        memcpy(kbm_lease_host(&kbm->lease, kbm->layout.initrd, initrd_bytes),
               g_mapped_file_get_contents(initrd), initrd_bytes);
    }
    kbm_write_page_tables(&kbm->layout, &kbm->lease);
    kbm_write_stub(&kbm->layout, &kbm->lease);
    kbm_linux_image_close(&kbm->image);
}

static void kbm_vm_state(void *opaque, bool running, RunState state)
{
    KataBMMachineState *kbm = opaque;

    kbm->has_run |= running;
}

/* A guest runs once, and where it is: there is nothing to reset or to move. */
static void kbm_forbid_restart(void)
{
    static Error *blocker;

    error_setg(&blocker, "kata-bm: a direct guest cannot be migrated");
    migrate_add_blocker(&blocker, &error_fatal);
    reboot_action = REBOOT_ACTION_SHUTDOWN;
}

static void kbm_machine_init(MachineState *machine)
{
    KataBMMachineState *kbm = KATA_BM_MACHINE(machine);
    uint32_t cpus[KBM_MAX_CPUS];
    GMappedFile *initrd = NULL;
    unsigned nr_cpus = kbm_check_options(machine, cpus, &initrd);
    struct kbm_regions regions = { 0 };

    kbm_lease_open(&kbm->lease, kvm_proxy_client() ? &kbm_lease_proxy_ops
                                                   : &kbm_lease_local_ops,
                   &error_fatal);
    if (kbm->grant) {
        kbm_grants_take(&kbm->lease, &kbm->channel, &regions, &error_fatal);
    }
    kbm_lease_cpus(&kbm->lease, cpus, nr_cpus, &error_fatal);
    kbm_lend_memory(machine);
    kbm_grants_cut(&kbm->lease, &regions, &kbm->channel, &error_fatal);
    kbm_enable_direct(kbm);

    kbm_load(machine, initrd);
    g_clear_pointer(&initrd, g_mapped_file_unref);
    kbm_map_memory(kbm);
    kbm_cpus_init(machine, &kbm->lease);
    kbm_console_init(&kbm->console, &kbm->lease, &kbm->layout, kbm->console_id,
                     &error_fatal);
    kbm->bus = kbm_bus_new(&kbm->lease, kbm->layout.virtio, KBM_MAX_VIRTIO);
    kbm->bus->dma = kbm_dma_new(&kbm->lease, OBJECT(kbm), &error_fatal);
    kbm_guest_end_init(&kbm->end);
    kbm_forbid_restart();
    qemu_add_vm_change_state_handler(kbm_vm_state, kbm);
}

/* Happens once, when all devices are there. */
static void kbm_machine_reset(MachineState *machine, ResetType type)
{
    KataBMMachineState *kbm = KATA_BM_MACHINE(machine);
    KBMInfoOptions options = {
        .version = kbm->info_version,
        .mode = kbm->isolation == KATA_BM_ISOLATION_DIRECT ? KBM_MODE_DIRECT
                                                           : KBM_MODE_WALLED,
        .nr_virtio = kbm->bus->nr_used,
        .channel = kbm->channel.start,
        .channel_bytes = kbm->channel.bytes,
    };

    qemu_devices_reset(type);
    kbm_write_info(&kbm->layout, &kbm->lease, &options);
    kbm_cpus_reset(&kbm->layout, &kbm->lease);
}

static int kbm_machine_kvm_type(MachineState *machine, const char *arg)
{
    int types = kvm_check_extension(KVM_STATE(machine->accelerator),
                                    KVM_CAP_VM_TYPES);

    if (types <= 0 || !(types & (1 << KVM_X86_DIRECT_VM))) {
        error_report("kata-bm: KVM of this host has no direct guests: boot a "
                     "kernel with the Kata BM patches on a CPU with SVM");
        return -1;
    }
    return KVM_X86_DIRECT_VM;
}

static void kbm_get_isolation(Object *obj, Visitor *v, const char *name,
                              void *opaque, Error **errp)
{
    visit_type_KataBmIsolation(v, name, &KATA_BM_MACHINE(obj)->isolation, errp);
}

static void kbm_set_isolation(Object *obj, Visitor *v, const char *name,
                              void *opaque, Error **errp)
{
    visit_type_KataBmIsolation(v, name, &KATA_BM_MACHINE(obj)->isolation, errp);
}

/* The string property whose value is the field at @opaque. */
#define KBM_STRING_PROPERTY(field)                                          \
    static char *kbm_get_##field(Object *obj, Error **errp)                 \
    {                                                                       \
        return g_strdup(KATA_BM_MACHINE(obj)->field);                       \
    }                                                                       \
    static void kbm_set_##field(Object *obj, const char *value, Error **errp) \
    {                                                                       \
        g_free(KATA_BM_MACHINE(obj)->field);                                \
        KATA_BM_MACHINE(obj)->field = g_strdup(value);                      \
    }

KBM_STRING_PROPERTY(cpus)
KBM_STRING_PROPERTY(nodes)
KBM_STRING_PROPERTY(console_id)
KBM_STRING_PROPERTY(grant)
KBM_STRING_PROPERTY(channel_text)

static void kbm_get_node(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    visit_type_int32(v, name, &KATA_BM_MACHINE(obj)->node, errp);
}

static void kbm_set_node(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    visit_type_int32(v, name, &KATA_BM_MACHINE(obj)->node, errp);
}

static void kbm_get_info_version(Object *obj, Visitor *v, const char *name,
                                 void *opaque, Error **errp)
{
    visit_type_uint32(v, name, &KATA_BM_MACHINE(obj)->info_version, errp);
}

static void kbm_set_info_version(Object *obj, Visitor *v, const char *name,
                                 void *opaque, Error **errp)
{
    visit_type_uint32(v, name, &KATA_BM_MACHINE(obj)->info_version, errp);
}

static void kbm_machine_instance_init(Object *obj)
{
    KataBMMachineState *kbm = KATA_BM_MACHINE(obj);

    kbm->isolation = KATA_BM_ISOLATION_WALLED;
    kbm->node = -1;
    kbm->info_version = KBM_INFO_VERSION;
    kbm->lease.name = kbm->lease.local = -1;
    X86_MACHINE(obj)->smm = ON_OFF_AUTO_OFF;
}

static void kbm_machine_add_properties(ObjectClass *oc)
{
    object_class_property_add(oc, "isolation", "KataBmIsolation",
                              kbm_get_isolation, kbm_set_isolation, NULL, NULL);
    object_class_property_set_description(oc, "isolation",
        "walled (default): nested page tables of the guest's own memory; "
        "direct: none");
    object_class_property_add_str(oc, "cpus", kbm_get_cpus, kbm_set_cpus);
    object_class_property_set_description(oc, "cpus",
        "CPUs of the host to lend, in the guest's order, such as 2-3+5");
    object_class_property_add_str(oc, "nodes", kbm_get_nodes, kbm_set_nodes);
    object_class_property_set_description(oc, "nodes",
        "Memory from several NUMA nodes instead of -m, "
        "such as 0:256M+1:256M");
    object_class_property_add(oc, "node", "int32", kbm_get_node, kbm_set_node,
                              NULL, NULL);
    object_class_property_set_description(oc, "node",
        "NUMA node to take the memory of -m from; "
        "else that of the first CPU, or any if it has not enough");
    object_class_property_add_str(oc, "console", kbm_get_console_id,
                                  kbm_set_console_id);
    object_class_property_set_description(oc, "console",
        "Character device for the guest's kernel messages; else that of "
        "-serial");
    object_class_property_add_str(oc, "grant", kbm_get_grant, kbm_set_grant);
    object_class_property_set_description(oc, "grant",
        "all: the guest is the control BM, which reaches all memory that the "
        "host lends");
    object_class_property_add_str(oc, "channel", kbm_get_channel_text,
                                  kbm_set_channel_text);
    object_class_property_set_description(oc, "channel",
        "Memory that the control BM shares with kbm-proxyd, "
        "such as 0x1c0000000:64M");
    object_class_property_add(oc, "x-info-version", "uint32",
                              kbm_get_info_version, kbm_set_info_version,
                              NULL, NULL);
    object_class_property_set_description(oc, "x-info-version",
        "Version to write into the info page (for tests)");
}

static void kbm_machine_class_init(ObjectClass *oc, void *data)
{
    static GlobalProperty defaults[] = {
        /* The guest sees the CPU, not a hypervisor. */
        { TYPE_X86_CPU, "kvm", "off" },
        { TYPE_X86_CPU, "hypervisor", "off" },
        { TYPE_X86_CPU, "x2apic", "on" },
        { TYPE_X86_CPU, "svm", "off" },
        /* Its interrupts are NMIs, and those are how the host kicks a guest. */
        { TYPE_X86_CPU, "pmu", "off" },
    };
    MachineClass *mc = MACHINE_CLASS(oc);

    mc->desc = "direct guest on lent CPUs and lent memory (Kata BM)";
    mc->init = kbm_machine_init;
    mc->reset = kbm_machine_reset;
    mc->kvm_type = kbm_machine_kvm_type;
    mc->max_cpus = KBM_MAX_CPUS;
    mc->default_cpu_type = X86_CPU_TYPE_NAME("host");
    mc->default_ram_size = KBM_DEFAULT_RAM;
    mc->default_kernel_irqchip_split = true;
    mc->default_nic = NULL;
    mc->block_default_type = IF_NONE;
    mc->no_floppy = 1;
    mc->no_cdrom = 1;
    mc->no_parallel = 1;
    /* The lent CPUs decide. */
    mc->possible_cpu_arch_ids = NULL;
    mc->cpu_index_to_instance_props = NULL;
    mc->get_default_cpu_node_id = NULL;
    compat_props_add(mc->compat_props, defaults, G_N_ELEMENTS(defaults));
    kbm_machine_add_properties(oc);
}

static const TypeInfo kbm_machine_types[] = {
    {
        .name = TYPE_KATA_BM_MACHINE,
        .parent = TYPE_X86_MACHINE,
        .instance_size = sizeof(KataBMMachineState),
        .instance_init = kbm_machine_instance_init,
        .class_init = kbm_machine_class_init,
    },
};

DEFINE_TYPES(kbm_machine_types)
