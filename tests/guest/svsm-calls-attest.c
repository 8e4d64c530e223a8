/* SPDX-License-Identifier: MIT */
/* SVSM conformance: attestation protocol (58019 chapter 7). */
#include "tests/guest/svsm-calls.h"

#include <string.h>

#include "svsm/sha512.h"

#define SERVICES SVSM_CALL(1, SVSM_ATTEST_SERVICES)
#define SINGLE SVSM_CALL(1, SVSM_ATTEST_SINGLE_SERVICE)
#define CERTS_PAGES 4
#define MARK 0xee

static struct svsm_attest_call good, args;
static uint64_t block; /* where the arguments lie */

static uint64_t attest(uint64_t call, struct call *c)
{
    memcpy((void *)block, &args, sizeof(args));
    *c = (struct call){ call, block, ~0ull, ~0ull, 0x5555 };
    return svsm_call(c);
}

/* Both calls have a block like this; the second one's goes on behind 40h. */
#define FIELD(member) \
    offsetof(struct svsm_attest_call, member), sizeof(good.member)

static const struct field_row {
    const char *what;
    size_t offset, size;
    struct arg value;
    uint64_t want, also;
    bool own;
} fields[] = {
    { "no nonce", FIELD(nonce.len), { NUMBER, 0 }, PARAMETER },
    { "nonce of 1", FIELD(nonce.len), { NUMBER, 1 }, PARAMETER },
    { "nonce of 63", FIELD(nonce.len), { NUMBER, 63 }, PARAMETER },
    { "nonce of 65", FIELD(nonce.len), { NUMBER, 65 }, PARAMETER },
    { "nonce of 4096", FIELD(nonce.len), { NUMBER, PAGE }, PARAMETER },
    { "nonce of ffff0040", FIELD(nonce.len), { NUMBER, 0xffff0040 },
      PARAMETER },
    { "nonce, reserved bytes", FIELD(nonce.rsvd), { NUMBER, 1 }, PARAMETER },
    { "nonce over two pages", FIELD(nonce.gpa), { GOOD, PAGE - 63 },
      PARAMETER },
    { "nonce in no memory", FIELD(nonce.gpa), { BEYOND, 0 }, ADDRESS,
      PARAMETER },
    { "nonce in the SVSM", FIELD(nonce.gpa), { SVSM, 0 }, ADDRESS, PARAMETER },
    { "nonce in the SVSM's last page", FIELD(nonce.gpa), { SVSM_LAST, 0 },
      ADDRESS, PARAMETER },
    { "nonce not validated", FIELD(nonce.gpa), { RAW, 0 }, ADDRESS, PARAMETER },
    { "nonce by the C-bit", FIELD(nonce.gpa), { GOOD, SNP_CBIT }, ADDRESS,
      PARAMETER },
    { "nonce on top of all", FIELD(nonce.gpa), { NUMBER, -64ull }, ADDRESS,
      PARAMETER },
    { "no report", FIELD(report.len), { NUMBER, 0 }, PARAMETER },
    { "report 1 too small", FIELD(report.len), { NUMBER, SNP_REPORT_SIZE - 1 },
      PARAMETER },
    { "report, reserved bytes", FIELD(report.rsvd), { NUMBER, 1 }, PARAMETER },
    { "report 8 off", FIELD(report.gpa), { GOOD, 8 }, PARAMETER },
    { "report half a page off", FIELD(report.gpa), { GOOD, PAGE / 2 },
      PARAMETER },
    { "report in no memory", FIELD(report.gpa), { BEYOND, 0 }, ADDRESS,
      PARAMETER },
    { "report in the SVSM", FIELD(report.gpa), { SVSM, 0 }, ADDRESS,
      PARAMETER },
    { "report in the SVSM's last page", FIELD(report.gpa), { SVSM_LAST, 0 },
      ADDRESS, PARAMETER },
    { "report not validated", FIELD(report.gpa), { RAW, 0 }, ADDRESS,
      PARAMETER },
    { "report by the C-bit", FIELD(report.gpa), { GOOD, SNP_CBIT }, ADDRESS,
      PARAMETER },
    { "no manifest", FIELD(manifest.len), { NUMBER, 0 }, PARAMETER },
    { "manifest of 16", FIELD(manifest.len), { NUMBER, 16 }, PARAMETER },
    { "manifest, reserved bytes", FIELD(manifest.rsvd), { NUMBER, 1 },
      PARAMETER },
    { "manifest 1 off", FIELD(manifest.gpa), { GOOD, 1 }, PARAMETER },
    { "manifest in no memory", FIELD(manifest.gpa), { BEYOND, 0 }, ADDRESS,
      PARAMETER },
    { "manifest in the SVSM", FIELD(manifest.gpa), { SVSM, 0 }, ADDRESS,
      PARAMETER },
    { "manifest not validated", FIELD(manifest.gpa), { RAW, 0 }, ADDRESS,
      PARAMETER },
    { "manifest on top of all", FIELD(manifest.gpa), { NUMBER, -(uint64_t)PAGE },
      ADDRESS, PARAMETER },
    { "certificates of 1", FIELD(certificates.len), { NUMBER, 1 }, PARAMETER },
    { "certificates of 23", FIELD(certificates.len), { NUMBER, 23 },
      PARAMETER },
    { "certificates, reserved bytes", FIELD(certificates.rsvd), { NUMBER, 1 },
      PARAMETER },
    { "certificates 8 off", FIELD(certificates.gpa), { GOOD, 8 }, PARAMETER },
    { "certificates in no memory", FIELD(certificates.gpa), { BEYOND, 0 },
      ADDRESS, PARAMETER },
    { "certificates in the SVSM", FIELD(certificates.gpa), { SVSM, 0 }, ADDRESS,
      PARAMETER },
    { "certificates not validated", FIELD(certificates.gpa), { RAW, 0 },
      ADDRESS, PARAMETER },
};

