/* SPDX-License-Identifier: MIT */
/*
 * A reset is a launch of its own: nothing of the boot before is left but what
 * lay in shared memory, and that carries the verdicts to the last boot. Each
 * boot looks first, then leaves as much as it can behind. Two vCPUs.
 */
#include "svsm/guest_msg.h"
#include "tests/guest/guest.h"

#define MAGIC 0x7465736572ull
#define BOOTS 3
#define CHECKS 10
#define SPINS 2000000000ull
#define PORT_RESET 0xcf9
#define CANARY 0x5a

/* In a shared page, at the same address in each boot. */
struct record {
    uint64_t magic;
    uint32_t boots;
    uint8_t measurement[48], report_id[32], vmpck[32];
    bool good[BOOTS][CHECKS];
};

static const char *const checks[CHECKS] = {
    "a page that was validated no longer is",
    "a page that the guest wrote is empty",
    "VMPL1 has no right to a page that was granted to it",
    "a page that was shared is private",
    "a VMSA page is none",
    "the AP does not run",
    "an AP can be created",
    "the keys to the AMD-SP are others, and count from 1",
    "the measurement is the same",
    "the report ID is another one",
};

static struct record *record;
static uint8_t *kept, *shared;
static struct vmsa *vmsa;
static volatile uint64_t alive;

static void ap_main(void *arg)
{
    (void)arg;
    for (;;) {
        alive++;
    }
}

static void verdict(unsigned int check, bool good)
{
    record->good[record->boots][check] = good;
}

/* The page is shared by hand: page_share() would empty it. */
static void open_record(void)
{
    void *page = page_raw();

    psc((uint64_t)page, GHCB_PSC_SHARED);
    record = page_map(page, (uint64_t)page, PTE_SHARED_RW);
    if (record->magic != MAGIC || record->boots >= BOOTS) {
        memset(record, 0, sizeof(*record));
        record->magic = MAGIC;
    }
}

static bool empty(const uint8_t *page)
{
    for (unsigned int i = 0; i < PAGE; i++) {
        if (page[i] != 0) {
            return false;
        }
    }
    return true;
}

static void check_memory(void)
{
    struct rmp_result r;

    kept = page_raw();
    shared = page_raw();
    vmsa = page_raw();
    r = pvalidate(kept, false, true);
    verdict(0, r.eax == SNP_OK && !r.carry);
    verdict(1, empty(kept));
    r = rmpquery(kept, rdx_of(1, 0));
    verdict(2, r.eax == SNP_OK && (r.rdx >> RMPADJUST_PERM_SHIFT & 0xf) == 0);
    r = pvalidate(shared, false, true);
    verdict(3, r.eax == SNP_OK && !r.carry && empty(shared));
    r = pvalidate(vmsa, false, true);
    verdict(4, r.eax == SNP_OK && !r.carry && empty((uint8_t *)vmsa));
}

static bool comes_to_life(void)
{
    for (uint64_t i = 0; i < SPINS && alive == 0; i++) {
        __asm__ volatile("pause");
    }
    return alive != 0;
}

static void check_ap(void)
{
    const struct vmsa *state;

    for (unsigned int i = 0; i < 1000; i++) {
        io_in(0x80, 1); /* time for the AP, if it still ran */
    }
    verdict(5, alive == 0);
    state = vmpl_vmsa(0, ap_main, NULL);
    ghcb_begin();
    GHCB_SET(rax, SEV_FEATURE_SNP_ACTIVE);
    verdict(6, (uint32_t)ghcb_call(GHCB_NAE_AP_CREATION,
                                   1ull << 32 | GHCB_AP_CREATE,
                                   (uint64_t)state) == 0 &&
                   comes_to_life());
}

/* The first message of this launch, by its VMPCK0. */
static const struct snp_report_rsp *get_report(const uint8_t *vmpck)
{
    static const struct snp_report_req request = { .vmpl = 0 };
    const struct guest_msg_id id = { 1, SNP_MSG_REPORT_REQ, 0 };
    const struct guest_msg_id answer = { 2, SNP_MSG_REPORT_RSP, 0 };
    struct snp_guest_msg *out = page_share(page_alloc());
    struct snp_guest_msg *in = page_share(page_alloc());
    struct snp_guest_msg *copy = page_alloc();
    struct aes256 key;

    aes256_init(&key, vmpck);
    guest_msg_seal(copy, &key, &id, &request, sizeof(request));
    memcpy(out, copy, PAGE);
    ghcb_begin();
    if (ghcb_call(GHCB_NAE_GUEST_REQUEST, (uint64_t)out, (uint64_t)in) != 0) {
        return NULL;
    }
    memcpy(copy, in, PAGE);
    return guest_msg_open(copy, &key, &answer, sizeof(struct snp_report_rsp))
               ? (const void *)copy->payload
               : NULL;
}

static void check_firmware(void)
{
    const struct snp_secrets_page *secrets = (void *)SVSM_SECRETS_GPA;
    const struct snp_report_rsp *r = get_report(secrets->vmpck[0]);
    const struct snp_attestation_report *a = r ? &r->report : NULL;
    bool first = record->boots == 0;

    verdict(7, a && memcmp(secrets->vmpck[0], record->vmpck, 32) != 0);
    verdict(8, a && (first ||
                     memcmp(a->measurement, record->measurement, 48) == 0));
    verdict(9, a && memcmp(a->report_id, record->report_id, 32) != 0);
    memcpy(record->vmpck, secrets->vmpck[0], 32);
    if (a) {
        memcpy(record->measurement, a->measurement, 48);
        memcpy(record->report_id, a->report_id, 32);
    }
}

/* What the next boot must not find. The AP goes on. */
static void leave_traces(void)
{
    memset(kept, CANARY, PAGE);
    rmpadjust(kept, false, rdx_of(1, RMP_PERM_READ | RMP_PERM_WRITE));
    page_share(shared);
    memset(shared, CANARY, PAGE);
    rmpadjust(vmsa, false, rdx_of(1, 0) | RMPADJUST_VMSA);
}

static void reset(void)
{
    io_out(PORT_RESET, 1, 2);
    io_out(PORT_RESET, 1, 6);
    for (;;) {
        __asm__ volatile("pause");
    }
}

void guest_main(void)
{
    open_record();
    check_memory();
    check_ap();
    check_firmware();
    record->boots++;
    if (record->boots < BOOTS) {
        leave_traces();
        reset();
    }
    for (unsigned int boot = 0; boot < BOOTS; boot++) {
        for (unsigned int i = 0; i < CHECKS; i++) {
            report(record->good[boot][i], "boot %u: %s", boot, checks[i]);
        }
    }
}
