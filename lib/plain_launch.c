/* SPDX-License-Identifier: MIT */
/* Plain SEV-SNP guests: reset state of their vCPUs and launch digest. */
#include "lib/plain_launch.h"

#include <string.h>

#include "lib/file.h"

#define FIRMWARE_MAX 0x1000000u
#define FOUR_GIB 0x100000000ull

int plain_firmware_load(struct plain_firmware *fw, const char *path,
                        const struct kernel_files *files,
                        struct evtpm_error *err)
{
    memset(fw, 0, sizeof(*fw));
    if (evtpm_file_read(path, FIRMWARE_MAX, &fw->image, err) < 0) {
        return -1;
    }
    if (fw->image.size % SNP_PAGE_SIZE != 0) {
        return evtpm_fail(err, "%s: size %zu is not whole pages", path,
                          fw->image.size);
    }
    if (ovmf_metadata_parse(fw->image.data, fw->image.size, &fw->metadata,
                            err) < 0) {
        return evtpm_fail_prefix(err, "%s", path);
    }
    if (!files || !files->kernel) {
        return 0;
    }
    fw->hashes = true;
    return kernel_hashes_page(files, &fw->metadata, fw->hashes_page, err);
}

void plain_firmware_clear(struct plain_firmware *fw)
{
    evtpm_blob_clear(&fw->image);
}

/* attrib as vmsa.h packs it: code and data of real mode, LDT, busy TSS */
#define ATTR_CODE 0x9bu
#define ATTR_DATA 0x93u
#define ATTR_LDT 0x82u
#define ATTR_TSS 0x8bu

#define CR0_ET 0x10ull  /* KVM clears CD and NW */
#define CR4_MCE 0x40ull /* KVM sets it */

void plain_vmsa_fill(struct vmsa *vmsa, uint32_t start, uint32_t signature,
                     uint64_t sev_features)
{
    const struct vmsa_seg data = { .attrib = ATTR_DATA, .limit = 0xffff };
    const struct vmsa_seg table = { .limit = 0xffff };

    memset(vmsa, 0, sizeof(*vmsa));
    vmsa->cs = (struct vmsa_seg){ .selector = 0xf000,
                                  .attrib = ATTR_CODE,
                                  .limit = 0xffff,
                                  .base = start & 0xffff0000u };
    vmsa->es = vmsa->ss = vmsa->ds = vmsa->fs = vmsa->gs = data;
    vmsa->gdtr = vmsa->idtr = table;
    vmsa->ldtr = (struct vmsa_seg){ .attrib = ATTR_LDT, .limit = 0xffff };
    vmsa->tr = (struct vmsa_seg){ .attrib = ATTR_TSS, .limit = 0xffff };
    vmsa->efer = VMSA_EFER_SVME;
    vmsa->cr0 = CR0_ET;
    vmsa->cr4 = CR4_MCE;
    vmsa->dr6 = 0xffff0ff0;
    vmsa->dr7 = 0x400;
    vmsa->rflags = 2;
    vmsa->rip = start & 0xffff;
    vmsa->rdx = signature;
    vmsa->g_pat = 0x0007040600070406ull;
    vmsa->sev_features = sev_features;
    vmsa->xcr0 = 1;
    vmsa->mxcsr = 0x1f80;
    vmsa->x87_fcw = 0x37f;
}

static uint8_t section_type(const struct plain_firmware *fw, uint32_t type)
{
    switch (type) {
    case OVMF_SECRETS:
        return SNP_PAGE_TYPE_SECRETS;
    case OVMF_CPUID:
        return SNP_PAGE_TYPE_CPUID;
    case OVMF_KERNEL_HASHES:
        return fw->hashes ? SNP_PAGE_TYPE_NORMAL : SNP_PAGE_TYPE_ZERO;
    default:
        return SNP_PAGE_TYPE_ZERO;
    }
}

static int add_sections(const struct plain_firmware *fw,
                        struct launch_digest *digest, struct evtpm_error *err)
{
    for (uint32_t i = 0; i < fw->metadata.count; i++) {
        const struct svsm_fw_range *r = &fw->metadata.range[i];
        uint8_t type = section_type(fw, r->type);

        for (uint64_t at = 0; at < r->size; at += SNP_PAGE_SIZE) {
            if (launch_digest_page(digest, type, r->base + at, fw->hashes_page,
                                   err) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int add_vcpus(const struct plain_firmware *fw,
                     const struct plain_vcpus *vcpus,
                     struct launch_digest *digest, struct evtpm_error *err)
{
    uint32_t signature = vcpus->signature ? vcpus->signature
                                          : CPU_SIGNATURE_EPYC_V4;
    uint64_t features = vcpus->sev_features ? vcpus->sev_features
                                            : SEV_FEATURE_SNP_ACTIVE;
    struct vmsa vmsa;

    if (vcpus->count > 1 && fw->metadata.ap_reset == 0) {
        return evtpm_fail(err, "the firmware does not tell where further "
                          "vCPUs start: it can have 1");
    }
    for (uint32_t i = 0; i < vcpus->count; i++) {
        plain_vmsa_fill(&vmsa, i ? fw->metadata.ap_reset : RESET_VECTOR,
                        signature, features);
        if (launch_digest_page(digest, SNP_PAGE_TYPE_VMSA,
                               SNP_INITIAL_VMSA_GPA, &vmsa, err) < 0) {
            return -1;
        }
    }
    return 0;
}

int plain_launch_digest_rest(const struct plain_firmware *fw,
                             const struct plain_vcpus *vcpus,
                             struct launch_digest *digest,
                             struct evtpm_error *err)
{
    if (add_sections(fw, digest, err) < 0) {
        return -1;
    }
    return add_vcpus(fw, vcpus, digest, err);
}

int plain_launch_digest(const struct plain_firmware *fw,
                        const struct plain_vcpus *vcpus,
                        struct launch_digest *digest, struct evtpm_error *err)
{
    uint64_t base = FOUR_GIB - fw->image.size;

    launch_digest_init(digest);
    for (uint64_t at = 0; at < fw->image.size; at += SNP_PAGE_SIZE) {
        if (launch_digest_page(digest, SNP_PAGE_TYPE_NORMAL, base + at,
                               fw->image.data + at, err) < 0) {
            return -1;
        }
    }
    return plain_launch_digest_rest(fw, vcpus, digest, err);
}
