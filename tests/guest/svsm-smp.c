/* SPDX-License-Identifier: MIT */
/*
 * The SVSM with eight vCPUs: four make calls of all protocols at once, each on its own data and each
 * reply held against its request; the other four are created and deleted. Then vCPUs are stopped and
 * started again, a hundred times, in the order in which Linux takes CPUs off and on.
 */
#include "tests/guest/svsm-ap.h"

#include <string.h>

#include "svsm/sha512.h"
#include "svsm/vtpm/protocol.h"

#define CALLERS 4
#define ROUNDS 40
#define RESTARTS 100
#define LIST_PAGES 8
#define TPM_ALG_SHA512 0x0d
#define TPM_RH_NULL 0x40000007u
#define HASH_DATA 48

/* ap->pages: a buffer for calls, one for results, a VMSA and a calling area */
enum { BUFFER, REPORT, MANIFEST, SPARE_VMSA, SPARE_CAA, PAGES };

static struct ap cpu[CALLERS];
static volatile uint64_t go;

static uint8_t *page_of(const struct ap *ap, unsigned which)
{
    return ap->pages + which * PAGE;
}

/* The pages that a vCPU validates and rescinds are no other's. */
static uint64_t own_range(const struct ap *ap)
{
    return FW_RAW + 0x100000 + ap->id * 0x10000ull;
}

static bool list_call(const struct ap *ap, uint64_t flags)
{
    struct svsm_pvalidate_hdr *list = (void *)page_of(ap, BUFFER);
    uint64_t *entry = (uint64_t *)(list + 1);

    *list = (struct svsm_pvalidate_hdr){ .entries = LIST_PAGES };
    for (unsigned i = 0; i < LIST_PAGES; i++) {
        entry[i] = (own_range(ap) + i * PAGE) | flags;
    }
    return ap_svsm(ap, 0, SVSM_CORE_PVALIDATE, (uint64_t)list) ==
               SVSM_SUCCESS &&
           list->next == LIST_PAGES;
}

/* Own pages: made valid, used, given back. */
static bool work_pages(struct ap *ap, uint64_t round)
{
    volatile uint64_t *word = (void *)own_range(ap);
    uint64_t step = PAGE / sizeof(*word);
    bool good = list_call(ap, SVSM_PVALIDATE_VALIDATE);

    for (unsigned i = 0; good && i < LIST_PAGES; i++) {
        word[i * step] = round << 32 | ap->id << 8 | i;
    }
    for (unsigned i = 0; good && i < LIST_PAGES; i++) {
        good = word[i * step] == (round << 32 | ap->id << 8 | i);
    }
    return good && list_call(ap, 0);
}

static uint8_t *put32(uint8_t *to, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        *to++ = (uint8_t)(value >> shift);
    }
    return to;
}

static uint8_t *put16(uint8_t *to, uint32_t value)
{
    *to++ = (uint8_t)(value >> 8);
    *to++ = (uint8_t)value;
    return to;
}

static bool digest_is(const uint8_t *digest, const uint8_t *data, size_t size)
{
    uint8_t want[SHA512_SIZE];
    struct sha512 hash;

    sha512_init(&hash);
    sha512_update(&hash, data, size);
    sha512_final(&hash, want);
    return memcmp(digest, want, sizeof(want)) == 0;
}

static void fill_data(uint8_t *data, size_t size, const struct ap *ap,
                      uint64_t round)
{
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)(i * 7 + ap->id * 31 + round * 101);
    }
}

