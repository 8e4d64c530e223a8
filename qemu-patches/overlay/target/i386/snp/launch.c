/*
 * Launch of an emulated SEV-SNP guest
 *
 * What SNP_LAUNCH_START, _UPDATE and _FINISH do on hardware: each page is
 * placed and measured in the order in which it comes, the VMSAs last.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "hw/i386/igvm.h"
#include "hw/i386/pc.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "evtpm/ghcb.h"
#include "host.h"
#include "trace/trace-target_i386.h"

static SevSnpEmulated *launching(void)
{
    return SEV_SNP_EMULATED(current_machine->cgs);
}

/* Every byte of RAM has a private twin, the holes below 1 MiB included. */
static bool add_machine_ram(Error **errp)
{
    X86MachineState *x86ms = X86_MACHINE(current_machine);

    if (!snp_memory_add(0, x86ms->below_4g_mem_size, errp)) {
        return false;
    }
    return !x86ms->above_4g_mem_size ||
           snp_memory_add(x86ms->above_4g_mem_start, x86ms->above_4g_mem_size,
                          errp);
}

bool snp_launch_start(SevSnpEmulated *s, Error **errp)
{
    uint64_t policy = SEV_SNP_GUEST(s)->kvm_start_conf.policy;
    struct evtpm_error err = { "" };
    unsigned status;

    if (!snp_check_cpu(X86_CPU(first_cpu), errp)) {
        return false;
    }
    status = amdsp_launch_start(&s->sp, s->chip, policy, &err);
    if (status) {
        error_setg(errp, "SNP launch, policy 0x%" PRIx64 ": %s", policy,
                   err.text);
        return false;
    }
    launch_digest_init(&s->digest);
    snp_vm->policy = policy;
    snp_vm->debug_read = s->debug_read || (policy & SNP_POLICY_DEBUG);
    sev_set_guest_state(SEV_COMMON(s), SEV_STATE_LAUNCH_UPDATE);
    return snp_vm->launches || add_machine_ram(errp);
}

/* ---- Methods for the IGVM loader ---- */

static int snp_check_support(ConfidentialGuestPlatformType platform,
                             uint16_t platform_version, uint8_t highest_vtl,
                             uint64_t shared_gpa_boundary)
{
    /* The highest VTL is a hint for hosts that have VTLs. */
    return platform == CGS_PLATFORM_SEV_SNP && platform_version <= 1;
}

static int snp_set_guest_policy(ConfidentialGuestPolicyType policy_type,
                                uint64_t policy,
                                void *policy_data1, uint32_t policy_data1_size,
                                void *policy_data2, uint32_t policy_data2_size,
                                Error **errp)
{
    SevSnpEmulated *s = launching();
    SevSnpGuestState *guest = SEV_SNP_GUEST(s);

    if (policy) {
        guest->kvm_start_conf.policy = policy;
    }
    if (policy_data1) {
        if (guest->kvm_finish_conf.id_block_en) {
            error_setg(errp, "the IGVM file has an ID block: id-block must "
                       "not be given");
            return -1;
        }
        assert(policy_data1_size == sizeof(s->id_block) &&
               policy_data2_size == sizeof(s->id_auth));
        memcpy(&s->id_block, policy_data1, sizeof(s->id_block));
        memcpy(&s->id_auth, policy_data2, sizeof(s->id_auth));
        s->igvm_id_block = true;
        /* A key starts with its curve, which is never 0. */
        s->igvm_author_key = s->id_auth.author_key.curve != 0;
    }
    return snp_launch_start(s, errp) ? 0 : -1;
}

static const struct {
    uint8_t type;
    const char *name;
} page_types[] = {
    [CGS_PAGE_TYPE_NORMAL] = { SNP_PAGE_TYPE_NORMAL, "normal" },
    [CGS_PAGE_TYPE_VMSA] = { SNP_PAGE_TYPE_VMSA, "vmsa" },
    [CGS_PAGE_TYPE_ZERO] = { SNP_PAGE_TYPE_ZERO, "zero" },
    [CGS_PAGE_TYPE_UNMEASURED] = { SNP_PAGE_TYPE_UNMEASURED, "unmeasured" },
    [CGS_PAGE_TYPE_SECRETS] = { SNP_PAGE_TYPE_SECRETS, "secrets" },
    [CGS_PAGE_TYPE_CPUID] = { SNP_PAGE_TYPE_CPUID, "cpuid" },
};

static bool measure(SevSnpEmulated *s, ConfidentialGuestPageType type,
                    hwaddr gpa, const void *page, Error **errp)
{
    struct evtpm_error err = { "" };

    if (launch_digest_page(&s->digest, page_types[type].type, gpa, page,
                           &err) < 0) {
        error_setg(errp, "launch digest: %s", err.text);
        return false;
    }
    return true;
}

