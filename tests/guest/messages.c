/* SPDX-License-Identifier: MIT */
/*
 * Guest messages as a guest at VMPL0 sends them, which has all four keys (SNP
 * firmware ABI 56860, 7.1 and MSG_*): reports, derived keys, TSC_INFO; sequence
 * numbers; keys that were taken away. The cipher is the SVSM's own. What the
 * host checks is request.c's subject.
 */
#include "svsm/guest_msg.h"
#include "tests/guest/guest.h"

#define VMPCKS 4

/* One exchange, plain: what to ask for, what came back. */
struct exchange {
    uint8_t vmpck, type;
    const void *request;
    uint16_t request_size, response_size;
    uint8_t response[sizeof(struct snp_report_rsp)];
};

static struct snp_guest_msg *request_page, *response_page, *copy;
static struct aes256 key[VMPCKS];
static uint64_t seqno[VMPCKS]; /* last number used */

static bool all_zero(const void *data, size_t size)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < size; i++) {
        if (p[i] != 0) {
            return false;
        }
    }
    return true;
}

/* What is in the request page goes to the firmware; its status. */
static uint64_t deliver(void)
{
    memset(response_page, 0, PAGE);
    ghcb_begin();
    if (ghcb_call(GHCB_NAE_GUEST_REQUEST, (uint64_t)request_page,
                  (uint64_t)response_page) != 0) {
        return ~0ull;
    }
    return ghcb->sw_exit_info_2;
}

static void seal(const struct exchange *x, const struct aes256 *aes,
                 uint64_t number)
{
    const struct guest_msg_id id = { number, x->type, x->vmpck };

    guest_msg_seal(copy, aes, &id, x->request, x->request_size);
    memcpy(request_page, copy, PAGE);
}

/* The whole of it: sealed, answered, opened with the next number and type. */
static bool converse(struct exchange *x)
{
    const struct guest_msg_id answer = { seqno[x->vmpck] + 2,
                                         (uint8_t)(x->type + 1), x->vmpck };
    uint64_t status;

    seal(x, &key[x->vmpck], seqno[x->vmpck] + 1);
    status = deliver();
    if (status != 0) {
        print("# key %u, type %u: status 0x%lx\n", x->vmpck, x->type, status);
        return false;
    }
    memcpy(copy, response_page, PAGE);
    seqno[x->vmpck] += 2;
    if (!guest_msg_open(copy, &key[x->vmpck], &answer, x->response_size)) {
        return false;
    }
    memcpy(x->response, copy->payload, x->response_size);
    return true;
}

/* ---- reports ---- */

static const struct snp_report_rsp *get_report(struct exchange *x,
                                               unsigned int vmpck,
                                               const struct snp_report_req *req)
{
    *x = (struct exchange){ .vmpck = (uint8_t)vmpck,
                            .type = SNP_MSG_REPORT_REQ,
                            .request = req,
                            .request_size = sizeof(*req),
                            .response_size = sizeof(struct snp_report_rsp) };
    return converse(x) ? (const void *)x->response : NULL;
}

/* A key speaks for its VMPL and for less privileged ones. */
static void check_vmpls(void)
{
    static struct exchange x;

    for (unsigned int vmpck = 0; vmpck < VMPCKS; vmpck++) {
        for (unsigned int vmpl = 0; vmpl <= VMPCKS; vmpl++) {
            struct snp_report_req req = { .report_data = { 0x5a },
                                          .vmpl = vmpl };
            bool good = vmpl >= vmpck && vmpl < VMPCKS;
            const struct snp_report_rsp *r = get_report(&x, vmpck, &req);
            bool ok = r && r->status == (good ? 0 : SNP_FW_INVALID_PARAM);

            if (ok && good) {
                ok = r->report_size == SNP_REPORT_SIZE &&
                     r->report.vmpl == vmpl && r->report.report_data[0] == 0x5a;
            } else if (ok) {
                ok = all_zero(&r->report, sizeof(r->report));
            }
            report(ok, "report by VMPCK%u for VMPL%u: %s", vmpck, vmpl,
                   good ? "given" : "INVALID_PARAM");
        }
    }
}

