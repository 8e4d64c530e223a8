/* SPDX-License-Identifier: MIT */
/* Reads an IGVM file header by header and writes it again; hooks change pages and add headers. */
#include "tests/guest/igvm-edit.h"

#include <inttypes.h>
#include <string.h>

#include "evtpm/svsm_boot.h"
#include "lib/igvm.h"
#include "lib/igvm_internal.h"
#include "lib/igvm_write.h"
#include "lib/ovmf_metadata.h"
#include "tests/guest/params.h"

#define FOUR_GIB 0x100000000ull
#define FIRMWARE_MAX 0x1000000u
#define FIRST_AREA 0x100u

struct edit {
    struct igvm_file file;
    struct igvm_writer writer;
    const struct evtpm_blob *firmware; /* NULL: stays */
    uint32_t mask;                     /* of SEV-SNP */
};

/* The part of the new firmware that belongs to `gpa`; NULL below it. */
static const uint8_t *firmware_page(const struct edit *e, uint64_t gpa)
{
    uint64_t start = FOUR_GIB - e->firmware->size;

    return gpa >= start ? e->firmware->data + (gpa - start) : NULL;
}

static bool is_firmware(const struct edit *e, const struct igvm_header *h)
{
    const struct igvm_page_data *p = &h->u.page;

    return h->type == IGVM_VHT_PAGE_DATA &&
           (h->compatibility_mask & e->mask) &&
           p->data_type == IGVM_PAGE_TYPE_NORMAL && p->flags == 0 &&
           p->gpa >= FOUR_GIB - FIRMWARE_MAX && p->gpa < FOUR_GIB;
}

static int copy_page(struct edit *e, const struct igvm_header *h,
                     struct evtpm_error *err)
{
    uint8_t page[IGVM_PAGE_SIZE] = { 0 };

    if (h->data_size > sizeof(page)) {
        return igvm_fail(err, h, "2 MiB pages with contents cannot be copied");
    }
    if (e->firmware && is_firmware(e, h)) {
        return igvm_write_page(&e->writer, h->u.page,
                               firmware_page(e, h->u.page.gpa), err);
    }
    if (h->data) {
        memcpy(page, h->data, h->data_size);
    }
    return igvm_write_page(&e->writer, h->u.page, page, err);
}

static int copy_vp(struct edit *e, const struct igvm_header *h,
                   struct evtpm_error *err)
{
    uint8_t page[IGVM_PAGE_SIZE] = { 0 };

    memcpy(page, h->data, h->data_size);
    return igvm_write_vp_context(&e->writer, h->u.vp, page, err);
}

static int copy_header(struct edit *e, const struct igvm_header *h,
                       struct evtpm_error *err)
{
    switch (h->type) {
    case IGVM_VHT_PAGE_DATA:
        return copy_page(e, h, err);
    case IGVM_VHT_VP_CONTEXT:
        return copy_vp(e, h, err);
    default:
        if (h->data) {
            return igvm_fail(err, h, "its file data cannot be copied");
        }
        return igvm_write_header(&e->writer, h->type, &h->u,
                                 igvm_rule(h->type)->length, err);
    }
}

static int add_parameters(struct edit *e, struct evtpm_error *err)
{
    static const uint32_t types[EDIT_PARAMETER_COUNT] = {
        [EDIT_MADT] = IGVM_VHT_MADT,
        [EDIT_MMIO_RANGES] = IGVM_VHT_MMIO_RANGES,
        [EDIT_COMMAND_LINE] = IGVM_VHT_COMMAND_LINE,
        [EDIT_SRAT] = IGVM_VHT_SRAT,
        [EDIT_SLIT] = IGVM_VHT_SLIT,
        [EDIT_PPTT] = IGVM_VHT_PPTT,
        [EDIT_DEVICE_TREE] = IGVM_VHT_DEVICE_TREE,
    };
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < EDIT_PARAMETER_COUNT; i++) {
        const struct igvm_parameter_area area = { IGVM_PAGE_SIZE,
                                                  FIRST_AREA + i, 0 };
        const struct igvm_parameter p = { FIRST_AREA + i,
                                          EDIT_PARAMETER_OFFSET };
        const struct igvm_parameter_insert insert = {
            EDIT_PARAMETERS + i * IGVM_PAGE_SIZE, e->mask, FIRST_AREA + i
        };

        rc = igvm_write_header(&e->writer, IGVM_VHT_PARAMETER_AREA, &area,
                               sizeof(area), err);
        rc = rc ? rc : igvm_write_header(&e->writer, types[i], &p, sizeof(p),
                                         err);
        rc = rc ? rc : igvm_write_header(&e->writer, IGVM_VHT_PARAMETER_INSERT,
                                         &insert, sizeof(insert), err);
    }
    return rc;
}

