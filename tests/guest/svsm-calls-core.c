/* SPDX-License-Identifier: MIT */
/* SVSM conformance: what the guest finds, calling convention, core protocol without memory and vCPUs. */
#include "tests/guest/svsm-calls.h"

#include <string.h>

static bool all(const void *p, size_t n, uint8_t value)
{
    for (size_t i = 0; i < n; i++) {
        if (((const volatile uint8_t *)p)[i] != value) {
            return false;
        }
    }
    return true;
}

static bool region_is_apart(const struct snp_secrets_page *s)
{
    static const uint64_t own[] = { 0x800000, FW_GHCB, FW_SECRETS, FW_CPUID,
                                    FW_CAA,   0x811000, 0xffff0000 };

    for (unsigned i = 0; i < COUNT(own); i++) {
        if (own[i] >= s->svsm_base && own[i] < s->svsm_base + s->svsm_size) {
            return false;
        }
    }
    return true;
}

void test_start(void)
{
    const struct snp_secrets_page *s = (void *)FW_SECRETS;
    const struct snp_cpuid_page *cpuid = (void *)FW_CPUID;
    unsigned vmpl = s->svsm_guest_vmpl;
    bool announced = false;

    report(vmpl >= 1 && vmpl <= 3, "5 the guest is at VMPL%u", vmpl);
    for (unsigned i = 0; i < 4; i++) {
        report(all(s->vmpck[i], 32, 0) == (i < vmpl),
               "5 VMPCK%u is %sthe guest's", i, i < vmpl ? "not " : "");
    }
    report(s->svsm_base % PAGE == 0 && s->svsm_size && s->svsm_size % PAGE == 0,
           "5 the SVSM's region is whole pages");
    report(region_is_apart(s), "5 and nothing of the guest's");
    report(s->svsm_caa == FW_CAA, "5 the calling area is where it was asked");
    report(s->svsm_max_version >= 1, "5 a protocol version");
    for (uint32_t i = 0; i < cpuid->count; i++) {
        announced |= cpuid->entry[i].eax_in == CPUID_SEV_LEAF &&
                     (cpuid->entry[i].eax & CPUID_SEV_EAX_SVSM);
    }
    report(announced, "5 the CPUID page announces an SVSM");
    report(all((void *)FW_CAA, 8, 0), "5 the calling area's head is zero");
}

/* RAX after a switch to the SVSM that is no call; ~0: the host did not switch */
static uint64_t not_a_call(uint64_t rax)
{
    struct call c = { .rax = rax, .rcx = 1 };

    return svsm_switch(&c) ? c.rax : ~0ull;
}

void test_convention(void)
{
    struct svsm_caa *area = (void *)fw_caa;
    struct call c = { CORE(QUERY_PROTOCOL), 1, 0x1111, 0x2222, 0x3333 };

    expect(not_a_call(CORE(QUERY_PROTOCOL)), CORE(QUERY_PROTOCOL),
           "4.1 call_pending 0: nothing is done");
    memset(area->buffer, 0xa5, sizeof(area->buffer));
    expect(svsm_call(&c), SVSM_SUCCESS, "4.2 a call");
    report(c.rdx == 0x1111 && c.r8 == 0x2222 && c.r9 == 0x3333,
           "4.2 registers that are no output are kept");
    report(area->call_pending == 0, "4.1 call_pending is cleared");
    report(all(area->buffer, sizeof(area->buffer), 0xa5),
           "4.1 the rest of the calling area is the guest's");
    report(area->mem_available == 0, "4.1 no memory to withdraw");
}

/* The lowest and highest version in RCX, 0 for a protocol that is not there. */
static void query(uint32_t protocol, uint32_t version, bool there)
{
    struct call c = { .rax = CORE(QUERY_PROTOCOL),
                      .rcx = (uint64_t)protocol << 32 | version };
    uint64_t rax = svsm_call(&c);
    uint32_t min = (uint32_t)c.rcx, max = (uint32_t)(c.rcx >> 32);

    report(rax == SVSM_SUCCESS &&
               (there ? min <= version && version <= max && min != 0
                      : c.rcx == 0),
           "6.7 query protocol %u version %u: RCX %lx", protocol, version,
           c.rcx);
}

/* A protocol that the query denies has no calls; others are not looked at here. */
static void test_optional(uint32_t protocol)
{
    struct call c = { .rax = CORE(QUERY_PROTOCOL),
                      .rcx = (uint64_t)protocol << 32 | 1 };

    if (svsm_call(&c) == SVSM_SUCCESS && c.rcx == 0) {
        expect(svsm(protocol, 0, 0), SVSM_ERR_UNSUPPORTED_PROTOCOL,
               "4.3 a protocol that the query denies");
    } else {
        report(ANY_SVSM, "6.7 protocol %u is offered", protocol);
    }
}

static void test_queries(void)
{
    for (uint32_t protocol = 0; protocol < 3; protocol++) {
        query(protocol, 0, false);
        query(protocol, 1, true);
        query(protocol, 0x7fffffff, false);
        query(protocol, 0xffffffff, false);
    }
    query(0xffffffff, 1, false);
    query(0x80000000, 1, false);
    query(0x80000000, 0, false);
    test_optional(SVSM_PROTOCOL_APIC);
    test_optional(4);
    test_optional(5);
    test_optional(0xffffffff);
}