static void check_report(void)
{
    static struct exchange x;
    struct snp_report_req req = { .report_data = "sixty-four bytes" };
    const struct snp_report_rsp *r = get_report(&x, 0, &req);
    const struct snp_attestation_report *a = r ? &r->report : NULL;

    report(a && memcmp(a->report_data, req.report_data, 64) == 0 &&
               a->policy == SNP_POLICY_DEFAULT && a->signature_algo == 1 &&
               a->version == 3 && !all_zero(a->measurement, 48) &&
               !all_zero(a->chip_id, 64) && !all_zero(a->sig_r, 48),
           "what a report says");
    report(a && memcmp(a->reported_tcb, a->current_tcb, 8) == 0 &&
               !all_zero(a->reported_tcb, 8),
           "its TCB");
    req.key_sel = 1;
    r = get_report(&x, 0, &req);
    report(r && r->status == 0 && (r->report.key_info >> 2 & 7) == 0,
           "signed by the VCEK on demand");
    req.key_sel = 2;
    r = get_report(&x, 0, &req);
    report(r && r->status == SNP_FW_INVALID_KEY,
           "by a VLEK, which there is not: INVALID_KEY");
    req.key_sel = 4;
    r = get_report(&x, 0, &req);
    report(r && r->status == SNP_FW_INVALID_PARAM,
           "a reserved bit of the key selection: INVALID_PARAM");
}

/* ---- derived keys ---- */

static struct snp_derived_key_rsp derive(unsigned int vmpck,
                                         const struct snp_derived_key_req *req)
{
    static struct exchange x;
    struct snp_derived_key_rsp rsp = { .status = ~0u };

    x = (struct exchange){ .vmpck = (uint8_t)vmpck,
                           .type = SNP_MSG_KEY_REQ,
                           .request = req,
                           .request_size = sizeof(*req),
                           .response_size = sizeof(rsp) };
    if (converse(&x)) {
        memcpy(&rsp, x.response, sizeof(rsp));
    }
    return rsp;
}

static bool good_and_other(const struct snp_derived_key_rsp *a,
                           const struct snp_derived_key_rsp *b)
{
    return (a->status | b->status) == 0 && memcmp(a->key, b->key, 32) != 0;
}

static void check_keys(void)
{
    static const char *const fields[] = { "policy",    "image id",
                                          "family id", "measurement",
                                          "SVN",       "TCB" };
    struct snp_derived_key_req req = { 0 };
    const struct snp_derived_key_rsp plain = derive(0, &req);
    struct snp_derived_key_rsp k = derive(0, &req);

    report(plain.status == 0 && memcmp(plain.key, k.key, 32) == 0 &&
               !all_zero(k.key, 32),
           "a derived key, twice the same");
    for (unsigned int i = 0; i < 6; i++) {
        req.guest_field_select = 1ull << i;
        k = derive(0, &req);
        report(good_and_other(&plain, &k), "another with the %s in it",
               fields[i]);
    }
    req = (struct snp_derived_key_req){ .vmpl = 1 };
    k = derive(0, &req);
    report(good_and_other(&plain, &k), "another for VMPL1");
    req = (struct snp_derived_key_req){ .root_key_select = 1 };
    k = derive(0, &req);
    report(good_and_other(&plain, &k), "another from the VMRK");
    for (unsigned int vmpck = 1; vmpck < VMPCKS; vmpck++) {
        struct snp_derived_key_rsp own, first;

        req = (struct snp_derived_key_req){ .vmpl = vmpck };
        own = derive(vmpck, &req);
        first = derive(0, &req);
        report(own.status == 0 && memcmp(own.key, first.key, 32) == 0,
               "by VMPCK%u for its VMPL: that which VMPCK0 gets", vmpck);
    }
}

static void check_keys_refused(void)
{
    static const struct {
        const char *what;
        unsigned int vmpck;
        struct snp_derived_key_req req;
        uint32_t status;
    } rows[] = {
        { "for a VMPL above", 2, { .vmpl = 1 }, SNP_FW_INVALID_PARAM },
        { "for VMPL4", 0, { .vmpl = 4 }, SNP_FW_INVALID_PARAM },
        { "root 2", 0, { .root_key_select = 2 }, SNP_FW_INVALID_KEY },
        { "reserved field 6",
          0,
          { .guest_field_select = 0x40 },
          SNP_FW_INVALID_PARAM },
        { "reserved field 63",
          0,
          { .guest_field_select = 1ull << 63 },
          SNP_FW_INVALID_PARAM },
        { "reserved bytes", 0, { .rsvd_04 = 1 }, SNP_FW_INVALID_PARAM },
        { "an SVN above the guest's",
          0,
          { .guest_svn = 1 },
          SNP_FW_INVALID_PARAM },
        { "a TCB above the chip's",
          0,
          { .tcb_version = 0xffull << 56 },
          SNP_FW_INVALID_PARAM },
    };

    for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct snp_derived_key_rsp k = derive(rows[i].vmpck, &rows[i].req);

        report(k.status == rows[i].status && all_zero(k.key, 32),
               "derived key, %s: status 0x%x", rows[i].what, rows[i].status);
    }
}