/* TPM2_Hash (TPM 2.0 Part 3, 15.4): the answer can only be that of the question. */
static bool work_tpm(struct ap *ap, uint64_t round)
{
    struct svsm_vtpm_request *r = (void *)page_of(ap, BUFFER);
    const struct svsm_vtpm_response *answer =
        (void *)page_of(ap, BUFFER);
    uint8_t data[HASH_DATA];
    uint8_t *p = r->data;

    fill_data(data, sizeof(data), ap, round);
    p = put32(put16(p, 0x8001), 10 + 2 + HASH_DATA + 2 + 4);
    p = put16(put32(p, 0x17d), HASH_DATA);
    memcpy(p, data, HASH_DATA);
    p = put32(put16(p + HASH_DATA, TPM_ALG_SHA512), TPM_RH_NULL);
    r->command = 8;
    r->locality = 0;
    r->size = (uint32_t)(p - r->data);
    return ap_svsm(ap, 2, SVSM_VTPM_CMD, (uint64_t)r) == SVSM_SUCCESS &&
           vtpm_get32(answer->data + 6) == VTPM_RC_SUCCESS &&
           digest_is(answer->data + 12, data, sizeof(data));
}

/* Report data of an attestation: SHA-512 of nonce and manifest (AMD 58019, 7). */
static bool work_attest(struct ap *ap, uint64_t round)
{
    struct svsm_attest_call *args = (void *)page_of(ap, BUFFER);
    uint8_t *nonce = page_of(ap, BUFFER) + PAGE / 2;
    uint8_t *manifest = page_of(ap, MANIFEST);
    const struct snp_attestation_report *report = (void *)page_of(ap, REPORT);
    struct call c = { .rax = SVSM_CALL(1, SVSM_ATTEST_SERVICES),
                      .rcx = (uint64_t)args };
    uint8_t both[PAGE];

    memset(args, 0, sizeof(*args));
    args->report = (struct svsm_attest_buf){ (uint64_t)report, PAGE, 0 };
    args->nonce =
        (struct svsm_attest_buf){ (uint64_t)nonce, SVSM_ATTEST_NONCE_SIZE, 0 };
    args->manifest = (struct svsm_attest_buf){ (uint64_t)manifest, PAGE, 0 };
    fill_data(nonce, SVSM_ATTEST_NONCE_SIZE, ap, round);
    if (!svsm_call_at(ap->caa, &c) || c.rax != SVSM_SUCCESS ||
        c.rcx > sizeof(both) - SVSM_ATTEST_NONCE_SIZE) {
        return false;
    }
    memcpy(both, nonce, SVSM_ATTEST_NONCE_SIZE);
    memcpy(both + SVSM_ATTEST_NONCE_SIZE, manifest, c.rcx);
    return digest_is(report->report_data, both,
                     SVSM_ATTEST_NONCE_SIZE + c.rcx);
}

/* A vCPU of its own that never runs: made and deleted. */
static bool work_vcpu(struct ap *ap, uint64_t round)
{
    struct vmsa *vmsa = (void *)page_of(ap, SPARE_VMSA);
    struct call c = { SVSM_CALL(0, SVSM_CORE_CREATE_VCPU), (uint64_t)vmsa,
                      (uint64_t)page_of(ap, SPARE_CAA), CALLERS + ap->id, 0 };

    memset(vmsa, 0, sizeof(*vmsa));
    vmsa->vmpl = 2;
    vmsa->efer = VMSA_EFER_SVME;
    vmsa->sev_features = SEV_FEATURE_SNP_ACTIVE;
    vmsa->rip = round;
    return svsm_call_at(ap->caa, &c) && c.rax == SVSM_SUCCESS &&
           vmsa->rip == round &&
           ap_svsm(ap, 0, SVSM_CORE_DELETE_VCPU, (uint64_t)vmsa) ==
               SVSM_SUCCESS;
}

/* Each begins with another kind, so that all kinds meet. */
static void work(struct ap *ap)
{
    static bool (*const kinds[])(struct ap *, uint64_t) = {
        work_pages, work_tpm, work_vcpu, work_attest
    };

    for (uint64_t round = 0; round < ROUNDS; round++) {
        if (!kinds[(round + ap->id) % 4](ap, round)) {
            ap->errors |= 1ull << (round + ap->id) % 4;
        }
        ap->done++;
    }
}