static int copy_file(struct edit *e, bool parameters, struct evtpm_blob *out,
                     struct evtpm_error *err)
{
    struct igvm_header h;
    struct igvm_iter it;

    igvm_iter_init(&it, &e->file, ~0u);
    while (igvm_next(&it, &h)) {
        /* before the first page: loaders that merge pages do so undisturbed */
        if (parameters && h.type == IGVM_VHT_PAGE_DATA) {
            parameters = false;
            if (add_parameters(e, err) < 0) {
                return -1;
            }
        }
        if (copy_header(e, &h, err) < 0) {
            return -1;
        }
    }
    return igvm_writer_finish(&e->writer, out, err);
}

/* The old firmware as one image; its size is how far pages reach down from 4 GiB without a gap. */
static int old_firmware(const struct edit *e, uint8_t *image, uint64_t *size,
                        struct evtpm_error *err)
{
    static bool present[FIRMWARE_MAX / IGVM_PAGE_SIZE];
    uint64_t base = FOUR_GIB - FIRMWARE_MAX, n = 0;
    struct igvm_header h;
    struct igvm_iter it;

    memset(present, 0, sizeof(present));
    memset(image, 0, FIRMWARE_MAX);
    igvm_iter_init(&it, &e->file, e->mask);
    while (igvm_next(&it, &h)) {
        if (is_firmware(e, &h)) {
            present[(h.u.page.gpa - base) / IGVM_PAGE_SIZE] = true;
            if (h.data) {
                memcpy(image + (h.u.page.gpa - base), h.data, h.data_size);
            }
        }
    }
    while (n < FIRMWARE_MAX / IGVM_PAGE_SIZE &&
           present[FIRMWARE_MAX / IGVM_PAGE_SIZE - 1 - n]) {
        n++;
    }
    *size = n * IGVM_PAGE_SIZE;
    if (e->firmware->size > *size) {
        return evtpm_fail(err, "the file's firmware has %" PRIu64
                          " bytes below 4 GiB, the new one needs %zu",
                          *size, e->firmware->size);
    }
    return 0;
}

static bool has_range(const struct ovmf_metadata *m,
                      const struct svsm_fw_range *want)
{
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->range[i].type == want->type && m->range[i].base <= want->base &&
            want->base + want->size <= m->range[i].base + m->range[i].size) {
            return true;
        }
    }
    return false;
}

static int check_firmware(const struct edit *e, struct evtpm_error *err)
{
    static uint8_t image[FIRMWARE_MAX];
    struct ovmf_metadata have, want;
    uint64_t size;

    if (old_firmware(e, image, &size, err) < 0) {
        return -1;
    }
    if (ovmf_metadata_parse(image + FIRMWARE_MAX - size, size, &have, err) <
        0) {
        return evtpm_fail_prefix(err, "firmware in the file");
    }
    if (ovmf_metadata_parse(e->firmware->data, e->firmware->size, &want, err) <
        0) {
        return evtpm_fail_prefix(err, "new firmware");
    }
    for (uint32_t i = 0; i < want.count; i++) {
        if (!has_range(&have, &want.range[i])) {
            return evtpm_fail(err, "the file's firmware has no range of type "
                              "%" PRIu32 " at 0x%" PRIx64,
                              (uint32_t)want.range[i].type,
                              (uint64_t)want.range[i].base);
        }
    }
    return 0;
}

static int edit(const struct evtpm_blob *in, const struct evtpm_blob *firmware,
                bool parameters, struct evtpm_blob *out,
                struct evtpm_error *err)
{
    struct edit e = { .firmware = firmware };
    int rc;

    if (igvm_open(in->data, in->size, &e.file, err) < 0) {
        return -1;
    }
    e.mask = igvm_platform_mask(&e.file, IGVM_PLATFORM_SEV_SNP);
    if (e.mask == 0) {
        return evtpm_fail(err, "the file is not for SEV-SNP");
    }
    rc = firmware ? check_firmware(&e, err) : 0;
    rc = rc ? rc : copy_file(&e, parameters, out, err);
    igvm_writer_clear(&e.writer);
    return rc;
}

int igvm_edit_firmware(const struct evtpm_blob *in,
                       const struct evtpm_blob *firmware,
                       struct evtpm_blob *out, struct evtpm_error *err)
{
    return edit(in, firmware, false, out, err);
}

int igvm_edit_parameters(const struct evtpm_blob *in, struct evtpm_blob *out,
                         struct evtpm_error *err)
{
    return edit(in, NULL, true, out, err);
}
