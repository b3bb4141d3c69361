/*
 * Kata BM: a Linux bzImage
 *
 * Offsets and names are those of Linux's Documentation/arch/x86/boot.rst.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "qapi/error.h"
#include "linux-image.h"

#define HDR_SETUP_SECTS         0x1f1
#define HDR_SYSSIZE             0x1f4
#define HDR_BOOT_FLAG           0x1fe
#define HDR_JUMP                0x200
#define HDR_MAGIC               0x202
#define HDR_VERSION             0x206
#define HDR_LOADFLAGS           0x211
#define HDR_KERNEL_ALIGNMENT    0x230
#define HDR_RELOCATABLE         0x234
#define HDR_XLOADFLAGS          0x236
#define HDR_CMDLINE_SIZE        0x238
#define HDR_INIT_SIZE           0x260
#define HDR_END_2_12            0x268   /* the least header with all of these */
#define HDR_END_MAX             0x290   /* the room for it in boot_params */

#define BOOT_FLAG               0xaa55
#define BOOT_MAGIC              0x53726448      /* "HdrS" */
#define BOOT_VERSION_MIN        0x020c
#define LOADED_HIGH             (1 << 0)
#define XLF_KERNEL_64           (1 << 0)
#define XLF_ABOVE_4G            (1 << 1)
#define ALIGNMENT_MAX           (1ull << 30)

#define SECTOR                  512
#define PARAGRAPH               16

static bool kbm_linux_check_magic(const char *name, const uint8_t *data,
                                  size_t size, Error **errp)
{
    if (size < HDR_END_2_12) {
        error_setg(errp, "kata-bm: kernel image %s is truncated: it has %zu "
                   "bytes, less than the header of a bzImage", name, size);
        return false;
    }
    if (lduw_le_p(data + HDR_BOOT_FLAG) != BOOT_FLAG ||
        ldl_le_p(data + HDR_MAGIC) != BOOT_MAGIC) {
        error_setg(errp, "kata-bm: %s is not a Linux bzImage", name);
        return false;
    }
    if (lduw_le_p(data + HDR_VERSION) < BOOT_VERSION_MIN) {
        error_setg(errp, "kata-bm: kernel image %s has boot protocol 0x%04x, "
                   "at least 0x%04x is needed (Linux 3.8)", name,
                   lduw_le_p(data + HDR_VERSION), BOOT_VERSION_MIN);
        return false;
    }
    return true;
}

static bool kbm_linux_check_abilities(const char *name, const uint8_t *data,
                                      Error **errp)
{
    uint16_t flags = lduw_le_p(data + HDR_XLOADFLAGS);
    const char *lack = NULL;

    if (!(flags & XLF_KERNEL_64)) {
        lack = "has no 64-bit entry point: build it with CONFIG_64BIT";
    } else if (!(flags & XLF_ABOVE_4G) || !data[HDR_RELOCATABLE]) {
        lack = "cannot be loaded above 4 GiB: build it with CONFIG_RELOCATABLE";
    } else if (!(data[HDR_LOADFLAGS] & LOADED_HIGH)) {
        lack = "is a zImage, not a bzImage";
    }
    if (lack) {
        error_setg(errp, "kata-bm: kernel image %s %s", name, lack);
    }
    return !lack;
}

static bool kbm_linux_parse_header(KBMLinuxImage *image, const char *name,
                                   const uint8_t *data, Error **errp)
{
    size_t end = HDR_MAGIC + data[HDR_JUMP + 1];

    image->header = data + KBM_BP_HEADER;
    image->header_bytes = MIN(end, HDR_END_MAX) - KBM_BP_HEADER;
    image->alignment = ldl_le_p(data + HDR_KERNEL_ALIGNMENT);
    image->kernel_memory = ldl_le_p(data + HDR_INIT_SIZE);
    image->cmdline_max = ldl_le_p(data + HDR_CMDLINE_SIZE);
    if (end < HDR_END_2_12 || !is_power_of_2(image->alignment) ||
        image->alignment > ALIGNMENT_MAX ||
        image->kernel_memory < image->kernel_bytes || !image->cmdline_max) {
        error_setg(errp, "kata-bm: the header of kernel image %s is damaged",
                   name);
        return false;
    }
    return true;
}

bool kbm_linux_image_parse(KBMLinuxImage *image, const char *name,
                           const uint8_t *data, size_t size, Error **errp)
{
    size_t setup, kernel;

    if (!kbm_linux_check_magic(name, data, size, errp) ||
        !kbm_linux_check_abilities(name, data, errp)) {
        return false;
    }
    /* Zero means four, since the oldest kernels. */
    setup = ((data[HDR_SETUP_SECTS] ?: 4) + 1) * SECTOR;
    kernel = (size_t)ldl_le_p(data + HDR_SYSSIZE) * PARAGRAPH;
    if (size < setup + kernel || kernel <= KBM_ENTRY_64) {
        error_setg(errp, "kata-bm: kernel image %s is truncated: it has %zu "
                   "bytes, its header says %zu", name, size, setup + kernel);
        return false;
    }
    image->kernel = data + setup;
    image->kernel_bytes = kernel;
    return kbm_linux_parse_header(image, name, data, errp);
}

bool kbm_linux_image_open(KBMLinuxImage *image, const char *name, Error **errp)
{
    g_autoptr(GError) error = NULL;

    image->file = g_mapped_file_new(name, FALSE, &error);
    if (!image->file) {
        error_setg(errp, "kata-bm: cannot read kernel image %s: %s", name,
                   error->message);
        return false;
    }
    return kbm_linux_image_parse(image, name,
        (const uint8_t *)g_mapped_file_get_contents(image->file),
        g_mapped_file_get_length(image->file), errp);
}

void kbm_linux_image_close(KBMLinuxImage *image)
{
    g_clear_pointer(&image->file, g_mapped_file_unref);
}
