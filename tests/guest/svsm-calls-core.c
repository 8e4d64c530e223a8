/* SPDX-License-Identifier: MIT */
/* SVSM tests: what the guest finds, core protocol. One argument wrong at a time. */
#include "tests/guest/svsm-fw.h"

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

void test_start(void)
{
    const struct snp_secrets_page *s = (void *)FW_SECRETS;
    const struct snp_cpuid_page *cpuid = (void *)FW_CPUID;
    bool announced = false;

    report(all(s->vmpck[0], 64, 0), "VMPCK0 and 1 are not the guest's");
    report(!all(s->vmpck[2], 32, 0) && !all(s->vmpck[3], 32, 0),
           "VMPCK2 and 3 are");
    report(s->svsm_base == SVSM_BASE && s->svsm_size == SVSM_REGION_SIZE,
           "the secrets page names the SVSM's region");
    report(s->svsm_caa == FW_CAA && s->svsm_guest_vmpl == 2 &&
               s->svsm_max_version == 1,
           "calling area, VMPL and version");
    for (uint32_t i = 0; i < cpuid->count; i++) {
        announced |= cpuid->entry[i].eax_in == CPUID_SEV_LEAF &&
                     (cpuid->entry[i].eax & CPUID_SEV_EAX_SVSM);
    }
    report(announced, "the CPUID page announces an SVSM");
    report(all((void *)FW_CAA, PAGE, 0), "the calling area is zero");
}

static void query(uint64_t rcx, uint64_t want, const char *what)
{
    struct call c = { .rax = SVSM_CALL(0, SVSM_CORE_QUERY_PROTOCOL),
                      .rcx = rcx };
    uint64_t rax = svsm_call(&c);

    report(rax == SVSM_SUCCESS && c.rcx == want, "query %s: %lx", what, want);
}

static void test_remap(void)
{
    uint64_t page = (uint64_t)fw_page();

    *(uint64_t *)page = ~0ull;
    expect(svsm(0, SVSM_CORE_REMAP_CA, page + 8), SVSM_ERR_INVALID_PARAMETER,
           "REMAP_CA, unaligned");
    expect(svsm(0, SVSM_CORE_REMAP_CA, FW_RAM_END), SVSM_ERR_INVALID_ADDRESS,
           "REMAP_CA, no memory");
    expect(svsm(0, SVSM_CORE_REMAP_CA, SVSM_BASE), SVSM_ERR_INVALID_ADDRESS,
           "REMAP_CA, the SVSM's memory");
    expect(svsm(0, SVSM_CORE_REMAP_CA, FW_RAW), SVSM_ERR_INVALID_ADDRESS,
           "REMAP_CA, not validated");
    expect(svsm(0, SVSM_CORE_REMAP_CA, FW_CAA), SVSM_SUCCESS,
           "REMAP_CA, where it is");
    expect(svsm(0, SVSM_CORE_REMAP_CA, page), SVSM_SUCCESS, "REMAP_CA");
    report(*(uint64_t *)page == 0, "its head is zeroed");
    expect(svsm(0, SVSM_CORE_QUERY_PROTOCOL, 1), ~0ull,
           "the old calling area is not looked at");
    fw_caa = page;
    expect(svsm(0, SVSM_CORE_REMAP_CA, FW_CAA), SVSM_SUCCESS,
           "the new one is");
    fw_caa = FW_CAA;
}

void test_core(void)
{
    struct call c = { .rax = SVSM_CALL(0, SVSM_CORE_CONFIGURE_VTOM), .rcx = 1 };

    query(1ull, 0x100000001, "core");
    query(1ull << 32 | 1, 0x100000001, "attestation");
    query(2ull << 32 | 1, 0x100000001, "vTPM");
    query(2ull << 32 | 2, 0, "vTPM version 2");
    query(3ull << 32 | 1, 0, "APIC");
    query(0xffffffffull << 32 | 1, 0, "protocol ffffffff");
    expect(svsm(3, 0, 0), SVSM_ERR_UNSUPPORTED_PROTOCOL, "protocol 3");
    expect(svsm(0xffffffff, 0, 0), SVSM_ERR_UNSUPPORTED_PROTOCOL,
           "protocol ffffffff");
    expect(svsm(0, 8, 0), SVSM_ERR_UNSUPPORTED_CALL, "core call 8");
    expect(svsm(1, 2, 0), SVSM_ERR_UNSUPPORTED_CALL, "attestation call 2");
    expect(svsm(2, 2, 0), SVSM_ERR_UNSUPPORTED_CALL, "vTPM call 2");
    expect(svsm(0, SVSM_CORE_DEPOSIT_MEM, 0), SVSM_ERR_UNSUPPORTED_CALL,
           "DEPOSIT_MEM");
    expect(svsm(0, SVSM_CORE_WITHDRAW_MEM, 0), SVSM_ERR_UNSUPPORTED_CALL,
           "WITHDRAW_MEM");
    expect(svsm_call(&c), SVSM_SUCCESS, "CONFIGURE_VTOM query");
    report(c.rcx == 0, "vTOM is not offered");
    expect(svsm(0, SVSM_CORE_CONFIGURE_VTOM, 2), SVSM_ERR_INVALID_REQUEST,
           "CONFIGURE_VTOM change");
    test_remap();
}

#define VALIDATE SVSM_PVALIDATE_VALIDATE
#define IGNORE SVSM_PVALIDATE_IGNORE_CF

