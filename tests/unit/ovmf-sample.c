/* SPDX-License-Identifier: MIT */
/* A small OVMF image. */
#include "tests/unit/ovmf-sample.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "lib/file.h"

#define PAGE 4096

void ovmf_sample_firmware(struct plain_firmware *fw)
{
    static const struct svsm_fw_range range[] = {
        { 0x800000, 0x9000, OVMF_SEC_MEM },
        { 0x80a000, 0x3000, OVMF_SEC_MEM },
        { 0x80d000, 0x1000, OVMF_SECRETS },
        { 0x80e000, 0x1000, OVMF_CPUID },
        { 0x80f000, 0x1000, OVMF_SVSM_CAA },
        { 0x810000, 0x1000, OVMF_KERNEL_HASHES },
        { 0x811000, 0xf000, OVMF_SEC_MEM },
    };

    memset(fw, 0, sizeof(*fw));
    memcpy(fw->metadata.range, range, sizeof(range));
    fw->metadata.count = G_N_ELEMENTS(range);
    fw->metadata.ap_reset = 0x80b004;
    fw->metadata.hashes_base = 0x810c00;
    fw->metadata.hashes_size = 0x400;
}

/* An image with a table of three entries and metadata of
 * `ovmf_sample_firmware`. */
static void make_image(uint8_t image[OVMF_SAMPLE_PAGES * PAGE])
{
    static const uint8_t
        table[] = {
            0x00, 0x04, 0x00, 0x00, 22,   0, /* metadata: 1 KiB from the end */
            0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47, 0xa7,
            0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc, 0x00, 0x0c,
            0x81, 0x00, 0x00, 0x04, 0x00, 0x00, 26,   0, /* hashes */
            0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b, 0x92,
            0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54, 0x04, 0xb0,
            0x80, 0x00, 22,   0, /* reset block */
            0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f, 0x89,
            0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e, 88,   0, /* the list */
            0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45, 0xba,
            0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d,
        };
    uint8_t *end = image + OVMF_SAMPLE_PAGES * PAGE;
    struct plain_firmware fw;
    uint32_t header[4] = { 0x56455341, 0, 1, 0 };

    ovmf_sample_firmware(&fw);
    memset(image, 0x5a, OVMF_SAMPLE_PAGES * PAGE);
    memcpy(end - 32 - sizeof(table), table, sizeof(table));
    header[1] = (uint32_t)sizeof(header) + 12 * fw.metadata.count;
    header[3] = fw.metadata.count;
    memcpy(end - 1024, header, sizeof(header));
    for (uint32_t i = 0; i < fw.metadata.count; i++) {
        const struct svsm_fw_range *r = &fw.metadata.range[i];
        const uint32_t section[3] = { (uint32_t)r->base, r->size, r->type };

        memcpy(end - 1024 + sizeof(header) + 12 * i, section, sizeof(section));
    }
}

char *ovmf_sample_file(void)
{
    g_autofree char *dir = g_dir_make_tmp("test-plain-XXXXXX", NULL);
    char *path = g_build_filename(dir, "OVMF.fd", NULL);
    uint8_t image[OVMF_SAMPLE_PAGES * PAGE];
    struct evtpm_error err = { "" };

    make_image(image);
    g_assert_cmpint(evtpm_file_write(path, image, sizeof(image), 0600, &err),
                    ==, 0);
    return path;
}

void ovmf_sample_remove(char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);

    g_unlink(path);
    g_rmdir(dir);
    g_free(path);
}
