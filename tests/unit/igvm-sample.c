/* SPDX-License-Identifier: MIT */
/* The IGVM file that the tests and the fuzzer start from. */
#include "tests/unit/igvm-sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evtpm/igvm.h"
#include "evtpm/snp.h"
#include "evtpm/vmsa.h"
#include "lib/igvm.h"
#include "lib/igvm_write.h"

static void must(int rc, const struct evtpm_error *err)
{
    if (rc < 0) {
        fprintf(stderr, "igvm-sample: %s\n", err->text);
        abort();
    }
}

void igvm_sample_page(uint8_t page[4096])
{
    for (unsigned int i = 0; i < 4096; i++) {
        page[i] = (uint8_t)(i * 7 + 3);
    }
}

#define HEADER(w, type, ...)                                        \
    do {                                                            \
        const __typeof__(__VA_ARGS__) content_ = __VA_ARGS__;       \
        must(igvm_write_header(w, type, &content_, sizeof(content_), \
                               &err), &err);                        \
    } while (0)

static void add_first(struct igvm_writer *w)
{
    struct evtpm_error err;

    HEADER(w, IGVM_VHT_SUPPORTED_PLATFORM, (struct igvm_supported_platform){
        .compatibility_mask = SAMPLE_SNP, .highest_vtl = 2,
        .platform_type = IGVM_PLATFORM_SEV_SNP, .platform_version = 1 });
    HEADER(w, IGVM_VHT_SUPPORTED_PLATFORM, (struct igvm_supported_platform){
        .compatibility_mask = SAMPLE_NATIVE,
        .platform_type = IGVM_PLATFORM_NATIVE, .platform_version = 1 });
    HEADER(w, IGVM_VHT_GUEST_POLICY, (struct igvm_guest_policy){
        .policy = SNP_POLICY_DEFAULT, .compatibility_mask = SAMPLE_SNP });
    HEADER(w, IGVM_VHT_REQUIRED_MEMORY, (struct igvm_required_memory){
        .gpa = 0x100000, .compatibility_mask = SAMPLE_SNP | SAMPLE_NATIVE,
        .number_of_bytes = 0x20000 });
}

static void add_parameters(struct igvm_writer *w)
{
    struct evtpm_error err;

    HEADER(w, IGVM_VHT_PARAMETER_AREA, (struct igvm_parameter_area){
        .number_of_bytes = 8192, .parameter_area_index = 0 });
    HEADER(w, IGVM_VHT_PARAMETER_AREA, (struct igvm_parameter_area){
        .number_of_bytes = 4096, .parameter_area_index = 7 });
    HEADER(w, IGVM_VHT_MEMORY_MAP, (struct igvm_parameter){ 0, 0 });
    HEADER(w, IGVM_VHT_VP_COUNT, (struct igvm_parameter){ 7, 0 });
    HEADER(w, IGVM_VHT_ENVIRONMENT_INFO, (struct igvm_parameter){ 7, 4 });
    HEADER(w, IGVM_VHT_COMMAND_LINE, (struct igvm_parameter){ 7, 64 });
    HEADER(w, IGVM_VHT_PARAMETER_INSERT, (struct igvm_parameter_insert){
        .gpa = SAMPLE_AREA_GPA, .compatibility_mask = SAMPLE_SNP,
        .parameter_area_index = 0 });
    /* An optional header of unknown type: readers pass over it. */
    must(igvm_write_header(w, IGVM_VHT_OPTIONAL | 0x3f0, "what", 5, &err),
         &err);
}

static void add_page(struct igvm_writer *w, uint64_t gpa, uint32_t flags,
                     uint16_t type, const void *data)
{
    struct evtpm_error err;
    const struct igvm_page_data page = { .gpa = gpa,
                                         .compatibility_mask = SAMPLE_SNP,
                                         .flags = flags,
                                         .data_type = type };

    must(igvm_write_page(w, page, data, &err), &err);
}

static void add_pages(struct igvm_writer *w)
{
    uint8_t page[4096];

    igvm_sample_page(page);
    add_page(w, SAMPLE_NORMAL_GPA, 0, IGVM_PAGE_TYPE_NORMAL, page);
    add_page(w, SAMPLE_ZERO_GPA, 0, IGVM_PAGE_TYPE_NORMAL, NULL);
    add_page(w, SAMPLE_UNMEASURED_GPA, IGVM_PAGE_DATA_UNMEASURED,
             IGVM_PAGE_TYPE_NORMAL, page);
    add_page(w, SAMPLE_SECRETS_GPA, 0, IGVM_PAGE_TYPE_SECRETS, NULL);
    add_page(w, SAMPLE_CPUID_GPA, 0, IGVM_PAGE_TYPE_CPUID_DATA, NULL);
    add_page(w, SAMPLE_SHARED_GPA, IGVM_PAGE_DATA_SHARED,
             IGVM_PAGE_TYPE_NORMAL, page);
    add_page(w, SAMPLE_LARGE_GPA, IGVM_PAGE_DATA_2MB, IGVM_PAGE_TYPE_NORMAL,
             NULL);
}

static void add_last(struct igvm_writer *w)
{
    const struct igvm_vp_context vp = { .gpa = SNP_INITIAL_VMSA_GPA,
                                        .compatibility_mask = SAMPLE_SNP };
    struct igvm_snp_id_block id = { .compatibility_mask = SAMPLE_SNP,
                                    .version = 1, .guest_svn = 5 };
    struct vmsa vmsa = { .efer = VMSA_EFER_SVME, .rip = 0x100000 };
    struct evtpm_error err;

    HEADER(w, IGVM_VHT_ERROR_RANGE, (struct igvm_error_range){
        .gpa = 0x106000, .compatibility_mask = SAMPLE_SNP,
        .size_bytes = 4096 });
    must(igvm_write_header(w, IGVM_VHT_SNP_ID_BLOCK, &id, sizeof(id), &err),
         &err);
    must(igvm_write_vp_context(w, vp, &vmsa, &err), &err);
}

void igvm_sample(struct evtpm_blob *file)
{
    struct igvm_writer w = { 0 };
    struct evtpm_error err;

    add_first(&w);
    add_parameters(&w);
    add_pages(&w);
    add_last(&w);
    must(igvm_writer_finish(&w, file, &err), &err);
    igvm_writer_clear(&w);
}

size_t igvm_sample_find(const struct evtpm_blob *file, uint32_t type)
{
    size_t at = sizeof(struct igvm_fixed_header);

    if (type == 0) {
        return 0;
    }
    for (;;) {
        struct igvm_vhs vhs;

        if (at + sizeof(vhs) > file->size) {
            abort();
        }
        memcpy(&vhs, file->data + at, sizeof(vhs));
        if (vhs.type == type) {
            return at + sizeof(vhs);
        }
        at += sizeof(vhs) + ((vhs.length + 7) & ~7u);
    }
}

void igvm_sample_checksum(struct evtpm_blob *file)
{
    const size_t where = offsetof(struct igvm_fixed_header, checksum);
    struct igvm_fixed_header h;
    uint32_t sum;

    memset(file->data + where, 0, sizeof(sum));
    memcpy(&h, file->data, sizeof(h));
    sum = igvm_crc32(0, file->data, sizeof(h));
    if (h.variable_header_offset <= file->size &&
        h.variable_header_size <= file->size - h.variable_header_offset) {
        sum = igvm_crc32(sum, file->data + h.variable_header_offset,
                         h.variable_header_size);
    }
    memcpy(file->data + where, &sum, sizeof(sum));
}