static const struct field_row single_fields[] = {
    { "another service", FIELD(service_guid.a), { NUMBER, 1 }, PARAMETER,
      SVSM_ERR_UNSUPPORTED_PROTOCOL },
    { "the last byte of the GUID", FIELD(service_guid.d[7]), { NUMBER, 0 },
      PARAMETER, SVSM_ERR_UNSUPPORTED_PROTOCOL },
    { "manifest version 1", FIELD(service_version), { NUMBER, 1 }, PARAMETER },
    { "manifest version ffffffff", FIELD(service_version),
      { NUMBER, 0xffffffff }, PARAMETER },
    { "reserved bytes at the end", FIELD(rsvd_54), { NUMBER, 1 }, PARAMETER },
};

static void run_fields(uint64_t call, const char *section,
                       const struct field_row *rows, unsigned count)
{
    struct call c;

    for (unsigned i = 0; i < count; i++) {
        uint64_t value = place(rows[i].value);

        args = good;
        memcpy((uint8_t *)&args + rows[i].offset, &value, rows[i].size);
        memset((void *)good.report.gpa, MARK, SNP_REPORT_SIZE);
        judge(section, attest(call, &c), rows[i].want, rows[i].also,
              rows[i].what);
        if (((uint8_t *)good.report.gpa)[0] != MARK &&
            rows[i].offset < offsetof(struct svsm_attest_call, certificates)) {
            report(false, "%s %s: there is no report", section, rows[i].what);
        }
        if (c.r9 != 0x5555) {
            report(false, "%s %s: R9 is kept", section, rows[i].what);
        }
    }
    args = good;
}

static const struct row blocks[] = {
    { "7.1", "arguments over two pages", SERVICES, { GOOD, PAGE - 56 },
      .want = PARAMETER, .own = true },
    { "7.1", "arguments 1 off", SERVICES, { GOOD, 1 }, .want = PARAMETER,
      .own = true },
    { "7.1", "arguments in no memory", SERVICES, { BEYOND, 0 }, .want = ADDRESS,
      .also = PARAMETER },
    { "7.1", "arguments in the SVSM", SERVICES, { SVSM, 0 }, .want = ADDRESS,
      .also = PARAMETER },
    { "7.1", "arguments not validated", SERVICES, { RAW, 0 }, .want = ADDRESS,
      .also = PARAMETER },
    { "7.2", "arguments over two pages", SINGLE, { GOOD, PAGE - 80 },
      .want = PARAMETER, .own = true },
    { "7.2", "arguments 4 off", SINGLE, { GOOD, 4 }, .want = PARAMETER,
      .own = true },
    { "7.2", "arguments in no memory", SINGLE, { BEYOND, 0 }, .want = ADDRESS,
      .also = PARAMETER },
    { "7.2", "arguments in the SVSM", SINGLE, { SVSM, 0 }, .want = ADDRESS,
      .also = PARAMETER },
    { "7.2", "arguments not validated", SINGLE, { RAW, 0 }, .want = ADDRESS,
      .also = PARAMETER },
};

static void check_report(const struct call *c)
{
    const struct snp_attestation_report *r = (void *)args.report.gpa;
    uint8_t digest[SHA512_SIZE];
    struct sha512 hash;

    sha512_init(&hash);
    sha512_update(&hash, (void *)args.nonce.gpa, SVSM_ATTEST_NONCE_SIZE);
    sha512_update(&hash, (void *)args.manifest.gpa, c->rcx);
    sha512_final(&hash, digest);
    report(c->r8 == SNP_REPORT_SIZE, "7.1 R8 is the report's size");
    report(r->version >= 2 && r->signature_algo == 1, "7.1 it is a report");
    report(r->vmpl == 0, "7.1 of VMPL0");
    report(memcmp(r->report_data, digest, sizeof(digest)) == 0,
           "7.1 report data is SHA-512 of nonce and manifest");
}

