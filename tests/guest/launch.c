/* SPDX-License-Identifier: MIT */
/* What a launch leaves: registers, boot info, parameters, CPUID and secrets pages, memory. */
#include "tests/guest/guest.h"

static uint64_t data_word = 0x1122334455667788;
static uint8_t zero_page[2 * PAGE];

static void check_start(void)
{
    uint64_t cr0, cr3, cr4, status = rdmsr(MSR_AMD64_SEV_STATUS);

    report(start_regs[START_RDI] == SVSM_BOOT_INFO_GPA, "RDI: boot info");
    report(start_regs[START_RSP] == 0 && start_regs[START_RAX] == 0 &&
               start_regs[START_RBX] == 0 && start_regs[START_RBP] == 0,
           "other registers are zero");
    report(start_regs[START_RFLAGS] == 2, "RFLAGS 2: interrupts are off");
    __asm__("mov %%cr0, %0" : "=r"(cr0));
    __asm__("mov %%cr3, %0" : "=r"(cr3));
    __asm__("mov %%cr4, %0" : "=r"(cr4));
    report(cr0 == 0x80010031 && cr4 == 0x660, "CR0 and CR4");
    report((cr3 & ~SNP_CBIT) == boot->page_table_base, "CR3");
    report((rdmsr(0xc0000080) & 0xd00) == 0xd00, "EFER: LME, LMA, NXE");
    report(status == (SEV_STATUS_SEV | SEV_STATUS_ES |
                      SEV_FEATURE_SNP_ACTIVE << SEV_STATUS_FEATURES_SHIFT),
           "SEV_STATUS says SEV, ES, SNP and no more");
}

static void check_boot_info(void)
{
    report(boot->magic == SVSM_BOOT_MAGIC && boot->version == SVSM_BOOT_VERSION,
           "boot info: magic and version");
    report(boot->region_base == SVSM_BASE &&
               boot->region_size == SVSM_REGION_SIZE,
           "boot info: region");
    report(boot->image_base == SVSM_IMAGE_GPA &&
               boot->image_base + boot->image_size >= (uint64_t)image_end,
           "boot info: image");
    report(boot->heap_base + boot->heap_size ==
               boot->region_base + boot->region_size,
           "boot info: the heap ends the region");
    report(boot->policy == SNP_POLICY_DEFAULT, "boot info: policy");
}

static void check_image(void)
{
    bool zero = true;

    for (unsigned int i = 0; i < sizeof(zero_page); i++) {
        zero = zero && zero_page[i] == 0;
    }
    report(data_word == 0x1122334455667788, "data is in place");
    report(zero, "zero pages are zero");
}

static void check_parameters(void)
{
    const struct svsm_general_params *params =
        (void *)SVSM_GENERAL_PARAMS_GPA;
    const struct igvm_memory_map_entry *map = (void *)SVSM_MEMORY_MAP_GPA;
    uint64_t ram = 0, end = 0;
    bool sorted = true;
    unsigned int n;

    report(params->vp_count == 1, "VP count is 1");
    for (n = 0; n < 128 && map[n].number_of_pages != 0; n++) {
        uint64_t start = map[n].starting_gpa_page_number;

        sorted = sorted && start >= end;
        end = start + map[n].number_of_pages;
        if (map[n].entry_type == IGVM_MEMORY_RAM) {
            ram += map[n].number_of_pages;
        }
    }
    report(n > 0 && n < 128, "memory map: %u entries and an end", n);
    report(sorted, "memory map is sorted and does not overlap");
    report(ram >= 60 * 256 && ram <= 64 * 256, "memory map: 64 MiB of RAM");
    print("# %lu pages of RAM\n", ram);
}

static const struct snp_cpuid_entry *find_leaf(uint32_t leaf, uint32_t sub)
{
    const struct snp_cpuid_page *page = (void *)SVSM_CPUID_GPA;

    for (uint32_t i = 0; i < page->count && i < SNP_CPUID_COUNT_MAX; i++) {
        if (page->entry[i].eax_in == leaf && page->entry[i].ecx_in == sub) {
            return &page->entry[i];
        }
    }
    return NULL;
}

static void check_cpuid(void)
{
    const struct snp_cpuid_page *page = (void *)SVSM_CPUID_GPA;
    const struct snp_cpuid_entry *sev = find_leaf(CPUID_SEV_LEAF, 0);
    const struct snp_cpuid_entry *max = find_leaf(0x80000000, 0);
    const struct snp_cpuid_entry *basic = find_leaf(0, 0);
    uint64_t answer;

    report(page->count >= 1 && page->count <= SNP_CPUID_COUNT_MAX,
           "CPUID page: %u entries", page->count);
    report(max && max->eax >= CPUID_SEV_LEAF, "CPUID page: leaf 80000000");
    report(sev && (sev->eax & 0x1a) == 0x1a && (sev->ebx & 63) == SNP_CBIT_POS,
           "CPUID page: SEV, ES, SNP and the C-bit's position");
    answer = ghcb_msr(1ull << 30 | GHCB_MSR_CPUID_REQ);
    report(basic && answer == ((uint64_t)basic->ebx << 32 | 1ull << 30 |
                               GHCB_MSR_CPUID_RESP),
           "the host answers leaf 0 as the page does");
}

static void check_secrets(void)
{
    static const uint8_t zero[32];
    const struct snp_secrets_page *s = (void *)SVSM_SECRETS_GPA;
    bool differ = true;

    for (unsigned int i = 0; i < 4; i++) {
        differ = differ && memcmp(s->vmpck[i], zero, 32) != 0;
        for (unsigned int j = 0; j < i; j++) {
            differ = differ && memcmp(s->vmpck[i], s->vmpck[j], 32) != 0;
        }
    }
    report(differ, "secrets page: four different keys");
    report(s->svsm_size == 0 && s->svsm_caa == 0, "secrets page: no SVSM yet");
    report(s->msg_seqno[0] == 0, "secrets page: sequence numbers are 0");
}

static void read_byte(void *va)
{
    (void)*(volatile uint8_t *)va;
}

void guest_main(void)
{
    check_start();
    check_boot_info();
    check_image();
    check_parameters();
    check_cpuid();
    check_secrets();
    report_vc(read_byte, (void *)boot->heap_base, SVM_EXIT_PAGE_NOT_VALIDATED,
              "the heap is not validated");
    report_trap(read_byte, (void *)0x8000006000, TRAP_PF, 0,
                "the guard below the image is not mapped");
}
