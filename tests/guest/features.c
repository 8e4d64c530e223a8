/* SPDX-License-Identifier: MIT */
/*
 * What the host and VMRUN make of SEV_FEATURES: alternate injection and what
 * else is not offered is refused, by AP creation or when the level is to run,
 * and each level has its own.
 */
#include "tests/guest/guest.h"

static volatile uint64_t rounds, status;

static void guest_vmpl2(void *arg)
{
    (void)arg;
    for (;;) {
        status = rdmsr(MSR_AMD64_SEV_STATUS) >> 2;
        rounds++;
        wrmsr(MSR_AMD64_GHCB, GHCB_MSR_VMPL_REQ);
        vmgexit();
    }
}

/* AP creation for VMPL2 with RAX and VMSA given: the error, 0 if it worked. */
static uint64_t create(struct vmsa *vmsa, uint64_t field, uint64_t rax)
{
    vmsa->sev_features = field;
    ghcb_begin();
    GHCB_SET(rax, rax);
    if ((uint32_t)ghcb_call(GHCB_NAE_AP_CREATION, 2u << 16, (uint64_t)vmsa) ==
        0) {
        return 0;
    }
    return ghcb->sw_exit_info_2;
}

static void check_creation(struct vmsa *vmsa)
{
    const uint64_t snp = SEV_FEATURE_SNP_ACTIVE;
    const uint64_t restricted = SEV_FEATURE_RESTRICTED_INJECTION;
    const uint64_t alternate = SEV_FEATURE_ALTERNATE_INJECTION;

    report(create(vmsa, snp | alternate, snp | alternate) ==
               GHCB_ERR_INVALID_INPUT,
           "alternate injection: 5");
    report(create(vmsa, snp | restricted, snp) == GHCB_ERR_INVALID_INPUT,
           "a VMSA with restricted injection, RAX without: 5");
    report(create(vmsa, snp, snp | restricted) == GHCB_ERR_INVALID_INPUT,
           "RAX with restricted injection, a VMSA without: 5");
    report(create(vmsa, snp, 0) == GHCB_ERR_INVALID_INPUT,
           "RAX without SNPActive: 5");
    report(create(vmsa, snp, snp | SEV_FEATURE_VTOM) == GHCB_ERR_INVALID_INPUT,
           "RAX with vTOM: 5");
    report(create(vmsa, snp, snp) == 0, "SNP alone");
}

/* The host trusts nothing that it was told before: VMRUN checks the VMSA. */
static void check_run(struct vmsa *vmsa)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } refused[] = {
        { SEV_FEATURE_VTOM, "vTOM" },
        { SEV_FEATURE_REFLECT_VC, "ReflectVC" },
        { SEV_FEATURE_ALTERNATE_INJECTION, "alternate injection" },
        { SEV_FEATURE_VMPL_SSS, "VMPL supervisor shadow stack" },
        { SEV_FEATURE_SECURE_TSC, "Secure TSC" },
        { SEV_FEATURE_VMGEXIT_PARAMETER, "VMGEXIT parameter" },
        { 1ull << 11, "PMC virtualization" },
        { 1ull << 12, "IBS virtualization" },
        { SEV_FEATURE_VMSA_REG_PROT, "VMSA register protection" },
        { 1ull << 16, "Secure AVIC" },
        { 1ull << 63, "bit 63" },
    };

    for (unsigned int i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        vmsa->sev_features = SEV_FEATURE_SNP_ACTIVE | refused[i].bit;
        report(vmpl_run(2) == (1ull << 32 | GHCB_MSR_VMPL_RESP) && rounds == 0,
               "a VMSA with %s is not entered", refused[i].name);
    }
    vmsa->sev_features = 0;
    report(vmpl_run(2) >> 32 != 0 && rounds == 0, "nor one without SNPActive");
}

static void check_accepted(struct vmsa *vmsa)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } accepted[] = {
        { 0, "SNPActive alone" },
        { SEV_FEATURE_RESTRICTED_INJECTION, "restricted injection" },
        { SEV_FEATURE_DEBUG_SWAP, "DebugSwap" },
        { SEV_FEATURE_PREVENT_HOST_IBS, "no IBS by the host" },
        { SEV_FEATURE_BTB_ISOLATION, "BTB isolation" },
    };

    for (unsigned int i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
        vmsa->sev_features = SEV_FEATURE_SNP_ACTIVE | accepted[i].bit;
        report(vmpl_run(2) == VMPL_RUN_OK && rounds == i + 1 &&
                   status == (SEV_FEATURE_SNP_ACTIVE | accepted[i].bit),
               "%s: entered, SEV_STATUS says so", accepted[i].name);
    }
    report(rdmsr(MSR_AMD64_SEV_STATUS) >> 2 == SEV_FEATURE_SNP_ACTIVE,
           "VMPL0's own are unchanged");
}

void guest_main(void)
{
    struct vmsa *vmsa;

    vmpl_grant_image(2);
    vmsa = vmpl_vmsa(2, guest_vmpl2, NULL);
    check_creation(vmsa);
    check_run(vmsa);
    check_accepted(vmsa);
}
