/*
 * SEV-SNP emulated by TCG: what the files of the host side share
 *
 * The host side stands for KVM's SNP support (launch, GHCB) and, through
 * libevtpm, for the firmware of the AMD-SP.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TARGET_I386_SNP_HOST_H
#define TARGET_I386_SNP_HOST_H

#include "snp.h"
#include "../sev-internal.h"
#include "system/confidential-guest-support.h"
#include "qemu/thread.h"
#include "lib/amdsp.h"
#include "lib/launch_digest.h"

#define TYPE_SEV_SNP_EMULATED "sev-snp-emulated"
OBJECT_DECLARE_SIMPLE_TYPE(SevSnpEmulated, SEV_SNP_EMULATED)

struct SevSnpEmulated {
    SevSnpGuestState parent_obj;

    char *chip_dir;
    bool debug_read;
    bool reflect_npf;

    struct evtpm_chip *chip;
    struct evtpm_blob cert_table;
    /* The AMD-SP's view of this VM; sp_lock is taken inside the BQL or alone */
    QemuMutex sp_lock;
    struct amdsp_guest sp;
    struct launch_digest digest;
    bool launch_finished;
    struct vmsa **launch_vmsa;     /* by vCPU index, NULL: none in the file */
    struct evtpm_blob firmware;    /* of -bios, as it was first launched */
    hwaddr firmware_gpa;
    struct snp_id_block id_block;  /* from the IGVM file */
    struct snp_id_auth id_auth;
    bool igvm_id_block, igvm_author_key;
    uint64_t ap_jump_table;
};

/* The VM's object; NULL unless snp_on(). */
SevSnpEmulated *snp_object(void);
/* Whether a model like @cpu can be a vCPU of such a guest. */
bool snp_check_cpu(X86CPU *cpu, Error **errp);

/* ---- launch.c ---- */

/* The methods that the IGVM loader calls. */
void snp_launch_class_init(ObjectClass *oc);
/* SNP_LAUNCH_START, with the policy as it is then; the machine has its RAM. */
bool snp_launch_start(SevSnpEmulated *s, Error **errp);
/* Place and measure whole pages; @data NULL: zeros, or what the type says. */
bool snp_launch_pages(SevSnpEmulated *s, hwaddr gpa, const uint8_t *data,
                      uint64_t len, ConfidentialGuestPageType type,
                      Error **errp);

/* ---- firmware.c: launch without an IGVM file ---- */

void snp_firmware_class_init(ObjectClass *oc);
/* After a reset, the firmware's own pages again. */
bool snp_firmware_relaunch(SevSnpEmulated *s, Error **errp);
/* What follows the firmware's own pages; fills launch_vmsa. */
bool snp_firmware_finish(SevSnpEmulated *s, Error **errp);

/* ---- cpuid.c ---- */

/* CPUID as this platform answers it; @regs by R_EAX and so on. */
void snp_cpuid(X86CPU *cpu, uint32_t leaf, uint32_t subleaf, uint32_t regs[4]);
/* The table of the CPUID page, from the boot processor. */
void snp_cpuid_fill(X86CPU *cpu, struct snp_cpuid_page *page);

/* ---- ghcb.c and its parts: on the vCPU thread, without the BQL ---- */

/*
 * A request on the GHCB page: a private copy of the fields. Handlers change
 * the registers in the copy and mark them valid; the caller writes them back.
 */
typedef struct GhcbCall {
    SnpVcpu *v;
    hwaddr gpa;
    struct ghcb *g;
    uint32_t result;       /* sw_exit_info_1 of the answer */
    uint64_t info_2;       /* sw_exit_info_2 of the answer */
    bool written;          /* the handler wrote the answer itself */
} GhcbCall;

void ghcb_fail(GhcbCall *call, unsigned error);
void ghcb_exception(GhcbCall *call, uint64_t exception);
/* Write results and info fields to the guest's page. */
void ghcb_write_back(GhcbCall *call);
/* Shared memory; false if @gpa is not plain RAM throughout. */
bool snp_shared_read(hwaddr gpa, void *buf, size_t len);
bool snp_shared_write(hwaddr gpa, const void *buf, size_t len);

void ghcb_handle_io(GhcbCall *call);
void ghcb_handle_mmio(GhcbCall *call);
void ghcb_handle_psc(GhcbCall *call);
/* One page by the MSR protocol: 0 or the error of the response. */
uint32_t snp_psc_single(SnpVcpu *v, hwaddr gpa, unsigned op);

/* ---- hv.c ---- */

void ghcb_handle_doorbell(GhcbCall *call);
void ghcb_handle_hv_ipi(GhcbCall *call);
/* An EOI by the level that runs: true if it ended one of the #HV IPIs. */
bool snp_hv_eoi(SnpVcpu *v);

/* ---- guest_request.c ---- */

void ghcb_handle_guest_request(GhcbCall *call);

#endif