static void ap_main(struct ap *ap)
{
    ap->started++;
    while (!go) {
        __asm__ volatile("pause");
    }
    work(ap);
    ap_reset_hold();
}

static void prepare(struct ap *ap, uint32_t id)
{
    ap_init(ap, id);
    ap->pages = fw_page();
    for (unsigned i = 1; i < PAGES; i++) {
        fw_page();
    }
}

static void test_together(void)
{
    bool all = true;

    for (uint32_t i = 1; i < CALLERS; i++) {
        all = all && ap_start(&cpu[i], (void *)fw_page(), ap_main);
        all = all && ap_wait(&cpu[i].started, 1);
    }
    report(all, "vCPUs 1 to %u run", CALLERS - 1);
    go = 1;
    work(&cpu[0]);
    for (uint32_t i = 0; i < CALLERS; i++) {
        report(ap_wait(&cpu[i].done, ROUNDS), "vCPU %u made %u calls", i,
               ROUNDS);
        /* bits: PVALIDATE, TPM, CREATE and DELETE_VCPU, attestation */
        expect(cpu[i].errors, 0, "wrong answers");
    }
}

static void once_then_hold(struct ap *ap)
{
    ap->started++;
    ap_reset_hold();
}

static void once_then_halt(struct ap *ap)
{
    ap->started++;
    ap_halt();
}

/* The new VMSA first, then the old one is deleted: arch/x86/coco/sev/core.c of Linux. */
static void test_restart(struct ap *ap, void (*fn)(struct ap *),
                         const char *how)
{
    struct vmsa *spare = (void *)fw_page();
    unsigned good = 0;

    ap->started = 0;
    for (unsigned i = 0; i < RESTARTS && good == i; i++) {
        struct vmsa *old = ap->vmsa;

        good += ap_start(ap, spare, fn) && ap_wait(&ap->started, i + 1) &&
                svsm(0, SVSM_CORE_DELETE_VCPU, (uint64_t)old) == SVSM_SUCCESS;
        spare = old;
    }
    expect(good, RESTARTS, how);
    expect(ap->started, RESTARTS, "and it ran as often");
}

/* Destroyed first: then its VMSA may be deleted before there is another. */
static void test_destroy(struct ap *ap)
{
    struct vmsa *vmsa = ap->vmsa;
    unsigned good = 0;

    ap->started = 0;
    for (unsigned i = 0; i < RESTARTS && good == i; i++) {
        good += (uint32_t)ghcb_exit(GHCB_NAE_AP_CREATION,
                                    (uint64_t)ap->id << 32 | 2 << 16 |
                                        GHCB_AP_DESTROY,
                                    0, 0) == 0 &&
                svsm(0, SVSM_CORE_DELETE_VCPU, (uint64_t)vmsa) ==
                    SVSM_SUCCESS &&
                ap_start(ap, vmsa, once_then_halt) &&
                ap_wait(&ap->started, i + 1);
    }
    expect(good, RESTARTS, "destroyed, deleted, created from the same page");
}

void fw_tests(void)
{
    static const uint8_t startup[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0,
                                       0 };
    struct svsm_vtpm_request *r;

    for (uint32_t i = 0; i < CALLERS; i++) {
        prepare(&cpu[i], i);
    }
    cpu[0].caa = FW_CAA;
    r = (void *)page_of(&cpu[0], BUFFER);
    *r = (struct svsm_vtpm_request){ 8, 0, sizeof(startup) };
    memcpy(r->data, startup, sizeof(startup));
    expect(svsm(2, SVSM_VTPM_CMD, (uint64_t)r), SVSM_SUCCESS, "Startup");
    test_together();
    test_restart(&cpu[1], once_then_hold, "started again out of AP reset hold");
    test_restart(&cpu[2], once_then_halt, "started again out of HLT");
    test_destroy(&cpu[3]);
}
