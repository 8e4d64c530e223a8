/* SPDX-License-Identifier: MIT */
/* SVSM tests: vTPM and attestation protocols, and every call with addresses that are not the guest's. */
#include "tests/guest/svsm-fw.h"

#include <string.h>

#include "svsm/sha512.h"
#include "svsm/vtpm/protocol.h"

#define TPM_RC_INITIALIZE 0x100

static uint8_t *buffer;

/* Sends @size bytes of @command, claims @claimed; RAX */
static uint64_t vtpm(uint32_t platform, uint8_t locality, uint32_t claimed,
                     const uint8_t *command, size_t size)
{
    struct svsm_vtpm_request *r = (void *)buffer;

    *r = (struct svsm_vtpm_request){ platform, locality, claimed };
    memcpy(r->data, command, size);
    return svsm(2, SVSM_VTPM_CMD, (uint64_t)buffer);
}

/* The TPM's response code */
static uint32_t tpm(const uint8_t *command, uint32_t size)
{
    const struct svsm_vtpm_response *r = (void *)buffer;

    if (vtpm(8, 0, size, command, size) != SVSM_SUCCESS ||
        r->size < VTPM_HEADER_SIZE || vtpm_get32(r->data + 2) != r->size) {
        return ~0u;
    }
    return vtpm_get32(r->data + 6);
}

void test_vtpm(void)
{
    static const uint8_t startup[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0,
                                       0 };
    static const uint8_t get_random[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b,
                                          0, 16 };
    static const uint8_t control[] = { 0xe0, 1, 0, 0, 0, 10, 0, 0, 0, 1 };
    struct call c = { .rax = SVSM_CALL(2, SVSM_VTPM_QUERY) };

    buffer = fw_page();
    report(svsm_call(&c) == SVSM_SUCCESS && c.rcx == 0x100 && c.rdx == 0,
           "vTPM QUERY: SEND_COMMAND");
    expect(vtpm(9, 0, 12, startup, 12), SVSM_ERR_INVALID_PARAMETER,
           "vTPM CMD, platform command 9");
    expect(vtpm(8, 5, 12, startup, 12), SVSM_ERR_INVALID_PARAMETER,
           "vTPM CMD, locality 5");
    expect(vtpm(8, 0, PAGE - 8, startup, 12), SVSM_ERR_INVALID_PARAMETER,
           "vTPM CMD, longer than a page");
    expect(vtpm(8, 0, ~0u, startup, 12), SVSM_ERR_INVALID_PARAMETER,
           "vTPM CMD, size ffffffff");
    expect(tpm(get_random, 12), TPM_RC_INITIALIZE, "GetRandom before Startup");
    expect(tpm(startup, 12), VTPM_RC_SUCCESS, "Startup");
    expect(tpm(get_random, 12), VTPM_RC_SUCCESS, "GetRandom");
    expect(tpm(get_random, 11), VTPM_RC_COMMAND_SIZE, "a command cut short");
    expect(tpm(get_random, 0), VTPM_RC_COMMAND_SIZE, "no command");
    expect(tpm(control, 10), VTPM_RC_BAD_TAG, "a frame of the kernel's own");
    expect(tpm(get_random, 12), VTPM_RC_SUCCESS, "GetRandom after all that");
}

static struct svsm_attest_call args;

static uint64_t attest(uint32_t call, struct call *c)
{
    memcpy(buffer, &args, sizeof(args));
    *c = (struct call){ SVSM_CALL(1, call), (uint64_t)buffer, ~0ull, ~0ull, 0 };
    return svsm_call(c);
}

static void refused(uint64_t want, const char *what)
{
    struct call c;

    expect(attest(SVSM_ATTEST_SINGLE_SERVICE, &c), want, what);
}

static void test_bad_arguments(const struct svsm_attest_call *good)
{
#define REFUSED(member, value, want, what) \
    do {                                   \
        args = *good;                      \
        args.member = (value);             \
        refused(want, "attest, " what);    \
    } while (0)
    REFUSED(nonce.len, 63, SVSM_ERR_INVALID_PARAMETER, "nonce of 63 bytes");
    REFUSED(nonce.gpa, FW_RAM_END, SVSM_ERR_INVALID_ADDRESS,
            "nonce in no memory");
    REFUSED(nonce.gpa, SVSM_SECRETS_GPA, SVSM_ERR_INVALID_ADDRESS,
            "nonce in the SVSM's secrets");
    REFUSED(report.gpa, good->report.gpa + 8, SVSM_ERR_INVALID_PARAMETER,
            "report unaligned");
    REFUSED(report.gpa, SVSM_IMAGE_GPA, SVSM_ERR_INVALID_ADDRESS,
            "report over the SVSM");
    REFUSED(report.len, SNP_REPORT_SIZE - 1, SVSM_ERR_INVALID_PARAMETER,
            "report too small");
    REFUSED(manifest.gpa, SVSM_IMAGE_GPA, SVSM_ERR_INVALID_ADDRESS,
            "manifest over the SVSM");
    REFUSED(manifest.gpa, FW_RAW, SVSM_ERR_INVALID_ADDRESS,
            "manifest not validated");
    REFUSED(certificates.gpa, SVSM_IMAGE_GPA, SVSM_ERR_INVALID_ADDRESS,
            "certificates over the SVSM");
    REFUSED(service_guid.a, 1, SVSM_ERR_INVALID_PARAMETER, "unknown service");
    REFUSED(service_version, 1, SVSM_ERR_INVALID_PARAMETER,
            "manifest version 1");
#undef REFUSED
    args = *good;
}

