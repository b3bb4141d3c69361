/*
 * Kata BM: a Linux bzImage
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KATA_BM_LINUX_IMAGE_H
#define KATA_BM_LINUX_IMAGE_H

#define KBM_BOOT_PARAMS_SIZE    4096

/* Offsets in struct boot_params of the fields that a loader writes. */
#define KBM_BP_EXT_RAMDISK_IMAGE    0x0c0
#define KBM_BP_EXT_RAMDISK_SIZE     0x0c4
#define KBM_BP_EXT_CMD_LINE_PTR     0x0c8
#define KBM_BP_E820_ENTRIES         0x1e8
#define KBM_BP_HEADER               0x1f1
#define KBM_BP_VID_MODE             0x1fa
#define KBM_BP_TYPE_OF_LOADER       0x210
#define KBM_BP_RAMDISK_IMAGE        0x218
#define KBM_BP_RAMDISK_SIZE         0x21c
#define KBM_BP_CMD_LINE_PTR         0x228
#define KBM_BP_SETUP_DATA           0x250
#define KBM_BP_E820_TABLE           0x2d0

/* The 64-bit entry point, from where the kernel was loaded. */
#define KBM_ENTRY_64                0x200

typedef struct KBMLinuxImage {
    GMappedFile *file;
    const uint8_t *header;      /* the setup header, */
    size_t header_bytes;        /* which goes to KBM_BP_HEADER */
    const uint8_t *kernel;      /* what to load, */
    size_t kernel_bytes;
    uint64_t kernel_memory;     /* what it needs from there on at its boot */
    uint64_t alignment;
    uint32_t cmdline_max;       /* characters */
} KBMLinuxImage;

/*
 * Checks @size bytes at @data, a kernel that was read from @name, and fills
 * @image; it keeps pointers into @data.
 */
bool kbm_linux_image_parse(KBMLinuxImage *image, const char *name,
                           const uint8_t *data, size_t size, Error **errp);

bool kbm_linux_image_open(KBMLinuxImage *image, const char *name,
                          Error **errp);
void kbm_linux_image_close(KBMLinuxImage *image);

#endif /* KATA_BM_LINUX_IMAGE_H */