/* Exactly the sizes that the call names are enough; one byte less is not. */
static void test_sizes(uint64_t call, const char *section)
{
    uint64_t manifest, certs;
    struct call c;

    args = good;
    judge(section, attest(call, &c), SVSM_SUCCESS, 0, "all that is wanted");
    manifest = c.rcx;
    certs = c.rdx;
    report(manifest > 300 && manifest <= PAGE, "%s RCX is the manifest's size",
           section);
    report(certs > 1000 && certs <= CERTS_PAGES * PAGE,
           "%s RDX is the certificates' size", section);
    check_report(&c);
    args.manifest.len = (uint32_t)manifest - 1;
    judge(section, attest(call, &c), PARAMETER, 0, "manifest 1 too small");
    report(c.rcx == manifest, "%s RCX is what it needs", section);
    args = good;
    args.certificates.len = (uint32_t)certs - 1;
    judge(section, attest(call, &c), PARAMETER, 0, "certificates 1 too small");
    report(c.rdx >= certs, "%s RDX is what they need", section);
    args.certificates.len = 0;
    args.certificates.gpa = 1; /* not a buffer: not looked at */
    args.manifest.len = (uint32_t)manifest;
    args.report.len = SNP_REPORT_SIZE;
    args.nonce.gpa = good.nonce.gpa + PAGE - SVSM_ATTEST_NONCE_SIZE;
    memset((void *)args.nonce.gpa, 0x17, SVSM_ATTEST_NONCE_SIZE);
    judge(section, attest(call, &c), SVSM_SUCCESS, 0, "just what is needed");
    report(c.rcx == manifest && c.rdx == 0, "%s no certificates", section);
    check_report(&c);
}

/* The list of services in good.manifest: well formed; the vTPM's part of it. */
static const uint8_t *services_vtpm(uint64_t size, uint32_t *length)
{
    static const struct evtpm_guid services = SVSM_GUID_SERVICES_MANIFEST;
    static const struct evtpm_guid vtpm = SVSM_GUID_VTPM;
    const uint8_t *base = (void *)good.manifest.gpa;
    const struct svsm_services_manifest *m = (const void *)base;
    const struct svsm_services_entry *entry = (const void *)(m + 1);
    const uint8_t *found = NULL;

    report(memcmp(&m->guid, &services, sizeof(services)) == 0 &&
               m->size == size && m->count >= 1 &&
               sizeof(*m) + m->count * sizeof(*entry) <= size,
           "7.1 the manifest lists services");
    for (uint32_t i = 0; i < m->count; i++) {
        bool inside = entry[i].offset >= sizeof(*m) + m->count *
                                                          sizeof(*entry) &&
                      entry[i].offset <= size &&
                      entry[i].length <= size - entry[i].offset;

        report(inside, "7.1 service %u lies in it", i);
        if (inside && memcmp(&entry[i].guid, &vtpm, sizeof(vtpm)) == 0) {
            found = base + entry[i].offset;
            *length = entry[i].length;
        }
    }
    return found;
}

static void test_manifests(void)
{
    static uint8_t copy[1024];
    const uint8_t *listed;
    uint32_t length = 0;
    struct call c;

    args = good;
    expect(attest(SERVICES, &c), SVSM_SUCCESS, "7.1 SERVICES");
    listed = services_vtpm(c.rcx, &length);
    report(listed && length <= sizeof(copy), "7.1 the vTPM is among them");
    if (!listed || length > sizeof(copy)) {
        return;
    }
    memcpy(copy, listed, length);
    expect(attest(SINGLE, &c), SVSM_SUCCESS, "7.2 SINGLE_SERVICE");
    report(c.rcx == length &&
               memcmp(copy, (void *)good.manifest.gpa, length) == 0,
           "7.2 the vTPM's manifest is the one listed");
}

static void pages_init(void)
{
    static const struct evtpm_guid vtpm = SVSM_GUID_VTPM;
    uint64_t certs = (uint64_t)fw_page();

    for (unsigned i = 1; i < CERTS_PAGES; i++) {
        fw_page();
    }
    block = (uint64_t)fw_page();
    good = (struct svsm_attest_call){
        .report = { (uint64_t)fw_page(), PAGE, 0 },
        .nonce = { (uint64_t)fw_page(), SVSM_ATTEST_NONCE_SIZE, 0 },
        .manifest = { (uint64_t)fw_page(), PAGE, 0 },
        .certificates = { certs, CERTS_PAGES * PAGE, 0 },
        .service_guid = vtpm,
    };
    memset((void *)good.nonce.gpa, 0x42, SVSM_ATTEST_NONCE_SIZE);
}

void test_attest(void)
{
    pages_init();
    run_fields(SERVICES, "7.1", fields, COUNT(fields));
    run_fields(SINGLE, "7.2", fields, COUNT(fields));
    run_fields(SINGLE, "7.2", single_fields, COUNT(single_fields));
    /* what a row puts at GOOD would be read as arguments */
    memset((void *)place((struct arg){ GOOD, 0 }), 0, 2 * PAGE);
    run_rows(blocks, COUNT(blocks));
    test_sizes(SERVICES, "7.1");
    test_sizes(SINGLE, "7.2");
    test_manifests();
}