static void test_lists(void)
{
    struct svsm_pvalidate_hdr *list = (void *)fw_page();
    uint64_t *entry = (uint64_t *)(list + 1), gpa = FW_RAW + 0x800000;

    expect(svsm(0, SVSM_CORE_PVALIDATE, (uint64_t)list + 4),
           SVSM_ERR_INVALID_PARAMETER, "list, unaligned");
    expect(svsm(0, SVSM_CORE_PVALIDATE, (uint64_t)list),
           SVSM_ERR_INVALID_PARAMETER, "list, no entries");
    expect(svsm(0, SVSM_CORE_PVALIDATE, FW_RAM_END), SVSM_ERR_INVALID_ADDRESS,
           "list, no memory");
    expect(svsm(0, SVSM_CORE_PVALIDATE, SVSM_BASE), SVSM_ERR_INVALID_ADDRESS,
           "list, the SVSM's memory");
    expect(svsm(0, SVSM_CORE_PVALIDATE, FW_RAW), SVSM_ERR_INVALID_ADDRESS,
           "list, not validated");
    *list = (struct svsm_pvalidate_hdr){ .entries = 512 };
    expect(svsm(0, SVSM_CORE_PVALIDATE, (uint64_t)list),
           SVSM_ERR_INVALID_PARAMETER, "list beyond its page");
    *list = (struct svsm_pvalidate_hdr){ .entries = 2, .next = 2 };
    expect(svsm(0, SVSM_CORE_PVALIDATE, (uint64_t)list),
           SVSM_ERR_INVALID_PARAMETER, "list, next behind the end");
    *list = (struct svsm_pvalidate_hdr){ .entries = 3 };
    entry[0] = gpa | VALIDATE;
    entry[1] = gpa | VALIDATE;
    entry[2] = (gpa + PAGE) | VALIDATE;
    expect(svsm(0, SVSM_CORE_PVALIDATE, (uint64_t)list),
           SVSM_ERR_PVALIDATE_UNCHANGED, "list, the second entry fails");
    report(list->next == 1, "next names it");
    entry[1] |= IGNORE;
    expect(svsm(0, SVSM_CORE_PVALIDATE, (uint64_t)list), SVSM_SUCCESS,
           "list, taken up there");
    report(list->next == 3, "next is behind the end");
    /* The list rescinds its own page */
    *list = (struct svsm_pvalidate_hdr){ .entries = 1 };
    entry[0] = (uint64_t)list;
    expect(svsm(0, SVSM_CORE_PVALIDATE, (uint64_t)list), SVSM_SUCCESS,
           "list that takes its own page");
}

static void test_entries(void)
{
    expect(svsm_pvalidate(FW_RAW, VALIDATE | 2), SVSM_ERR_INVALID_PARAMETER,
           "entry, size 2");
    expect(svsm_pvalidate(FW_RAW, VALIDATE | 0x10), SVSM_ERR_INVALID_PARAMETER,
           "entry, reserved bit");
    expect(svsm_pvalidate(FW_RAW + PAGE, VALIDATE | 1),
           SVSM_ERR_INVALID_PARAMETER, "entry, 2M unaligned");
    expect(svsm_pvalidate(FW_RAM_END, VALIDATE), SVSM_ERR_INVALID_ADDRESS,
           "entry, no memory");
    expect(svsm_pvalidate(SVSM_BASE, 0), SVSM_ERR_INVALID_ADDRESS,
           "entry, the SVSM's memory");
    expect(svsm_pvalidate(SVSM_BASE, VALIDATE | IGNORE),
           SVSM_ERR_INVALID_ADDRESS, "entry, validate the SVSM's memory");
    expect(svsm_pvalidate(FW_RAM_END - PAGE + SNP_CBIT, VALIDATE),
           SVSM_ERR_INVALID_ADDRESS, "entry, with the C-bit");
    expect(svsm_pvalidate(FW_CAA, 0), SVSM_ERR_INVALID_ADDRESS,
           "entry, the calling area");
}

void test_pvalidate(void)
{
    volatile uint64_t *page = (void *)(FW_RAW + 0x400000);
    uint64_t gpa = (uint64_t)page, large = FW_RAW + 0x600000;

    test_entries();
    test_lists();
    expect(svsm_pvalidate(gpa, VALIDATE), SVSM_SUCCESS, "validate");
    report(all((void *)page, PAGE, 0), "the page is zero");
    *page = 0x1234;
    expect(svsm_pvalidate(gpa, VALIDATE), SVSM_ERR_PVALIDATE_UNCHANGED,
           "validate again");
    expect(svsm_pvalidate(gpa, VALIDATE | IGNORE), SVSM_SUCCESS,
           "validate again, ignoring");
    report(*page == 0x1234, "its contents stay");
    expect(svsm_pvalidate(gpa, 0), SVSM_SUCCESS, "rescind");
    expect(svsm_pvalidate(gpa, 0), SVSM_ERR_PVALIDATE_UNCHANGED,
           "rescind again");
    expect(svsm_pvalidate(gpa, IGNORE), SVSM_SUCCESS,
           "rescind again, ignoring");
    expect(svsm_pvalidate(gpa, VALIDATE), SVSM_SUCCESS, "validate it anew");
    report(*page == 0, "and it is zero again");
    expect(svsm_pvalidate(gpa & ~(SNP_LARGE_PAGE_SIZE - 1ull), VALIDATE | 1),
           SVSM_ERR_PVALIDATE_SIZEMISMATCH, "2M over 4K pages");
    expect(svsm_pvalidate(large, VALIDATE | 1), SVSM_SUCCESS, "validate 2M");
    page = (void *)(large + SNP_LARGE_PAGE_SIZE - 8);
    *page = 1;
    report(*page == 1, "the guest has all of it");
    expect(svsm_pvalidate(large, 1), SVSM_SUCCESS, "rescind 2M");
}
