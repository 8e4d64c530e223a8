/*
 * -object sev-snp-emulated: SEV-SNP executed by TCG
 *
 * A child of sev-snp-guest, so that properties, CPUID and everything that
 * asks sev_snp_enabled() need no second case. Nothing of the parent that
 * talks to KVM is ever reached: kvm_type refuses that accelerator.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/replay-core.h"
#include "hw/i386/pc.h"
#include "hw/mem/nvdimm.h"
#include "migration/blocker.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qom/object_interfaces.h"
#include "system/replay.h"
#include "system/runstate.h"
#include "system/system.h"
#include "host.h"

/* What the AMD-SP model says of itself in its reports */
#define FIRMWARE_API_MAJOR 1
#define FIRMWARE_API_MINOR 55

static Error *snp_migration_blocker;

SevSnpEmulated *snp_object(void)
{
    return snp_on() ? SEV_SNP_EMULATED(current_machine->cgs) : NULL;
}

/* APIC IDs are bytes unless the CPU model has x2APIC. */
#define VCPUS_MAX 255

/* Only what the private view of memory covers can be part of the machine. */
static bool check_machine(MachineState *ms, Error **errp)
{
    if (!object_dynamic_cast(OBJECT(ms), TYPE_PC_MACHINE) ||
        !PC_MACHINE_GET_CLASS(ms)->pci_enabled) {
        error_setg(errp, "sev-snp-emulated needs machine type q35 or pc");
    } else if (X86_MACHINE(ms)->smm == ON_OFF_AUTO_ON) {
        error_setg(errp, "sev-snp-emulated does not support SMM");
    } else if (PC_MACHINE(ms)->vmport == ON_OFF_AUTO_ON) {
        error_setg(errp, "sev-snp-emulated does not support vmport");
    } else if (ms->ram_slots || ms->maxram_size > ms->ram_size) {
        error_setg(errp, "sev-snp-emulated does not support memory hotplug "
                   "(slots, maxmem)");
    } else if (ms->nvdimms_state && ms->nvdimms_state->is_enabled) {
        error_setg(errp, "sev-snp-emulated does not support nvdimm");
    } else if (ms->smp.max_cpus > ms->smp.cpus) {
        error_setg(errp, "sev-snp-emulated does not support CPU hotplug "
                   "(maxcpus above cpus)");
    } else if (ms->smp.cpus > VCPUS_MAX) {
        error_setg(errp, "sev-snp-emulated supports up to %u vCPUs, not %u",
                   VCPUS_MAX, ms->smp.cpus);
    } else if (runstate_check(RUN_STATE_INMIGRATE)) {
        error_setg(errp, "sev-snp-emulated does not support migration "
                   "(-incoming)");
    } else if (should_mlock(mlock_state)) {
        /* Locked pages cannot be discarded when they change their state. */
        error_setg(errp, "sev-snp-emulated does not support locked memory "
                   "(-overcommit mem-lock)");
    } else if (!PC_MACHINE(ms)->igvm &&
               !pc_system_has_bios_option(PC_MACHINE(ms))) {
        error_setg(errp, "sev-snp-emulated starts from an IGVM file or from "
                   "firmware with SEV metadata: add -object igvm-cfg,id=ID,"
                   "file=FILE and the machine option igvm-cfg=ID, or -bios");
    } else {
        return true;
    }
    return false;
}

bool snp_check_cpu(X86CPU *cpu, Error **errp)
{
    static const struct {
        FeatureWord word;
        uint32_t bit;
        const char *name;
    } needed[] = {
        { FEAT_1_EDX, CPUID_MSR, "msr" },
        { FEAT_1_EDX, CPUID_PAE, "pae" },
        { FEAT_1_EDX, CPUID_APIC, "apic" },
        { FEAT_8000_0001_EDX, CPUID_EXT2_NX, "nx" },
        { FEAT_8000_0001_EDX, CPUID_EXT2_LM, "lm" },
    };

    if (!IS_AMD_CPU(&cpu->env)) {
        error_setg(errp, "sev-snp-emulated needs a CPU model of AMD's, "
                   "such as -cpu EPYC-v4");
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
        if (!(cpu->env.features[needed[i].word] & needed[i].bit)) {
            error_setg(errp, "sev-snp-emulated needs a CPU model with %s, "
                       "such as -cpu EPYC-v4", needed[i].name);
            return false;
        }
    }
    return true;
}

