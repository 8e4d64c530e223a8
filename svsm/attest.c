/* SPDX-License-Identifier: MIT */
/* Attestation protocol: report data = SHA-512(nonce || manifest), so the report
 * of VMPL0 vouches for the vTPM's endorsement key. */
#include <string.h>

#include "evtpm/snp.h"
#include "evtpm/svsm.h"
#include "svsm/amdsp.h"
#include "svsm/attest_call.h"
#include "svsm/guest_mem.h"
#include "svsm/manifest.h"
#include "svsm/request.h"
#include "svsm/sha512.h"
#include "svsm/spinlock.h"
#include "svsm/vtpm.h"

#define MANIFEST_MAX 2048

/* Too large for a stack; guarded by attest_lock */
static struct spinlock attest_lock;
static uint8_t certs[AMDSP_CERTS_MAX];

static size_t build_manifest(uint8_t *manifest, bool single)
{
    uint8_t ek[MANIFEST_MAX / 2];
    size_t size = vtpm_ek_public(ek, sizeof(ek));

    if (size == 0) {
        return 0;
    }
    if (single) {
        memcpy(manifest, ek, size);
        return size;
    }
    return manifest_services(manifest, MANIFEST_MAX, ek, size);
}

static void hash(uint8_t digest[SHA512_SIZE], const uint8_t *nonce,
                 const uint8_t *manifest, size_t size)
{
    struct sha512 h;

    sha512_init(&h);
    sha512_update(&h, nonce, SVSM_ATTEST_NONCE_SIZE);
    sha512_update(&h, manifest, size);
    sha512_final(&h, digest);
}

/* Report and certificates; buffers too small are told by their needed sizes. */
static uint64_t deliver(struct svsm_request *request,
                        const struct svsm_attest_call *args,
                        const uint8_t digest[SHA512_SIZE])
{
    struct snp_attestation_report report;
    bool want_certs = args->certificates.len != 0;
    size_t certs_size;

    if (amdsp_report(digest, &report, want_certs ? certs : NULL, &certs_size) !=
        0) {
        return SVSM_ERR_INVALID_REQUEST;
    }
    request->rdx = certs_size;
    if (certs_size > args->certificates.len) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    if (guest_write(args->report.gpa, &report, sizeof(report)) != 0 ||
        (certs_size &&
         guest_write(args->certificates.gpa, certs, certs_size) != 0)) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    return SVSM_SUCCESS;
}

static uint64_t attest(struct svsm_request *request,
                       const struct svsm_attest_call *args, bool single)
{
    uint8_t nonce[SVSM_ATTEST_NONCE_SIZE], digest[SHA512_SIZE];
    uint8_t manifest[MANIFEST_MAX];
    size_t size;
    uint64_t result;

    if (guest_read(nonce, args->nonce.gpa, sizeof(nonce)) != 0) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    size = build_manifest(manifest, single);
    if (size == 0) {
        return SVSM_ERR_INVALID_REQUEST;
    }
    request->rcx = size;
    request->r8 = SNP_REPORT_SIZE;
    if (args->manifest.len < size || args->report.len < SNP_REPORT_SIZE) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    if (guest_write(args->manifest.gpa, manifest, size) != 0) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    hash(digest, nonce, manifest, size);
    spin_lock(&attest_lock);
    result = deliver(request, args, digest);
    spin_unlock(&attest_lock);
    return result;
}

uint64_t attest_protocol(struct svsm_request *request)
{
    size_t size = attest_call_size(request->call);
    bool single = request->call == SVSM_ATTEST_SINGLE_SERVICE;
    struct svsm_attest_call args = { 0 };

    if (size == 0) {
        return SVSM_ERR_UNSUPPORTED_CALL;
    }
    if (request->rcx % sizeof(uint64_t) ||
        request->rcx % SNP_PAGE_SIZE > SNP_PAGE_SIZE - size) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    if (guest_read(&args, request->rcx, size) != 0) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    if (!attest_call_valid(&args, single) ||
        (single && !manifest_is_vtpm(&args.service_guid))) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    return attest(request, &args, single);
}
