/* SPDX-License-Identifier: MIT */
/*
 * Builder: puts the parts at their places and writes the directives. Order: required memory and
 * parameters first, then pages by address, the VP context last: loaders that merge runs of pages
 * measure them in the same order as those that do not.
 */
#include "lib/igvm_build_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/igvm.h"
#include "lib/igvm_write.h"
#include "lib/ovmf_metadata.h"

#define MASK 1u /* the one platform: SEV-SNP */
#define HIGHEST_VTL 2
#define AREA_MEMORY_MAP 0u
#define AREA_GENERAL 1u
#define FOUR_GIB 0x100000000ull
#define FIRMWARE_MAX 0x1000000u

struct build {
    const struct igvm_build_options *options;
    struct evtpm_blob svsm_file;
    struct evtpm_blob vtpm;
    struct evtpm_blob firmware;
    struct ovmf_metadata metadata;
    struct elf_image image;
    struct svsm_boot_info info;
    uint8_t *tables;
    uint8_t hashes[PAGE]; /* for info.flags & SVSM_BOOT_KERNEL_HASHES */
    struct igvm_writer writer;
};

static uint64_t page_up(uint64_t value)
{
    return (value + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

static int read_inputs(struct build *b, struct evtpm_error *err)
{
    const struct igvm_build_options *o = b->options;

    if (evtpm_file_read(o->svsm, 4 * IGVM_BUILD_MAX, &b->svsm_file, err) < 0) {
        return -1;
    }
    if (elf_image_load(&b->svsm_file, &b->image, err) < 0) {
        return evtpm_fail_prefix(err, "%s", o->svsm);
    }
    if (o->vtpm) {
        if (evtpm_file_read(o->vtpm, IGVM_BUILD_MAX, &b->vtpm, err) < 0) {
            return -1;
        }
        if (elf_check_static(&b->vtpm, err) < 0) {
            return evtpm_fail_prefix(err, "%s", o->vtpm);
        }
    }
    if (!o->firmware) {
        return 0;
    }
    if (evtpm_file_read(o->firmware, FIRMWARE_MAX, &b->firmware, err) < 0) {
        return -1;
    }
    if (b->firmware.size % PAGE != 0) {
        return evtpm_fail(err, "%s: size %zu is not whole pages", o->firmware,
                          b->firmware.size);
    }
    if (ovmf_metadata_parse(b->firmware.data, b->firmware.size, &b->metadata,
                            err) < 0) {
        return evtpm_fail_prefix(err, "%s", o->firmware);
    }
    return 0;
}

static int hash_kernel(struct build *b, struct evtpm_error *err)
{
    const struct igvm_build_options *o = b->options;

    if (!o->kernel.kernel) {
        return 0;
    }
    b->info.flags |= SVSM_BOOT_KERNEL_HASHES;
    return kernel_hashes_page(&o->kernel, &b->metadata, b->hashes, err);
}

/* Decides every address; the heap takes what is left of the region. */
static int lay_out(struct build *b, struct evtpm_error *err)
{
    const uint64_t end = SVSM_BASE + SVSM_REGION_SIZE;
    struct svsm_boot_info *info = &b->info;
    uint64_t at = b->image.base + b->image.size;

    info->magic = SVSM_BOOT_MAGIC;
    info->version = SVSM_BOOT_VERSION;
    info->guest_vmpl = b->options->guest_vmpl ? b->options->guest_vmpl : 2;
    info->policy = b->options->policy ? b->options->policy : SNP_POLICY_DEFAULT;
    info->region_base = SVSM_BASE;
    info->region_size = SVSM_REGION_SIZE;
    info->image_base = b->image.base;
    info->image_size = b->image.size;
    info->vtpm_base = at;
    info->vtpm_size = b->vtpm.size;
    at += page_up(b->vtpm.size);
    info->page_table_base = at;
    info->page_table_size = page_tables_size();
    at += info->page_table_size;
    if (at >= end) {
        return evtpm_fail(err, "program and vTPM need 0x%" PRIx64
                          " bytes, the region has 0x%llx",
                          (uint64_t)(at - SVSM_BASE), SVSM_REGION_SIZE);
    }
    info->heap_base = at;
    info->heap_size = end - at;
    if (b->firmware.size != 0) {
        info->fw_base = FOUR_GIB - b->firmware.size;
        info->fw_size = b->firmware.size;
        info->fw_entry = FOUR_GIB - 16;
        info->fw_range_count = b->metadata.count;
        memcpy(info->fw_range, b->metadata.range, sizeof(info->fw_range));
    }
    return 0;
}

static void map_pages(struct build *b, uint64_t base, uint64_t size,
                      uint8_t map)
{
    uint64_t first = (base - SVSM_BASE) / PAGE;

    memset(b->image.map + first, map, page_up(size) / PAGE);
}

static int make_tables(struct build *b, struct evtpm_error *err)
{
    const struct svsm_boot_info *info = &b->info;
    const uint8_t rw = MAP_READ | MAP_WRITE;

    map_pages(b, SVSM_BOOT_INFO_GPA, PAGE, MAP_READ);
    map_pages(b, SVSM_CPUID_GPA, PAGE, MAP_READ);
    map_pages(b, SVSM_SECRETS_GPA, PAGE, rw);
    map_pages(b, SVSM_MEMORY_MAP_GPA, PAGE, MAP_READ);
    map_pages(b, SVSM_GENERAL_PARAMS_GPA, PAGE, MAP_READ);
    map_pages(b, SVSM_GHCB_GPA, PAGE, rw | MAP_SHARED);
    map_pages(b, info->vtpm_base, info->vtpm_size, MAP_READ);
    map_pages(b, info->page_table_base, info->page_table_size, rw);
    map_pages(b, info->heap_base, info->heap_size, rw);
    b->tables = malloc(info->page_table_size);
    if (!b->tables) {
        return evtpm_fail(err, "out of memory");
    }
    page_tables_fill(b->tables, info->page_table_base, b->image.map);
    return 0;
}

static int write_platform(struct build *b, struct evtpm_error *err)
{
    const struct igvm_supported_platform platform = {
        .compatibility_mask = MASK,
        .highest_vtl = HIGHEST_VTL,
        .platform_type = IGVM_PLATFORM_SEV_SNP,
        .platform_version = 1,
    };
    const struct igvm_guest_policy policy = { .policy = b->info.policy,
                                              .compatibility_mask = MASK };
    const struct igvm_required_memory required = {
        .gpa = SVSM_BASE,
        .compatibility_mask = MASK,
        .number_of_bytes = SVSM_REGION_SIZE,
    };

    if (igvm_write_header(&b->writer, IGVM_VHT_SUPPORTED_PLATFORM, &platform,
                          sizeof(platform), err) < 0 ||
        igvm_write_header(&b->writer, IGVM_VHT_GUEST_POLICY, &policy,
                          sizeof(policy), err) < 0) {
        return -1;
    }
    return igvm_write_header(&b->writer, IGVM_VHT_REQUIRED_MEMORY, &required,
                             sizeof(required), err);
}

static int write_parameters(struct build *b, struct evtpm_error *err)
{
    static const struct {
        uint32_t type;
        struct igvm_parameter p;
    } parameters[] = {
        { IGVM_VHT_MEMORY_MAP, { AREA_MEMORY_MAP, 0 } },
        { IGVM_VHT_VP_COUNT,
          { AREA_GENERAL, offsetof(struct svsm_general_params, vp_count) } },
        { IGVM_VHT_ENVIRONMENT_INFO,
          { AREA_GENERAL, offsetof(struct svsm_general_params, environment) } },
    };
    static const uint64_t place[] = {
        [AREA_MEMORY_MAP] = SVSM_MEMORY_MAP_GPA,
        [AREA_GENERAL] = SVSM_GENERAL_PARAMS_GPA,
    };
    const uint32_t areas = sizeof(place) / sizeof(place[0]);
    const uint32_t count = sizeof(parameters) / sizeof(parameters[0]);
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < areas; i++) {
        struct igvm_parameter_area area = { .number_of_bytes = PAGE,
                                            .parameter_area_index = i };

        rc = igvm_write_header(&b->writer, IGVM_VHT_PARAMETER_AREA, &area,
                               sizeof(area), err);
    }
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        rc = igvm_write_header(&b->writer, parameters[i].type,
                               &parameters[i].p, sizeof(parameters[i].p), err);
    }
    for (uint32_t i = 0; rc == 0 && i < areas; i++) {
        struct igvm_parameter_insert insert = { .gpa = place[i],
                                                .compatibility_mask = MASK,
                                                .parameter_area_index = i };

        rc = igvm_write_header(&b->writer, IGVM_VHT_PARAMETER_INSERT, &insert,
                               sizeof(insert), err);
    }
    return rc;
}

