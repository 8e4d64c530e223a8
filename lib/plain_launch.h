/* SPDX-License-Identifier: MIT */
/*
 * Launch of a plain SEV-SNP guest: stock OVMF at VMPL0 and no SVSM. Its digest when QEMU starts it
 * by -bios, as target/i386/sev.c and KVM launch it: the firmware's pages, the sections of its SEV
 * metadata in their order, then one VMSA for each vCPU.
 */
#ifndef EVTPM_LIB_PLAIN_LAUNCH_H
#define EVTPM_LIB_PLAIN_LAUNCH_H

#include "evtpm/vmsa.h"
#include "lib/blob.h"
#include "lib/kernel_hashes.h"
#include "lib/launch_digest.h"

/* CPUID leaf 1 EAX of QEMU's -cpu EPYC-v4: family 17h, model 1, stepping 2 */
#define CPU_SIGNATURE_EPYC_V4 0x800f12u
#define RESET_VECTOR 0xfffffff0u

/* The image and what it tells of itself. */
struct plain_firmware {
    struct evtpm_blob image;
    struct ovmf_metadata metadata;
    bool hashes; /* page below is launched, not a zero page */
    uint8_t hashes_page[SNP_PAGE_SIZE];
};

/* Reads the image at `path` and, if `files` names a kernel, makes its hashes page. */
int plain_firmware_load(struct plain_firmware *fw, const char *path,
                        const struct kernel_files *files,
                        struct evtpm_error *err);
void plain_firmware_clear(struct plain_firmware *fw);

/*
 * The save area of a vCPU after reset that starts at `start`, as QEMU's reset state and KVM's
 * SNP_LAUNCH_FINISH make it. `signature`: CPUID leaf 1 EAX, which reset leaves in EDX.
 */
void plain_vmsa_fill(struct vmsa *vmsa, uint32_t start, uint32_t signature,
                     uint64_t sev_features);

struct plain_vcpus {
    uint32_t count;
    uint32_t signature;    /* 0: CPU_SIGNATURE_EPYC_V4 */
    uint64_t sev_features; /* 0: SNP_ACTIVE alone */
};

/* The launch digest of -bios. */
int plain_launch_digest(const struct plain_firmware *fw,
                        const struct plain_vcpus *vcpus,
                        struct launch_digest *digest, struct evtpm_error *err);

/* The same from behind the firmware's pages on, `digest` being theirs. */
int plain_launch_digest_rest(const struct plain_firmware *fw,
                             const struct plain_vcpus *vcpus,
                             struct launch_digest *digest,
                             struct evtpm_error *err);

#endif