/* Contents that the firmware or the host supplies. */
static void fill_special(SevSnpEmulated *s, ConfidentialGuestPageType type,
                         void *page)
{
    if (type == CGS_PAGE_TYPE_SECRETS) {
        struct snp_secrets_page *secrets = page;

        amdsp_fill_secrets(&s->sp, secrets);
        memcpy(secrets->gosvw, SEV_SNP_GUEST(s)->kvm_start_conf.gosvw,
               sizeof(secrets->gosvw));
    } else {
        snp_cpuid_fill(X86_CPU(first_cpu), page);
    }
}

bool snp_launch_pages(SevSnpEmulated *s, hwaddr gpa, const uint8_t *data,
                      uint64_t len, ConfidentialGuestPageType type,
                      Error **errp)
{
    g_autofree void *special = NULL;

    trace_snp_launch_update(gpa, len, page_types[type].name);
    if (type == CGS_PAGE_TYPE_SECRETS || type == CGS_PAGE_TYPE_CPUID) {
        special = g_malloc0(SNP_PAGE_SIZE);
    }
    for (uint64_t done = 0; done < len; done += SNP_PAGE_SIZE) {
        const void *page = data ? data + done : NULL;

        if (special) {
            fill_special(s, type, special);
            page = special;
        }
        if (!snp_launch_page(gpa + done, page, errp) ||
            !measure(s, type, gpa + done, page, errp)) {
            return false;
        }
    }
    return true;
}

/* Shared from the start, contents kept for both sides, not measured. */
static bool launch_shared(hwaddr gpa, const uint8_t *data, uint64_t len,
                          Error **errp)
{
    bool flush = false;

    for (uint64_t done = 0; done < len; done += SNP_PAGE_SIZE) {
        snp_page_state_change(gpa + done, GHCB_PSC_SHARED, false, &flush);
    }
    if (address_space_set(&address_space_memory, gpa, 0, len,
                          MEMTXATTRS_UNSPECIFIED) != MEMTX_OK ||
        (data && address_space_write(&address_space_memory, gpa,
                                     MEMTXATTRS_UNSPECIFIED, data,
                                     len) != MEMTX_OK)) {
        error_setg(errp, "launch: no shared memory at 0x%" HWADDR_PRIx, gpa);
        return false;
    }
    return true;
}

static bool launch_vmsa(SevSnpEmulated *s, hwaddr gpa, const void *vmsa,
                        uint16_t index, Error **errp)
{
    if (gpa != SNP_INITIAL_VMSA_GPA) {
        error_setg(errp, "launch VMSA at 0x%" HWADDR_PRIx ": only 0x%llx is "
                   "supported, as with KVM", gpa, SNP_INITIAL_VMSA_GPA);
        return false;
    }
    if (index >= current_machine->smp.cpus) {
        error_setg(errp, "the IGVM file has a context for vCPU %u, the "
                   "machine has %u vCPUs", index, current_machine->smp.cpus);
        return false;
    }
    if (s->launch_vmsa[index]) {
        error_setg(errp, "the IGVM file has two contexts for vCPU %u", index);
        return false;
    }
    s->launch_vmsa[index] = g_memdup2(vmsa, sizeof(struct vmsa));
    return true;
}

static int snp_set_guest_state(hwaddr gpa, uint8_t *ptr, uint64_t len,
                               ConfidentialGuestPageType memory_type,
                               uint16_t cpu_index, Error **errp)
{
    SevSnpEmulated *s = launching();
    bool ok;

    switch (memory_type) {
    case CGS_PAGE_TYPE_REQUIRED_MEMORY:
        ok = snp_memory_add(gpa, len, errp);
        break;
    case CGS_PAGE_TYPE_SHARED:
        ok = launch_shared(gpa, ptr, len, errp);
        break;
    case CGS_PAGE_TYPE_VMSA:
        ok = launch_vmsa(s, gpa, ptr, cpu_index, errp);
        break;
    default:
        ok = snp_launch_pages(s, gpa, ptr, len, memory_type, errp);
        break;
    }
    return ok ? 0 : -1;
}

/* ---- Finish ---- */

static bool finish_vmsas(SevSnpEmulated *s, Error **errp)
{
    CPUState *cs;

    if (!s->launch_vmsa[0]) {
        error_setg(errp, "the IGVM file has no context for vCPU 0");
        return false;
    }
    CPU_FOREACH(cs) {
        const struct vmsa *vmsa = s->launch_vmsa[cs->cpu_index];

        if (vmsa) {
            if (!measure(s, CGS_PAGE_TYPE_VMSA, SNP_INITIAL_VMSA_GPA, vmsa,
                         errp)) {
                return false;
            }
            snp_vcpu_set_launch_vmsa(X86_CPU(cs), vmsa);
        }
    }
    return true;
}