static bool check_properties(SevSnpEmulated *s, MachineState *ms,
                             Error **errp)
{
    SevCommonState *common = SEV_COMMON(s);

    if (common->cbitpos != SNP_CBIT_POS) {
        error_setg(errp, "sev-snp-emulated has its C-bit at %d, not at %u",
                   SNP_CBIT_POS, common->cbitpos);
    } else if (common->reduced_phys_bits < 1 ||
               common->reduced_phys_bits > 63) {
        error_setg(errp, "reduced-phys-bits must be from 1 to 63, not %u",
                   common->reduced_phys_bits);
    } else if (common->kernel_hashes && PC_MACHINE(ms)->igvm) {
        error_setg(errp, "kernel-hashes and igvm-cfg exclude each other: "
                   "an IGVM file holds what is measured");
    } else if (common->kernel_hashes && !ms->kernel_filename) {
        error_setg(errp, "kernel-hashes needs -kernel");
    } else if (replay_mode != REPLAY_MODE_NONE) {
        error_setg(errp, "sev-snp-emulated does not support record/replay");
    } else {
        return true;
    }
    return false;
}

static bool load_chip(SevSnpEmulated *s, Error **errp)
{
    struct evtpm_error err = { "" };

    if (!s->chip_dir) {
        error_setg(errp, "sev-snp-emulated needs chip=DIR, the identity of "
                   "the emulated processor");
        return false;
    }
    s->chip = evtpm_chip_load(s->chip_dir, &err);
    if (!s->chip || evtpm_chip_cert_table(s->chip, &s->cert_table, &err) < 0) {
        error_setg(errp, "chip directory '%s': %s", s->chip_dir, err.text);
        return false;
    }
    if (SEV_SNP_GUEST(s)->kvm_finish_conf.vcek_disabled &&
        !s->chip->vlek_key) {
        error_setg(errp, "chip directory '%s' has no VLEK, which vcek-disabled "
                   "needs", s->chip_dir);
        return false;
    }
    return true;
}

static int snp_tcg_init(ConfidentialGuestSupport *cgs, Error **errp)
{
    SevSnpEmulated *s = SEV_SNP_EMULATED(cgs);
    MachineState *ms = current_machine;

    if (!check_machine(ms, errp) || !check_properties(s, ms, errp) ||
        !load_chip(s, errp)) {
        return -1;
    }
    error_setg(&snp_migration_blocker, "SEV-SNP: Migration is not implemented");
    if (migrate_add_blocker(&snp_migration_blocker, errp) < 0) {
        return -1;
    }
    replay_add_blocker("sev-snp-emulated");
    /* The host patches no guest code, and touches no register. */
    object_register_sugar_prop("apic-common", "vapic", "off", false);
    X86_MACHINE(ms)->smm = ON_OFF_AUTO_OFF;
    PC_MACHINE(ms)->vmport = ON_OFF_AUTO_OFF;

    SEV_COMMON(s)->api_major = FIRMWARE_API_MAJOR;
    SEV_COMMON(s)->api_minor = FIRMWARE_API_MINOR;
    s->launch_vmsa = g_new0(struct vmsa *, ms->smp.max_cpus);
    if (!PC_MACHINE(ms)->igvm) {
        /* sev.c hands the firmware over in this state. */
        sev_set_guest_state(SEV_COMMON(s), SEV_STATE_LAUNCH_UPDATE);
    }
    snp_vm_create(SEV_SNP_GUEST(s)->kvm_start_conf.policy, s->debug_read);
    snp_vm->reflect_npf = s->reflect_npf;
    cgs->ready = true;
    return 0;
}