static const struct row calls[] = {
    { "4.3", "core call 8", SVSM_CALL(0, 8), .want = SVSM_ERR_UNSUPPORTED_CALL },
    { "4.3", "core call ffffffff", SVSM_CALL(0, 0xffffffff),
      .want = SVSM_ERR_UNSUPPORTED_CALL },
    { "4.3", "attestation call 2", SVSM_CALL(1, 2),
      .want = SVSM_ERR_UNSUPPORTED_CALL,
      .also = SVSM_ERR_UNSUPPORTED_PROTOCOL },
    { "4.3", "attestation call ffffffff", SVSM_CALL(1, 0xffffffff),
      .want = SVSM_ERR_UNSUPPORTED_CALL,
      .also = SVSM_ERR_UNSUPPORTED_PROTOCOL },
    { "4.3", "vTPM call 2", SVSM_CALL(2, 2), .want = SVSM_ERR_UNSUPPORTED_CALL },
    { "4.3", "vTPM call ffffffff", SVSM_CALL(2, 0xffffffff),
      .want = SVSM_ERR_UNSUPPORTED_CALL },
    { "6.5", "DEPOSIT_MEM", CORE(DEPOSIT_MEM), { GOOD, 0 },
      .want = SVSM_ERR_UNSUPPORTED_CALL },
    { "6.5", "DEPOSIT_MEM of the SVSM's memory", CORE(DEPOSIT_MEM), { SVSM, 0 },
      .want = SVSM_ERR_UNSUPPORTED_CALL },
    { "6.6", "WITHDRAW_MEM", CORE(WITHDRAW_MEM), { GOOD, 0 },
      .want = SVSM_ERR_UNSUPPORTED_CALL },
    { "6.6", "WITHDRAW_MEM into the SVSM's memory", CORE(WITHDRAW_MEM),
      { SVSM, 0 }, .want = SVSM_ERR_UNSUPPORTED_CALL },
    { "6.8", "CONFIGURE_VTOM: a change", CORE(CONFIGURE_VTOM), { NUMBER, 0 },
      .want = SVSM_ERR_INVALID_REQUEST },
    { "6.8", "CONFIGURE_VTOM: a change to 64 GiB", CORE(CONFIGURE_VTOM),
      { NUMBER, 0x1000000000 }, .want = SVSM_ERR_INVALID_REQUEST },
};

static const struct row remaps[] = {
    { "6.1", "REMAP_CA 1 off", CORE(REMAP_CA), { GOOD, 1 }, .want = PARAMETER },
    { "6.1", "REMAP_CA 8 off", CORE(REMAP_CA), { GOOD, 8 }, .want = PARAMETER },
    { "6.1", "REMAP_CA half a page off", CORE(REMAP_CA), { GOOD, PAGE / 2 },
      .want = PARAMETER },
    { "6.1", "REMAP_CA to no memory", CORE(REMAP_CA), { BEYOND, 0 },
      .want = ADDRESS, .also = PARAMETER },
    { "6.1", "REMAP_CA to the SVSM's first page", CORE(REMAP_CA), { SVSM, 0 },
      .want = ADDRESS, .also = PARAMETER },
    { "6.1", "REMAP_CA to its last", CORE(REMAP_CA), { SVSM_LAST, 0 },
      .want = ADDRESS, .also = PARAMETER },
    { "6.1", "REMAP_CA to a page not validated", CORE(REMAP_CA), { RAW, 0 },
      .want = ADDRESS, .also = PARAMETER },
    { "6.1", "REMAP_CA with the C-bit", CORE(REMAP_CA), { GOOD, SNP_CBIT },
      .want = ADDRESS, .also = PARAMETER },
    { "6.1", "REMAP_CA where it is", CORE(REMAP_CA), { CALLING, 0 },
      .want = SVSM_SUCCESS },
};

/* What should have been refused, and was not, is undone: the rows after it are
 * served. */
static void run_remaps(void)
{
    for (size_t i = 0; i < COUNT(remaps); i++) {
        run_rows(&remaps[i], 1);
        if (svsm(0, SVSM_CORE_QUERY_PROTOCOL, 1) == ~0ull) {
            fw_caa = place(remaps[i].rcx);
            svsm(0, SVSM_CORE_REMAP_CA, FW_CAA);
            fw_caa = FW_CAA;
        }
    }
}

/* To `page` and back: each call is served through the area that was told last. */
static void remap_to(uint64_t page)
{
    memset((void *)page, 0xff, PAGE);
    expect(svsm(0, SVSM_CORE_REMAP_CA, page), SVSM_SUCCESS, "6.1 REMAP_CA");
    report(*(volatile uint8_t *)page == 0, "6.1 nothing is pending there");
    expect(svsm(0, SVSM_CORE_QUERY_PROTOCOL, 1), ~0ull,
           "6.1 the old calling area is not looked at");
    fw_caa = page;
    expect(svsm(0, SVSM_CORE_QUERY_PROTOCOL, 1), SVSM_SUCCESS,
           "6.1 the new one is");
    expect(svsm(0, SVSM_CORE_REMAP_CA, FW_CAA), SVSM_SUCCESS,
           "6.1 REMAP_CA back");
    fw_caa = FW_CAA;
}

void test_core(void)
{
    struct call c = { .rax = CORE(CONFIGURE_VTOM), .rcx = 1 };

    test_queries();
    expect(svsm_call(&c), SVSM_SUCCESS, "6.8 CONFIGURE_VTOM: the query");
    report((c.rcx & 1) == 0, "6.8 vTOM is not offered");
    run_rows(calls, COUNT(calls));
    run_remaps();
    remap_to(place((struct arg){ GOOD_2, 0 }));
    remap_to(place((struct arg){ LAST, 0 }));
}
