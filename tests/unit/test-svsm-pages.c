/* SPDX-License-Identifier: MIT */
/* Pages made for the guest: secrets, CPUID, VMSA; and the boot info that says where. */
#include <glib.h>
#include <string.h>

#include "svsm/boot_info.h"
#include "svsm/cpuid.h"
#include "svsm/guest_vmsa.h"
#include "svsm/secrets.h"

static gboolean all_bytes(const guint8 *p, gsize n, guint8 value)
{
    for (gsize i = 0; i < n; i++) {
        if (p[i] != value) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The guest at VMPL n gets the keys n to 3 */
static void test_secrets(void)
{
    g_autofree struct snp_secrets_page *from = g_new0(typeof(*from), 1);
    g_autofree struct snp_secrets_page *to = g_new0(typeof(*to), 1);

    from->version = 3;
    for (guint i = 0; i < 4; i++) {
        memset(from->vmpck[i], (int)i + 0x10, 32);
    }
    for (guint vmpl = 1; vmpl < 4; vmpl++) {
        const struct secrets_svsm svsm = { 0x8000000000, 0x2000000, 0x80f000,
                                           vmpl };

        memset(to, 0xee, sizeof(*to));
        secrets_for_guest(to, from, &svsm);
        for (guint i = 0; i < 4; i++) {
            g_assert_true(all_bytes(to->vmpck[i], 32,
                                    i < vmpl ? 0 : (guint8)(i + 0x10)));
        }
        g_assert_cmphex(to->svsm_base, ==, 0x8000000000);
        g_assert_cmphex(to->svsm_size, ==, 0x2000000);
        g_assert_cmphex(to->svsm_caa, ==, 0x80f000);
        g_assert_cmpuint(to->svsm_max_version, ==, 1);
        g_assert_cmpuint(to->svsm_guest_vmpl, ==, vmpl);
        g_assert_cmpuint(to->version, ==, 3);
    }
    g_assert_cmpuint(from->vmpck[0][0], ==, 0x10);
}

static void cpuid_sample(struct snp_cpuid_page *page)
{
    memset(page, 0, sizeof(*page));
    page->count = 5;
    page->entry[0] = (struct snp_cpuid_entry){ .eax_in = 1, .ecx_in = 9,
                                               .eax = 0xa20f10 };
    page->entry[1] = (struct snp_cpuid_entry){ .eax_in = 7, .ecx_in = 1,
                                               .eax = 0x71 };
    page->entry[2] = (struct snp_cpuid_entry){ .eax_in = 7, .ebx = 0x70 };
    page->entry[3] = (struct snp_cpuid_entry){ .eax_in = 0x8000001f,
                                               .eax = 0x1a, .ebx = 0x73 };
    page->entry[4] = (struct snp_cpuid_entry){ .eax_in = 0xd, .xcr0_in = 7 };
}

static void test_cpuid_lookup(void)
{
    g_autofree struct snp_cpuid_page *page = g_new0(typeof(*page), 1);
    struct cpuid_regs regs;

    cpuid_sample(page);
    g_assert_true(cpuid_page_lookup(page, 1, 0, &regs)); /* no subleaves */
    g_assert_cmphex(regs.eax, ==, 0xa20f10);
    g_assert_true(cpuid_page_lookup(page, 7, 0, &regs));
    g_assert_cmphex(regs.ebx, ==, 0x70);
    g_assert_true(cpuid_page_lookup(page, 7, 1, &regs));
    g_assert_cmphex(regs.eax, ==, 0x71);
    g_assert_false(cpuid_page_lookup(page, 7, 2, &regs));
    g_assert_cmphex(regs.eax, ==, 0);
    g_assert_false(cpuid_page_lookup(page, 0xd, 0, &regs)); /* other XCR0 */
    g_assert_false(cpuid_page_lookup(page, 2, 0, &regs));
}

static void test_cpuid_valid(void)
{
    g_autofree struct snp_cpuid_page *page = g_new0(typeof(*page), 1);

    cpuid_sample(page);
    g_assert_true(cpuid_page_valid(page));
    page->count = 0;
    g_assert_false(cpuid_page_valid(page));
    page->count = SNP_CPUID_COUNT_MAX + 1;
    g_assert_false(cpuid_page_valid(page));
    cpuid_sample(page);
    page->entry[3].ebx = 47; /* C-bit elsewhere */
    g_assert_false(cpuid_page_valid(page));
    cpuid_sample(page);
    page->entry[3].eax = 0xa; /* SEV-ES only */
    g_assert_false(cpuid_page_valid(page));
    page->entry[3].eax_in = 0x80000020;
    g_assert_false(cpuid_page_valid(page));
}

static void test_cpuid_guest(void)
{
    g_autofree struct snp_cpuid_page *from = g_new0(typeof(*from), 1);
    g_autofree struct snp_cpuid_page *to = g_new0(typeof(*to), 1);

    cpuid_sample(from);
    cpuid_page_for_guest(to, from);
    g_assert_cmphex(to->entry[3].eax, ==, 0x1000001a);
    to->entry[3].eax = 0x1a;
    g_assert_cmpmem(to, sizeof(*to), from, sizeof(*from));
}

static void test_vmsa(void)
{
    g_autofree struct vmsa *vmsa = g_new0(typeof(*vmsa), 1);

    guest_vmsa_reset(vmsa, 0xfffffff0, 2, 0x1, 0xa20f10);
    g_assert_cmphex(vmsa->cs.selector, ==, 0xf000);
    g_assert_cmphex(vmsa->cs.base + vmsa->rip, ==, 0xfffffff0);
    g_assert_cmphex(vmsa->efer, ==, 0x1000);
    g_assert_cmphex(vmsa->cr0, ==, 0x60000010);
    g_assert_cmphex(vmsa->rflags, ==, 2);
    g_assert_cmphex(vmsa->g_pat, ==, 0x7040600070406);
    g_assert_cmphex(vmsa->rdx, ==, 0xa20f10);
    g_assert_cmpuint(vmsa->vmpl, ==, 2);
    g_assert_cmphex(vmsa->sev_features, ==, 1);
    g_assert_cmphex(vmsa->xcr0, ==, 1);
}

/* One field wrong at a time */
static void test_boot_info(void)
{
    const struct svsm_boot_info good = {
        .magic = SVSM_BOOT_MAGIC,
        .version = SVSM_BOOT_VERSION,
        .guest_vmpl = 2,
        .region_base = SVSM_BASE,
        .region_size = SVSM_REGION_SIZE,
        .vtpm_base = SVSM_BASE + 0x100000,
        .vtpm_size = 0x123456,
        .heap_base = SVSM_BASE + 0x800000,
        .heap_size = 0x1800000,
        .fw_base = 0xffc00000,
        .fw_size = 0x400000,
        .fw_range_count = 7,
    };
    struct svsm_boot_info info;

#define REFUSED(member, value)                             \
    do {                                                   \
        info = good;                                       \
        info.member = (value);                             \
        g_assert_nonnull(boot_info_check(&info));          \
    } while (0)
    g_assert_cmpstr(boot_info_check(&good), ==, NULL);
    REFUSED(magic, 1);
    REFUSED(version, 2);
    REFUSED(guest_vmpl, 0);
    REFUSED(guest_vmpl, 4);
    REFUSED(region_base, SVSM_BASE + 0x1000);
    REFUSED(region_size, SVSM_REGION_SIZE * 2);
    REFUSED(heap_base, SVSM_BASE + 0x800800);
    REFUSED(heap_base, 0);
    REFUSED(heap_size, 0x1801000);
    REFUSED(heap_size, 0x1000);
    REFUSED(vtpm_size, SVSM_REGION_SIZE);
    REFUSED(vtpm_base, SVSM_BASE - 0x1000);
    REFUSED(fw_base, 0xffc00010);
    REFUSED(fw_range_count, SVSM_FW_RANGE_MAX + 1);
    REFUSED(flags, 2);
    info = good;
    info.flags = SVSM_BOOT_KERNEL_HASHES;
    g_assert_cmpstr(boot_info_check(&info), ==, NULL);
#undef REFUSED
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/svsm/pages/secrets", test_secrets);
    g_test_add_func("/svsm/pages/cpuid-lookup", test_cpuid_lookup);
    g_test_add_func("/svsm/pages/cpuid-valid", test_cpuid_valid);
    g_test_add_func("/svsm/pages/cpuid-guest", test_cpuid_guest);
    g_test_add_func("/svsm/pages/vmsa", test_vmsa);
    g_test_add_func("/svsm/pages/boot-info", test_boot_info);
    return g_test_run();
}