/* ---- the envelope ---- */

static void check_tsc_info(void)
{
    static struct exchange x;
    static const uint8_t none[128];

    x = (struct exchange){ .vmpck = 0,
                           .type = SNP_MSG_TSC_INFO_REQ,
                           .request = none,
                           .request_size = 128,
                           .response_size = 128 };
    report(converse(&x) && all_zero(x.response, 128),
           "TSC_INFO: no Secure TSC");
    x.type = SNP_MSG_CPUID_REQ;
    seal(&x, &key[0], seqno[0] + 1);
    report(deliver() == SNP_FW_UNSUPPORTED, "CPUID_REQ: UNSUPPORTED");
}

/* Each refusal leaves the number as it was. */
static void check_sequence(void)
{
    static struct exchange x;
    static const uint8_t zeros[AES256_KEY_SIZE];
    struct snp_report_req req = { .vmpl = 1 };
    struct aes256 none;

    aes256_init(&none, zeros);
    (void)get_report(&x, 1, &req);
    report(deliver() == SNP_FW_INVALID_PARAM, "a message sent twice: "
                                              "INVALID_PARAM");
    report(all_zero(response_page, PAGE), "and no answer");
    seal(&x, &key[1], seqno[1] + 2);
    report(deliver() == SNP_FW_INVALID_PARAM, "a number left out: "
                                              "INVALID_PARAM");
    seal(&x, &key[1], seqno[1]);
    report(deliver() == SNP_FW_INVALID_PARAM, "a number used before: "
                                              "INVALID_PARAM");
    seal(&x, &none, seqno[1] + 1);
    report(deliver() == SNP_FW_BAD_MEASUREMENT, "a key of zeros, as is left "
                                                "where it was taken away: "
                                                "BAD_MEASUREMENT");
    seal(&x, &key[2], seqno[1] + 1);
    report(deliver() == SNP_FW_BAD_MEASUREMENT, "another VMPL's key: "
                                                "BAD_MEASUREMENT");
    seal(&x, &key[1], seqno[1] + 1);
    ((uint8_t *)request_page)[0x60] ^= 1;
    report(deliver() == SNP_FW_BAD_MEASUREMENT, "a payload changed on the way: "
                                                "BAD_MEASUREMENT");
    report(get_report(&x, 1, &req) != NULL, "the next number after all that");
    report(seqno[0] != seqno[1] && seqno[1] != seqno[3],
           "each key counts by itself");
}

/* Certificates come with reports alone. */
static void check_extended(void)
{
    static struct exchange x;
    const struct snp_report_req req = { 0 };
    const struct snp_derived_key_req key_req = { 0 };
    uint8_t *certs = page_share(page_raw());
    const struct {
        uint8_t type;
        const void *request;
        uint16_t size;
        bool table;
    } rows[] = { { SNP_MSG_REPORT_REQ, &req, sizeof(req), true },
                 { SNP_MSG_KEY_REQ, &key_req, sizeof(key_req), false } };

    for (int i = 0; i < 3; i++) {
        page_share(page_raw());
    }
    for (int i = 0; i < 2; i++) {
        x = (struct exchange){ .type = rows[i].type,
                               .request = rows[i].request,
                               .request_size = rows[i].size };
        memset(certs, 0, PAGE);
        seal(&x, &key[0], seqno[0] + 1);
        ghcb_begin();
        GHCB_SET(rax, (uint64_t)certs);
        GHCB_SET(rbx, 4);
        report(ghcb_call(GHCB_NAE_EXT_GUEST_REQUEST, (uint64_t)request_page,
                         (uint64_t)response_page) == 0 &&
                   ghcb->sw_exit_info_2 == 0 &&
                   (certs[0] == 0x63) == rows[i].table,
               "extended request, type %u: %s", rows[i].type,
               rows[i].table ? "with a VCEK in the table" : "no table");
        seqno[0] += 2;
    }
}

void guest_main(void)
{
    const struct snp_secrets_page *secrets =
        (const struct snp_secrets_page *)SVSM_SECRETS_GPA;

    request_page = page_share(page_alloc());
    response_page = page_share(page_alloc());
    copy = page_alloc();
    for (unsigned int i = 0; i < VMPCKS; i++) {
        aes256_init(&key[i], secrets->vmpck[i]);
    }
    check_vmpls();
    check_report();
    check_keys();
    check_keys_refused();
    check_tsc_info();
    check_sequence();
    check_extended();
}