static void check_report(const struct call *c)
{
    const struct snp_attestation_report *r = (void *)args.report.gpa;
    uint8_t digest[SHA512_SIZE];
    struct sha512 hash;

    sha512_init(&hash);
    sha512_update(&hash, (void *)args.nonce.gpa, SVSM_ATTEST_NONCE_SIZE);
    sha512_update(&hash, (void *)args.manifest.gpa, c->rcx);
    sha512_final(&hash, digest);
    report(r->vmpl == 0, "the report is VMPL0's");
    report(memcmp(r->report_data, digest, sizeof(digest)) == 0,
           "report data is SHA-512 of nonce and manifest");
}

void test_attest(void)
{
    const struct evtpm_guid vtpm_guid = SVSM_GUID_VTPM;
    struct svsm_attest_call good = { .service_guid = vtpm_guid };
    struct call c;
    uint64_t certs = (uint64_t)fw_page();

    fw_page();
    fw_page();
    fw_page();
    good.certificates = (struct svsm_attest_buf){ certs, 4 * PAGE, 0 };
    good.report = (struct svsm_attest_buf){ (uint64_t)fw_page(), PAGE, 0 };
    good.nonce = (struct svsm_attest_buf){ (uint64_t)fw_page(), 64, 0 };
    good.manifest = (struct svsm_attest_buf){ (uint64_t)fw_page(), PAGE, 0 };
    memset((void *)good.nonce.gpa, 0x42, 64);
    test_bad_arguments(&good);
    expect(attest(SVSM_ATTEST_SINGLE_SERVICE, &c), SVSM_SUCCESS, "attest");
    report(c.r8 == SNP_REPORT_SIZE && c.rcx > 300 && c.rdx > 1000,
           "report, manifest and certificates have their sizes");
    check_report(&c);
    args.manifest.len = 16;
    expect(attest(SVSM_ATTEST_SERVICES, &c), SVSM_ERR_INVALID_PARAMETER,
           "services, manifest too small");
    report(c.rcx > 300 && c.rdx == ~0ull, "the size that it needs");
    args.manifest.len = PAGE;
    args.certificates.len = 64;
    expect(attest(SVSM_ATTEST_SERVICES, &c), SVSM_ERR_INVALID_PARAMETER,
           "services, certificates too small");
    report(c.rdx > 1000, "the size that they need");
    args.certificates.len = 0;
    expect(attest(SVSM_ATTEST_SERVICES, &c), SVSM_SUCCESS, "services");
    report(c.rdx == 0, "no certificates were asked for");
    check_report(&c);
}

/* No call may succeed, and the SVSM must still be there afterwards */
void test_hostile(void)
{
    static const uint64_t addresses[] = {
        SVSM_BASE, SVSM_SECRETS_GPA, SVSM_GHCB_GPA, SVSM_IMAGE_GPA,
        SVSM_BASE + SVSM_REGION_SIZE - PAGE, SVSM_BASE - 8, FW_RAW, FW_RAW - 8,
        FW_RAM_END, FW_RAM_END - 4, 1, 0x7ffffffffffffff8, SNP_CBIT,
        SNP_CBIT | FW_CAA, 0xfffffffffffff000, 0xfffffffffffffff8,
    };
    static const struct {
        uint32_t protocol, call;
    } calls[] = {
        { 0, SVSM_CORE_REMAP_CA }, { 0, SVSM_CORE_PVALIDATE },
        { 0, SVSM_CORE_CREATE_VCPU }, { 0, SVSM_CORE_DELETE_VCPU },
        { 1, SVSM_ATTEST_SERVICES }, { 1, SVSM_ATTEST_SINGLE_SERVICE },
        { 2, SVSM_VTPM_CMD },
    };

    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        bool good = true;

        for (unsigned a = 0; a < sizeof(addresses) / sizeof(addresses[0]);
             a++) {
            struct call c = { SVSM_CALL(calls[i].protocol, calls[i].call),
                              addresses[a], addresses[a] ^ PAGE, 1, 0 };

            good &= svsm_call(&c) >= SVSM_ERR_INVALID_ADDRESS &&
                    c.rax != ~0ull;
        }
        report(good, "protocol %u call %u: all hostile addresses refused",
               calls[i].protocol, calls[i].call);
    }
    expect(svsm(0, SVSM_CORE_QUERY_PROTOCOL, 1), SVSM_SUCCESS,
           "the SVSM still answers");
}
