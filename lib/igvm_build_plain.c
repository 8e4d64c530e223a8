/* SPDX-License-Identifier: MIT */
/*
 * Builder of files without an SVSM: stock OVMF at VMPL0. The firmware's pages, what its SEV metadata
 * asks for in the metadata's order, and the boot vCPU at its reset vector; APs are the firmware's.
 */
#include "lib/igvm_build_internal.h"

#include "lib/igvm_write.h"
#include "lib/plain_launch.h"

#define MASK 1u
#define FOUR_GIB 0x100000000ull

static int write_page(struct igvm_writer *w, uint64_t gpa, uint16_t type,
                      const void *data, struct evtpm_error *err)
{
    const struct igvm_page_data page = { .gpa = gpa,
                                         .compatibility_mask = MASK,
                                         .data_type = type };

    return igvm_write_page(w, page, data, err);
}

static int write_head(struct igvm_writer *w, uint64_t guest_policy,
                      struct evtpm_error *err)
{
    const struct igvm_supported_platform platform = {
        .compatibility_mask = MASK,
        .platform_type = IGVM_PLATFORM_SEV_SNP,
        .platform_version = 1,
    };
    const struct igvm_guest_policy policy = { .policy = guest_policy,
                                              .compatibility_mask = MASK };

    if (igvm_write_header(w, IGVM_VHT_SUPPORTED_PLATFORM, &platform,
                          sizeof(platform), err) < 0) {
        return -1;
    }
    return igvm_write_header(w, IGVM_VHT_GUEST_POLICY, &policy, sizeof(policy),
                             err);
}

static int write_image(struct igvm_writer *w, const struct evtpm_blob *image,
                       struct evtpm_error *err)
{
    uint64_t base = FOUR_GIB - image->size;

    for (uint64_t at = 0; at < image->size; at += PAGE) {
        if (write_page(w, base + at, IGVM_PAGE_TYPE_NORMAL, image->data + at,
                       err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int write_section(struct igvm_writer *w, const struct plain_firmware *fw,
                         const struct svsm_fw_range *range,
                         struct evtpm_error *err)
{
    bool hashes = fw->hashes && range->type == OVMF_KERNEL_HASHES;
    uint16_t type = IGVM_PAGE_TYPE_NORMAL;

    if (range->type == OVMF_SECRETS) {
        type = IGVM_PAGE_TYPE_SECRETS;
    } else if (range->type == OVMF_CPUID) {
        type = IGVM_PAGE_TYPE_CPUID_DATA;
    }
    for (uint64_t at = 0; at < range->size; at += PAGE) {
        if (write_page(w, range->base + at, type,
                       hashes ? fw->hashes_page : NULL, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int write_vp(struct igvm_writer *w, uint64_t features,
                    struct evtpm_error *err)
{
    const struct igvm_vp_context vp = { .gpa = SNP_INITIAL_VMSA_GPA,
                                        .compatibility_mask = MASK };
    struct vmsa vmsa;

    plain_vmsa_fill(&vmsa, RESET_VECTOR, CPU_SIGNATURE_EPYC_V4, features);
    return igvm_write_vp_context(w, vp, &vmsa, err);
}

static int write_all(struct igvm_writer *w, const struct plain_firmware *fw,
                     const struct igvm_build_options *o,
                     struct evtpm_error *err)
{
    uint64_t policy = o->policy ? o->policy : SNP_POLICY_DEFAULT;
    uint64_t features = o->sev_features ? o->sev_features
                                        : SEV_FEATURE_SNP_ACTIVE;

    if (write_head(w, policy, err) < 0 || igvm_write_id(w, o->id, err) < 0 ||
        write_image(w, &fw->image, err) < 0) {
        return -1;
    }
    for (uint32_t i = 0; i < fw->metadata.count; i++) {
        if (write_section(w, fw, &fw->metadata.range[i], err) < 0) {
            return -1;
        }
    }
    return write_vp(w, features, err);
}

int igvm_build_plain(const struct igvm_build_options *options,
                     struct evtpm_blob *out, struct evtpm_error *err)
{
    struct igvm_writer writer = { 0 };
    struct plain_firmware fw;
    int rc = plain_firmware_load(&fw, options->firmware, &options->kernel, err);

    if (rc == 0) {
        rc = write_all(&writer, &fw, options, err);
    }
    if (rc == 0) {
        rc = igvm_writer_finish(&writer, out, err);
    }
    igvm_writer_clear(&writer);
    plain_firmware_clear(&fw);
    return rc;
}
