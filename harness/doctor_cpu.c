/* SPDX-License-Identifier: MIT */
/* Processor, microcode, BIOS. */
#include <stdlib.h>
#include <string.h>

#include "harness/doctor.h"

/* CPUID 8000001F */
#define LEAF_ENCRYPTION 0x8000001fu
enum { EAX, EBX, ECX, EDX };
#define EAX_SEV (1u << 1)
#define EAX_SEV_ES (1u << 3)
#define EAX_SEV_SNP (1u << 4)
#define EAX_VMPL (1u << 5)

const char *doctor_product(unsigned family, unsigned model)
{
    static const struct {
        unsigned family, first, last;
        const char *name;
    } products[] = {
        { 0x19, 0x00, 0x0f, "Milan" },
        { 0x19, 0x10, 0x1f, "Genoa" },
        { 0x19, 0xa0, 0xaf, "Genoa" }, /* Bergamo, Siena: Genoa's keys */
        { 0x1a, 0x00, 0x1f, "Turin" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(products); i++) {
        if (family == products[i].family && model >= products[i].first &&
            model <= products[i].last) {
            return products[i].name;
        }
    }
    return NULL;
}

static unsigned number(const char *text, const char *name)
{
    g_autofree char *value = doctor_field(text, name);
    return value ? (unsigned)strtoul(value, NULL, 0) : 0;
}

static const char *examine_model(struct doctor *d, const char *info)
{
    static const char wanted[] = "AMD EPYC 7003 (Milan) or newer";
    g_autofree char *vendor = doctor_field(info, "vendor_id");
    g_autofree char *name = doctor_field(info, "model name");
    unsigned family = number(info, "cpu family"), model = number(info, "model");
    gboolean amd = vendor && strcmp(vendor, "AuthenticAMD") == 0;
    const char *product = amd ? doctor_product(family, model) : NULL;
    struct doctor_item *item = doctor_add(
        d, "cpu", DOCTOR_SNP, product ? DOCTOR_OK : DOCTOR_MISSING, wanted,
        "%s, family %u, model %u%s%s%s", name ? name : "unknown", family, model,
        product ? " (" : "", product ? product : "", product ? ")" : "");
    doctor_mend(item, "take a machine with such a processor");
    return product;
}

static void examine_snp(struct doctor *d, const guint32 regs[4])
{
    const guint32 all = EAX_SEV | EAX_SEV_ES | EAX_SEV_SNP | EAX_VMPL;
    gboolean ok = (regs[EAX] & all) == all;
    struct doctor_item *item = doctor_add(
        d, "cpu-snp", DOCTOR_SNP, ok ? DOCTOR_OK : DOCTOR_MISSING,
        "CPUID 8000001F: SEV, SEV-ES, SEV-SNP, VMPL", "%s%s%s%sC-bit %u",
        regs[EAX] & EAX_SEV ? "SEV, " : "no SEV, ",
        regs[EAX] & EAX_SEV_ES ? "SEV-ES, " : "no SEV-ES, ",
        regs[EAX] & EAX_SEV_SNP ? "SEV-SNP, " : "no SEV-SNP, ",
        regs[EAX] & EAX_VMPL ? "VMPL, " : "no VMPL, ", regs[EBX] & 0x3f);
    doctor_mend(item, "in the BIOS, enable SMEE (secure memory encryption) and "
                      "SEV control; a virtual machine shows none of it");
}

/* ASIDs below the smallest one of plain SEV guests are for SEV-ES and SNP. */
static void examine_asids(struct doctor *d, const guint32 regs[4])
{
    guint32 count = regs[EDX] > 0 ? regs[EDX] - 1 : 0;
    struct doctor_item *item =
        doctor_add(d, "asids", DOCTOR_SNP, count ? DOCTOR_OK : DOCTOR_MISSING,
                   "at least one ASID for SEV-ES and SEV-SNP guests",
                   "%u of %u", count, regs[ECX]);
    doctor_mend(item, "in the BIOS, set the SEV-ES ASID space limit to the "
                      "number of SNP guests wanted, plus 1");
}

/*
 * By the processor's part of a revision, the newest that still takes
 * microcode with a forged signature (AMD-SB-3019): reports of such a machine
 * prove little. The numbers are those that Linux' loader has.
 */
static unsigned weak_until(unsigned revision)
{
    static const struct {
        unsigned part, last;
    } weak[] = {
        { 0xa0011, 0xa0011da }, { 0xa0012, 0xa001243 }, { 0xa1011, 0xa101153 },
        { 0xa1012, 0xa10124e }, { 0xaa001, 0xaa00116 }, { 0xaa002, 0xaa00218 },
        { 0xb0021, 0xb002146 }, { 0xb1010, 0xb101046 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(weak); i++) {
        if (revision >> 8 == weak[i].part) {
            return weak[i].last;
        }
    }
    return 0;
}

static void examine_microcode(struct doctor *d, const char *info,
                              const char *product)
{
    unsigned revision = number(info, "microcode");
    unsigned weak = weak_until(revision);
    gboolean bad = product && revision <= weak;
    struct doctor_item *item = doctor_add(
        d, "microcode", DOCTOR_SNP,
        product && revision && !bad ? DOCTOR_OK : DOCTOR_NOTE,
        "one that takes only AMD's microcode (AMD-SB-3019)", "0x%x%s", revision,
        bad && revision ? ", which takes forged microcode" : "");
    if (!product) {
        doctor_mend(item, "nothing: this processor has no SEV-SNP");
    } else {
        doctor_mend(item, "install the vendor's newest BIOS; relying parties "
                          "see the microcode's version in the TCB");
    }
}

static void examine_bios(struct doctor *d)
{
    g_autofree char *vendor = doctor_read(d, "/sys/class/dmi/id/bios_vendor");
    g_autofree char *version = doctor_read(d, "/sys/class/dmi/id/bios_version");
    g_autofree char *date = doctor_read(d, "/sys/class/dmi/id/bios_date");
    g_autofree char *board = doctor_read(d, "/sys/class/dmi/id/board_name");
    static const char wanted[] = "known, to look up its release notes";
    if (version) {
        doctor_add(d, "bios", DOCTOR_SNP, DOCTOR_OK, wanted,
                   "%s %s of %s on %s", vendor ? vendor : "unknown", version,
                   date ? date : "unknown date",
                   board ? board : "an unknown board");
    } else {
        struct doctor_item *item =
            doctor_add(d, "bios", DOCTOR_SNP, DOCTOR_NOTE, wanted, "unknown");
        doctor_mend(item, "no DMI tables here: look at the machine's console");
    }
}

void doctor_cpu(struct doctor *d)
{
    g_autofree char *info = doctor_read(d, "/proc/cpuinfo");
    const char *product = examine_model(d, info);
    guint32 regs[4] = { 0 };
    if (!doctor_cpuid(d, LEAF_ENCRYPTION, regs)) {
        memset(regs, 0, sizeof(regs));
    }
    examine_snp(d, regs);
    examine_asids(d, regs);
    examine_microcode(d, info, product);
    examine_bios(d);
}