static int write_page(struct build *b, uint64_t gpa, uint16_t type,
                      const void *data, struct evtpm_error *err)
{
    const struct igvm_page_data page = { .gpa = gpa,
                                         .compatibility_mask = MASK,
                                         .data_type = type };

    return igvm_write_page(&b->writer, page, data, err);
}

/* `size` bytes at `gpa`, the last page filled up with zeros. */
static int write_bytes(struct build *b, uint64_t gpa, const uint8_t *bytes,
                       uint64_t size, struct evtpm_error *err)
{
    for (uint64_t at = 0; at < size; at += PAGE) {
        uint64_t left = size - at < PAGE ? size - at : PAGE;
        uint8_t page[PAGE] = { 0 };

        memcpy(page, bytes + at, left);
        if (write_page(b, gpa + at, IGVM_PAGE_TYPE_NORMAL, page, err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* The program's pages; what lies between its segments is neither mapped nor launched. */
static int write_image(struct build *b, struct evtpm_error *err)
{
    for (uint64_t at = 0; at < b->image.size; at += PAGE) {
        uint64_t gpa = b->image.base + at;

        if (b->image.map[(gpa - SVSM_BASE) / PAGE] == 0) {
            continue;
        }
        if (write_page(b, gpa, IGVM_PAGE_TYPE_NORMAL, b->image.bytes + at,
                       err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* In the guest's RAM, where its firmware looks for them. */
static int write_hashes(struct build *b, struct evtpm_error *err)
{
    if (!(b->info.flags & SVSM_BOOT_KERNEL_HASHES)) {
        return 0;
    }
    return write_page(b, b->metadata.hashes_base & ~(uint64_t)(PAGE - 1),
                      IGVM_PAGE_TYPE_NORMAL, b->hashes, err);
}

static int write_pages(struct build *b, struct evtpm_error *err)
{
    const struct svsm_boot_info *info = &b->info;

    if (write_hashes(b, err) < 0 || write_bytes(b, info->fw_base, b->firmware.data, b->firmware.size,
                    err) < 0 ||
        write_page(b, SVSM_BOOT_INFO_GPA, IGVM_PAGE_TYPE_NORMAL, info, err) <
            0 ||
        write_page(b, SVSM_CPUID_GPA, IGVM_PAGE_TYPE_CPUID_DATA, NULL, err) <
            0 ||
        write_page(b, SVSM_SECRETS_GPA, IGVM_PAGE_TYPE_SECRETS, NULL, err) <
            0 ||
        write_image(b, err) < 0 ||
        write_bytes(b, info->vtpm_base, b->vtpm.data, b->vtpm.size, err) < 0) {
        return -1;
    }
    return write_bytes(b, info->page_table_base, b->tables,
                       info->page_table_size, err);
}

static int write_vp(struct build *b, struct evtpm_error *err)
{
    const struct igvm_vp_context vp = { .gpa = SNP_INITIAL_VMSA_GPA,
                                        .compatibility_mask = MASK };
    uint64_t features = b->options->sev_features;
    struct vmsa vmsa;

    boot_vmsa_fill(&vmsa, b->image.entry, b->info.page_table_base | SNP_CBIT,
                   features ? features : SEV_FEATURE_SNP_ACTIVE);
    return igvm_write_vp_context(&b->writer, vp, &vmsa, err);
}

static int check_options(const struct igvm_build_options *o,
                         struct evtpm_error *err)
{
    if (o->policy != 0 && (!(o->policy & SNP_POLICY_RSVD_MBO) ||
                           (o->policy & ~SNP_POLICY_VALID_MASK) != 0)) {
        return evtpm_fail(err, "policy 0x%" PRIx64 " is not valid: bit 17 must "
                          "be one, bits 26 and up zero", o->policy);
    }
    if (o->guest_vmpl >= SNP_VMPL_COUNT) {
        return evtpm_fail(err, "guest VMPL %" PRIu32 " does not exist",
                          o->guest_vmpl);
    }
    if (o->sev_features != 0 && !(o->sev_features & SEV_FEATURE_SNP_ACTIVE)) {
        return evtpm_fail(err, "SEV features 0x%" PRIx64 " lack SNP",
                          o->sev_features);
    }
    if (o->no_svsm && (o->svsm || o->vtpm || o->guest_vmpl || !o->firmware)) {
        return evtpm_fail(err, "a file without SVSM is of firmware alone");
    }
    if (o->kernel.kernel && !o->firmware) {
        return evtpm_fail(err, "kernel hashes are for the firmware, which is "
                          "left out");
    }
    return 0;
}

static int build_svsm(struct build *b, struct evtpm_blob *out,
                      struct evtpm_error *err)
{
    if (read_inputs(b, err) < 0 || hash_kernel(b, err) < 0 ||
        lay_out(b, err) < 0 || make_tables(b, err) < 0 ||
        write_platform(b, err) < 0 || write_parameters(b, err) < 0 ||
        igvm_write_id(&b->writer, b->options->id, err) < 0 ||
        write_pages(b, err) < 0 || write_vp(b, err) < 0) {
        return -1;
    }
    return igvm_writer_finish(&b->writer, out, err);
}

static int run(struct build *b, struct evtpm_blob *out,
               struct evtpm_error *err)
{
    struct igvm_file check;

    if (check_options(b->options, err) < 0 ||
        (b->options->no_svsm ? igvm_build_plain(b->options, out, err)
                             : build_svsm(b, out, err)) < 0) {
        return -1;
    }
    if (out->size >= IGVM_BUILD_MAX) {
        return evtpm_fail(err, "the IGVM file would have %zu bytes; "
                          "it must stay below 16 MiB", out->size);
    }
    if (igvm_open(out->data, out->size, &check, err) < 0) {
        return -1;
    }
    return igvm_check_id(b->options, &check, err);
}

int igvm_build(const struct igvm_build_options *options,
               struct evtpm_blob *out, struct evtpm_error *err)
{
    struct build *b = calloc(1, sizeof(*b));
    int rc;

    evtpm_blob_clear(out);
    if (!b) {
        return evtpm_fail(err, "out of memory");
    }
    b->options = options;
    rc = run(b, out, err);
    if (rc < 0) {
        evtpm_blob_clear(out);
    }
    igvm_writer_clear(&b->writer);
    evtpm_blob_clear(&b->svsm_file);
    evtpm_blob_clear(&b->vtpm);
    evtpm_blob_clear(&b->firmware);
    free(b->image.bytes);
    free(b->tables);
    free(b);
    return rc;
}

int igvm_build_file(const struct igvm_build_options *options, const char *path,
                    struct evtpm_error *err)
{
    struct evtpm_blob blob = { 0 };
    int rc = igvm_build(options, &blob, err);

    if (rc == 0) {
        rc = evtpm_file_write(path, blob.data, blob.size, 0666, err);
    }
    evtpm_blob_clear(&blob);
    return rc;
}
