/*
 * Launch of an emulated SEV-SNP guest from firmware (-bios, no IGVM file)
 *
 * What sev.c and KVM do for sev-snp-guest, in the same order, so that the
 * launch digest is the same: the firmware's pages, the sections of its SEV
 * metadata, a VMSA with the reset state of each vCPU.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "cpu.h"
#include "hw/block/flash.h"
#include "hw/i386/pc.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/range.h"
#include "host.h"
#include "internal.h"

static bool has_flash(PCMachineState *pcms)
{
    return pcms->flash[0] && pflash_cfi01_get_blk(pcms->flash[0]);
}

static bool launch_firmware(SevSnpEmulated *s, hwaddr gpa, const uint8_t *ptr,
                            size_t len, Error **errp)
{
    if (has_flash(PC_MACHINE(current_machine))) {
        error_setg(errp, "sev-snp-emulated does not support flash drives: "
                   "give the firmware by -bios");
        return false;
    }
    if (!evtpm_blob_set(&s->firmware, ptr, len)) {
        error_setg(errp, "no memory for the firmware");
        return false;
    }
    s->firmware_gpa = gpa;
    return snp_launch_start(s, errp) && snp_memory_add(gpa, len, errp) &&
           snp_launch_pages(s, gpa, ptr, len, CGS_PAGE_TYPE_NORMAL, errp);
}

bool snp_firmware_relaunch(SevSnpEmulated *s, Error **errp)
{
    return snp_launch_start(s, errp) &&
           snp_launch_pages(s, s->firmware_gpa, s->firmware.data,
                            s->firmware.size, CGS_PAGE_TYPE_NORMAL, errp);
}

/* SevCommonStateClass::launch_update_data, called with the firmware. */
static int snp_launch_update_data(SevCommonState *common, hwaddr gpa,
                                  uint8_t *ptr, size_t len)
{
    Error *err = NULL;

    if (!launch_firmware(SEV_SNP_EMULATED(common), gpa, ptr, len, &err)) {
        /* The caller would say that flash cannot be encrypted. */
        error_report_err(err);
        exit(1);
    }
    return 0;
}

/* ---- metadata sections ---- */

static bool launch_hashes(SevSnpEmulated *s, const OvmfSevMetadataDesc *desc,
                          Error **errp)
{
    SevSnpGuestState *guest = SEV_SNP_GUEST(s);
    const PaddedSevHashTable *table = guest->kernel_hashes_data;
    g_autofree uint8_t *page = NULL;

    if (!table) {
        return snp_launch_pages(s, desc->base, NULL, desc->len,
                                CGS_PAGE_TYPE_ZERO, errp);
    }
    if (guest->kernel_hashes_offset + sizeof(*table) > desc->len) {
        error_setg(errp, "the firmware's page for kernel hashes is too small");
        return false;
    }
    page = g_malloc0(desc->len);
    memcpy(page + guest->kernel_hashes_offset, table, sizeof(*table));
    return snp_launch_pages(s, desc->base, page, desc->len,
                            CGS_PAGE_TYPE_NORMAL, errp);
}

/*
 * Whole pages of RAM below the firmware, in no section before: a page can be
 * launched once.
 */
static bool check_section(const OvmfSevMetadata *metadata, uint32_t index,
                          Error **errp)
{
    uint64_t base = metadata->descs[index].base;
    uint64_t len = metadata->descs[index].len;

    if (!len || len % SNP_PAGE_SIZE || base % SNP_PAGE_SIZE ||
        base + len > X86_MACHINE(current_machine)->below_4g_mem_size) {
        error_setg(errp, "the firmware's SEV metadata names 0x%" PRIx64
                   "+0x%" PRIx64 ", which is not whole pages of RAM",
                   base, len);
        return false;
    }
    for (uint32_t i = 0; i < index; i++) {
        if (ranges_overlap(base, len, metadata->descs[i].base,
                           metadata->descs[i].len)) {
            error_setg(errp, "the firmware's SEV metadata names 0x%" PRIx64
                       " twice", base);
            return false;
        }
    }
    return true;
}

static bool launch_section(SevSnpEmulated *s, const OvmfSevMetadataDesc *desc,
                           Error **errp)
{
    ConfidentialGuestPageType type = CGS_PAGE_TYPE_ZERO;

    if (desc->type == SEV_DESC_TYPE_SNP_KERNEL_HASHES) {
        return launch_hashes(s, desc, errp);
    }
    if (desc->type == SEV_DESC_TYPE_SNP_SECRETS) {
        type = CGS_PAGE_TYPE_SECRETS;
    } else if (desc->type == SEV_DESC_TYPE_CPUID) {
        type = CGS_PAGE_TYPE_CPUID;
    }
    return snp_launch_pages(s, desc->base, NULL, desc->len, type, errp);
}

static bool launch_metadata(SevSnpEmulated *s, Error **errp)
{
    const OvmfSevMetadata *metadata = pc_system_get_ovmf_sev_metadata_ptr();
    bool hashes = false;

    if (!metadata) {
        error_setg(errp, "the firmware has no SEV metadata: it is not built "
                   "for SEV-SNP");
        return false;
    }
    for (uint32_t i = 0; i < metadata->num_desc; i++) {
        /* Packed in a table at any address */
        OvmfSevMetadataDesc desc = metadata->descs[i];

        if (!check_section(metadata, i, errp) ||
            !launch_section(s, &desc, errp)) {
            return false;
        }
        hashes = hashes || desc.type == SEV_DESC_TYPE_SNP_KERNEL_HASHES;
    }
    if (SEV_COMMON(s)->kernel_hashes && !hashes) {
        error_setg(errp, "kernel-hashes: the firmware has no page for them");
        return false;
    }
    return true;
}

/* ---- vCPUs ---- */

/*
 * The reset state as KVM writes it into VMSAs: CR0 without CD and NW, MCE and
 * SVME set, the x87 tags in FXSAVE's form, where 0 is empty.
 */
static struct vmsa *reset_vmsa(const SevCommonState *common, CPUState *cs)
{
    CPUX86State *env = &X86_CPU(cs)->env;
    struct vmsa *vmsa = g_new0(struct vmsa, 1);

    snp_vmsa_save(env, vmsa, false);
    vmsa->cr0 &= ~(uint64_t)(CR0_CD_MASK | CR0_NW_MASK);
    vmsa->cr4 |= CR4_MCE_MASK;
    vmsa->efer |= MSR_EFER_SVME;
    vmsa->x87_ftw = 0;
    vmsa->sev_features = SEV_FEATURE_SNP_ACTIVE;
    if (cs->cpu_index > 0 && common->reset_data_valid) {
        vmsa->cs.base = common->reset_cs;
        vmsa->rip = common->reset_ip;
    }
    return vmsa;
}

bool snp_firmware_finish(SevSnpEmulated *s, Error **errp)
{
    CPUState *cs;

    if (!launch_metadata(s, errp)) {
        return false;
    }
    CPU_FOREACH(cs) {
        s->launch_vmsa[cs->cpu_index] = reset_vmsa(SEV_COMMON(s), cs);
    }
    return true;
}

void snp_firmware_class_init(ObjectClass *oc)
{
    SEV_COMMON_CLASS(oc)->launch_update_data = snp_launch_update_data;
}