/* The property may hold less than the whole page: the rest is zero. */
static void copy_id_auth(SevSnpEmulated *s, const char *base64)
{
    gsize len = 0;
    g_autofree guchar *data = base64 ? g_base64_decode(base64, &len) : NULL;

    memset(&s->id_auth, 0, sizeof(s->id_auth));
    if (data) {
        memcpy(&s->id_auth, data, MIN(len, sizeof(s->id_auth)));
    }
}

static bool launch_finish(SevSnpEmulated *s, Error **errp)
{
    SevSnpGuestState *guest = SEV_SNP_GUEST(s);
    struct kvm_sev_snp_launch_finish *conf = &guest->kvm_finish_conf;
    struct amdsp_finish finish = { .auth_key_en = conf->auth_key_en,
                                   .vcek_dis = conf->vcek_disabled };
    struct evtpm_error err = { "" };
    g_autofree char *hex = NULL;
    unsigned status;

    if ((!PC_MACHINE(current_machine)->igvm && !snp_firmware_finish(s, errp)) ||
        !finish_vmsas(s, errp)) {
        return false;
    }
    memcpy(finish.measurement, s->digest.ld, sizeof(finish.measurement));
    memcpy(finish.host_data, conf->host_data, sizeof(finish.host_data));
    if (s->igvm_id_block) {
        finish.id_block = &s->id_block;
        finish.id_auth = &s->id_auth;
        finish.auth_key_en = s->igvm_author_key;
    } else if (conf->id_block_en) {
        copy_id_auth(s, guest->id_auth_base64);
        finish.id_block = (struct snp_id_block *)guest->id_block;
        finish.id_auth = &s->id_auth;
    }
    hex = g_malloc0(2 * sizeof(finish.measurement) + 1);
    evtpm_hex(hex, 2 * sizeof(finish.measurement) + 1, finish.measurement,
              sizeof(finish.measurement));
    trace_snp_launch_finish(hex);

    status = amdsp_launch_finish(&s->sp, &finish, &err);
    if (status) {
        error_setg(errp, "SNP launch: %s", err.text);
        return false;
    }
    s->launch_finished = true;
    sev_set_guest_state(SEV_COMMON(s), SEV_STATE_RUNNING);
    return true;
}

void snp_launch_finish(void)
{
    Error *err = NULL;

    if (!launch_finish(launching(), &err)) {
        /* As with KVM: nothing can be undone when the VM starts to run. */
        error_report_err(err);
        exit(1);
    }
}

/* ---- Reset ---- */

/* Nothing of the launch before, on the AMD-SP's side or in memory. */
static void forget_launch(SevSnpEmulated *s)
{
    CPUState *cs;

    qemu_mutex_lock(&s->sp_lock);
    amdsp_guest_clear(&s->sp);
    qemu_mutex_unlock(&s->sp_lock);
    s->launch_finished = false;
    s->ap_jump_table = 0;
    for (unsigned i = 0; i < current_machine->smp.max_cpus; i++) {
        g_clear_pointer(&s->launch_vmsa[i], g_free);
    }
    CPU_FOREACH(cs) {
        snp_vcpu_reset(X86_CPU(cs)->snp);
    }
    snp_memory_reset();
    qatomic_set(&snp_vm->ended, 0);
}

/*
 * A reset is a launch of its own: same image, same measurement, all else anew.
 * Devices and vCPUs have been reset, and no vCPU runs. Before the first launch
 * has ended there is nothing to be undone.
 */
static int snp_tcg_reset(ConfidentialGuestSupport *cgs, Error **errp)
{
    SevSnpEmulated *s = SEV_SNP_EMULATED(cgs);
    PCMachineState *pcms = PC_MACHINE(current_machine);

    if (!s->launch_finished) {
        return 0;
    }
    trace_snp_reset(snp_vm->launches);
    forget_launch(s);
    if (!(pcms->igvm ? pc_igvm_load(pcms, errp)
                     : snp_firmware_relaunch(s, errp)) ||
        !launch_finish(s, errp)) {
        return -1;
    }
    snp_vcpu_launch();
    return 0;
}

void snp_launch_class_init(ObjectClass *oc)
{
    ConfidentialGuestSupportClass *klass = CONFIDENTIAL_GUEST_SUPPORT_CLASS(oc);

    klass->tcg_reset = snp_tcg_reset;
    klass->check_support = snp_check_support;
    klass->set_guest_policy = snp_set_guest_policy;
    klass->set_guest_state = snp_set_guest_state;
}