static int snp_kvm_type(X86ConfidentialGuest *cg)
{
    /* The caller, too, knows no other way to refuse a type. */
    error_report("sev-snp-emulated runs with -accel tcg; KVM has "
                 "sev-snp-guest");
    exit(1);
}

static char *snp_get_chip(Object *obj, Error **errp)
{
    return g_strdup(SEV_SNP_EMULATED(obj)->chip_dir);
}

static void snp_set_chip(Object *obj, const char *value, Error **errp)
{
    SevSnpEmulated *s = SEV_SNP_EMULATED(obj);

    g_free(s->chip_dir);
    s->chip_dir = g_strdup(value);
}

static bool snp_get_debug_read(Object *obj, Error **errp)
{
    return SEV_SNP_EMULATED(obj)->debug_read;
}

static void snp_set_debug_read(Object *obj, bool value, Error **errp)
{
    SEV_SNP_EMULATED(obj)->debug_read = value;
}

static bool snp_get_reflect_npf(Object *obj, Error **errp)
{
    return SEV_SNP_EMULATED(obj)->reflect_npf;
}

static void snp_set_reflect_npf(Object *obj, bool value, Error **errp)
{
    SEV_SNP_EMULATED(obj)->reflect_npf = value;
}

static void snp_emulated_class_init(ObjectClass *oc, void *data)
{
    ConfidentialGuestSupportClass *klass = CONFIDENTIAL_GUEST_SUPPORT_CLASS(oc);
    X86ConfidentialGuestClass *x86_klass = X86_CONFIDENTIAL_GUEST_CLASS(oc);

    klass->tcg_init = snp_tcg_init;
    x86_klass->kvm_type = snp_kvm_type;
    snp_launch_class_init(oc);
    snp_firmware_class_init(oc);

    object_class_property_add_str(oc, "chip", snp_get_chip, snp_set_chip);
    object_class_property_set_description(oc, "chip",
            "directory with keys and certificates of the emulated processor");
    object_class_property_add_bool(oc, "debug-read", snp_get_debug_read,
                                   snp_set_debug_read);
    object_class_property_set_description(oc, "debug-read",
            "permit tests to read private memory through the monitor");
    object_class_property_add_bool(oc, "reflect-npf", snp_get_reflect_npf,
                                   snp_set_reflect_npf);
    object_class_property_set_description(oc, "reflect-npf",
            "run VMPL0 after a nested page fault of another VMPL");
}

static void snp_emulated_instance_init(Object *obj)
{
    SevSnpEmulated *s = SEV_SNP_EMULATED(obj);

    /* The parent asks for guest_memfd, which is KVM's. */
    CONFIDENTIAL_GUEST_SUPPORT(obj)->require_guest_memfd = false;
    SEV_COMMON(obj)->cbitpos = SNP_CBIT_POS;
    SEV_COMMON(obj)->reduced_phys_bits = 1;
    qemu_mutex_init(&s->sp_lock);
}

static void snp_emulated_finalize(Object *obj)
{
    SevSnpEmulated *s = SEV_SNP_EMULATED(obj);

    amdsp_guest_clear(&s->sp);
    evtpm_blob_clear(&s->cert_table);
    evtpm_blob_clear(&s->firmware);
    if (s->chip) {
        evtpm_chip_free(s->chip);
    }
    qemu_mutex_destroy(&s->sp_lock);
    g_free(s->chip_dir);
}

static const TypeInfo snp_emulated_info = {
    .parent = TYPE_SEV_SNP_GUEST,
    .name = TYPE_SEV_SNP_EMULATED,
    .instance_size = sizeof(SevSnpEmulated),
    .instance_init = snp_emulated_instance_init,
    .instance_finalize = snp_emulated_finalize,
    .class_init = snp_emulated_class_init,
};

static void snp_register_types(void)
{
    type_register_static(&snp_emulated_info);
}

type_init(snp_register_types);
