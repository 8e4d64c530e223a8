/* SPDX-License-Identifier: MIT */
/* Changes to evidence that the links up to the report's data must notice. */
#include <gnutls/x509.h>
#include <string.h>

#include "tests/unit/evidence-change.h"

#define YEAR (365 * 24 * 60 * 60)

static struct evtpm_chip *load_chip(unsigned chip)
{
    struct evtpm_chip *loaded = evtpm_chip_load(sample_chip_dir(chip), NULL);

    g_assert_nonnull(loaded);
    return loaded;
}

/* evidence */
static void report_short(struct sample *s)
{
    change_cut(&s->evidence.report, 1);
}
static void report_version(struct sample *s)
{
    s->report.version = 9;
    sample_sign_report(s);
}
static void report_algorithm(struct sample *s)
{
    s->report.signature_algo = 2;
    sample_sign_report(s);
}
static void no_manifest(struct sample *s)
{
    evtpm_blob_clear(&s->evidence.manifest);
}
static void ak_cut(struct sample *s)
{
    change_cut(&s->evidence.ak_public, 3);
}
static void ak_size(struct sample *s)
{
    s->evidence.ak_public.data[1]--;
}
static void attest_grown(struct sample *s)
{
    change_grow(&s->evidence.quote_attest);
}
static void signature_empty(struct sample *s)
{
    evtpm_blob_clear(&s->evidence.quote_signature);
}
static void table_outside(struct sample *s)
{
    s->evidence.certificates.data[20] = 0xff;
    s->evidence.certificates.data[22] = 0xff;
}

/* nonce */
static void nonce_replayed(struct sample *s)
{
    change_flip(&s->nonce, 0);
}
static void nonce_short(struct sample *s)
{
    change_cut(&s->evidence.nonce, 1);
}
static void nonce_unknown(struct sample *s)
{
    s->policy.nonce = NULL;
}

/* root */
static void root_unnamed(struct sample *s)
{
    s->policy.root_count = 0;
}
static void root_other(struct sample *s)
{
    s->roots[0] = change_other.chip->ark;
}
static void no_certificates(struct sample *s)
{
    evtpm_blob_clear(&s->evidence.certificates);
}
static void root_named(struct sample *s, const char *organization)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
    gnutls_datum_t der;

    gnutls_x509_privkey_init(&key);
    gnutls_x509_privkey_generate(
        key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
        0);
    gnutls_x509_crt_init(&crt);
    gnutls_x509_crt_set_version(crt, 3);
    gnutls_x509_crt_set_serial(crt, "\1", 1);
    gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
                                  "ARK-Milan", 9);
    gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, 0,
                                  organization, (unsigned)strlen(organization));
    gnutls_x509_crt_set_key(crt, key);
    gnutls_x509_crt_set_activation_time(crt, time(NULL));
    gnutls_x509_crt_set_expiration_time(crt, time(NULL) + YEAR);
    g_assert_cmpint(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0),
                    ==, 0);
    g_assert_cmpint(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der), ==,
                    0);
    g_assert_true(
        evtpm_blob_set(&sample_own_chain(s)->ark, der.data, der.size));
    gnutls_free(der.data);
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(key);
}

/* A root that claims to be AMD's by its subject. */
static void root_impostor(struct sample *s)
{
    root_named(s, "Advanced Micro Devices");
}
/* One that would write on the relying party's screen. */
static void root_escapes(struct sample *s)
{
    root_named(s, "\033[2Jok\nok");
}

/* chain */
static void vcek_of_other_root(struct sample *s)
{
    change_put(&sample_own_chain(s)->vcek, &change_other.chip->vcek);
}
static void ask_of_other_root(struct sample *s)
{
    change_put(&sample_own_chain(s)->ask, &change_other.chip->ask);
}
static void ask_altered(struct sample *s)
{
    struct evtpm_blob *ask = &sample_own_chain(s)->ask;

    change_flip(ask, ask->size - 1);
}
/* Named by the caller, who did not look at its signature. */
static void ark_altered(struct sample *s)
{
    struct evtpm_blob *ark = &sample_own_chain(s)->ark;

    change_flip(ark, ark->size - 1);
    s->roots[0] = *ark;
}
static void ask_missing(struct sample *s)
{
    evtpm_blob_clear(&sample_own_chain(s)->ask);
}
static void ask_is_vcek(struct sample *s)
{
    change_put(&sample_own_chain(s)->ask, &s->chip->vcek);
}
static void vcek_is_ask(struct sample *s)
{
    change_put(&sample_own_chain(s)->vcek, &s->chip->ask);
}
static void vcek_expired(struct sample *s)
{
    s->policy.now = time(NULL) + 8 * (time_t)YEAR;
}
static void ark_not_yet(struct sample *s)
{
    s->policy.now = time(NULL) - YEAR;
}

/* report-signature */
static void report_altered(struct sample *s)
{
    change_flip(&s->evidence.report,
                offsetof(struct snp_attestation_report, host_data));
}
static void report_signature_altered(struct sample *s)
{
    change_flip(&s->evidence.report,
                offsetof(struct snp_attestation_report, sig_s));
}
static void report_signature_huge(struct sample *s)
{
    s->evidence.report
        .data[offsetof(struct snp_attestation_report, sig_r) + 71] = 1;
}
/* Another chip of the same root: its VCEK is genuine, but did not sign this. */
static void vcek_of_other_chip(struct sample *s)
{
    struct evtpm_chip *chip = load_chip(1);

    change_put(&sample_own_chain(s)->vcek, &chip->vcek);
    evtpm_chip_free(chip);
}

/* report-form */
static void key_masked(struct sample *s)
{
    s->report.key_info |= 2;
    sample_sign_report(s);
}
static void key_vlek(struct sample *s)
{
    s->report.key_info |= 1 << 2;
    sample_sign_report(s);
}
static void key_none(struct sample *s)
{
    s->report.key_info |= 7 << 2;
    sample_sign_report(s);
}

/* chip */
static void chip_id_other(struct sample *s)
{
    s->report.chip_id[5] ^= 1;
    sample_sign_report(s);
}
static void tcb_other(struct sample *s)
{
    s->report.reported_tcb[6]++;
    sample_sign_report(s);
}
static void tcb_older(struct sample *s)
{
    s->report.reported_tcb[7]--;
    sample_sign_report(s);
}
static void product_other(struct sample *s)
{
    s->report.cpuid_mod_id = 0x11;
    sample_sign_report(s);
}

/* tcb */
static void tcb_too_old(struct sample *s)
{
    struct snp_tcb *floor = &s->floors[s->chip->product];

    floor->snp++;
    floor->microcode = 0; /* newer here does not make up for older there */
}

/* policy, vmpl, launch-digest */
static void debug_allowed(struct sample *s)
{
    sample_launch(s, SNP_POLICY_DEFAULT | SNP_POLICY_DEBUG);
    sample_report(s);
}
static void migration_allowed(struct sample *s)
{
    sample_launch(s, SNP_POLICY_DEFAULT | SNP_POLICY_MIGRATE_MA);
    sample_report(s);
}
static void policy_bit_missing(struct sample *s)
{
    s->report.policy &= ~SNP_POLICY_RSVD_MBO;
    sample_sign_report(s);
}
static void from_vmpl2(struct sample *s)
{
    s->report_vmpl = 2;
    sample_report(s);
}
static void image_other(struct sample *s)
{
    s->launch_digest[0][47] ^= 1;
}
static void image_unknown(struct sample *s)
{
    s->policy.launch_digest_count = 0;
    s->policy.id_key_count = s->policy.author_key_count = 0;
}

/* report-data */
static void manifest_other(struct sample *s)
{
    change_put(&s->evidence.manifest, &change_other.evidence.manifest);
    change_put(&s->evidence.ek_public, &change_other.evidence.ek_public);
}
/* An old report, with the nonce member set to the one asked for. */
static void report_old(struct sample *s)
{
    change_flip(&s->evidence.nonce, 9);
    sample_report(s);
    change_flip(&s->evidence.nonce, 9);
}
static void report_of_other_vm(struct sample *s)
{
    struct sample o;

    sample_init(&o, 1, 0);
    change_put(&o.evidence.nonce, &s->nonce);
    sample_report(&o);
    change_put(&s->evidence.report, &o.evidence.report);
    sample_clear(&o);
}

const struct evidence_change platform_changes[] = {
    { "report-short", report_short, EVTPM_LINK_EVIDENCE,
      "report: report has 1183 bytes, not 1184" },
    { "report-version", report_version, EVTPM_LINK_EVIDENCE,
      "report version 9 is not known" },
    { "report-algorithm", report_algorithm, EVTPM_LINK_EVIDENCE,
      "signature algorithm 2 is not ECDSA P-384" },
    { "no-manifest", no_manifest, EVTPM_LINK_EVIDENCE,
      "manifest: TPMT_PUBLIC is missing" },
    { "ak-cut", ak_cut, EVTPM_LINK_EVIDENCE,
      "ak_public: TPM2B_PUBLIC is malformed" },
    { "ak-size", ak_size, EVTPM_LINK_EVIDENCE,
      "ak_public: TPM2B_PUBLIC is not of the size it says" },
    { "attest-grown", attest_grown, EVTPM_LINK_EVIDENCE,
      "quote.attest: TPMS_ATTEST has 1 bytes too many" },
    { "signature-empty", signature_empty, EVTPM_LINK_EVIDENCE,
      "quote.signature: TPMT_SIGNATURE is missing" },
    { "table-outside", table_outside, EVTPM_LINK_EVIDENCE,
      "certificate table points outside itself" },
    { "nonce-replayed", nonce_replayed, EVTPM_LINK_NONCE,
      "for another nonce: it is a replay" },
    { "nonce-short", nonce_short, EVTPM_LINK_NONCE, "63 bytes, not 64" },
    { "nonce-unknown", nonce_unknown, EVTPM_LINK_NONCE, "no nonce was given" },
    { "root-unnamed", root_unnamed, EVTPM_LINK_ROOT,
      "root of an emulated processor and was not named" },
    { "root-other", root_other, EVTPM_LINK_ROOT,
      "root of an emulated processor and was not named" },
    { "root-impostor", root_impostor, EVTPM_LINK_ROOT,
      "neither a root of AMD's nor named as trusted" },
    { "root-escapes", root_escapes, EVTPM_LINK_ROOT,
      "?[2Jok?ok is neither a root of AMD's" },
    { "no-certificates", no_certificates, EVTPM_LINK_ROOT,
      "no root certificate (ARK) came" },
    { "vcek-of-other-root", vcek_of_other_root, EVTPM_LINK_CHAIN,
      "signature of the VCEK does not verify by the ASK" },
    { "ask-of-other-root", ask_of_other_root, EVTPM_LINK_CHAIN,
      "signature of the ASK does not verify by the ARK" },
    { "ask-altered", ask_altered, EVTPM_LINK_CHAIN,
      "signature of the ASK does not verify by the ARK" },
    { "ark-altered", ark_altered, EVTPM_LINK_CHAIN,
      "signature of the ARK does not verify by itself" },
    { "ask-missing", ask_missing, EVTPM_LINK_CHAIN,
      "ASK: certificate is missing" },
    { "ask-is-vcek", ask_is_vcek, EVTPM_LINK_CHAIN,
      "ASK holds no RSA-4096 key" },
    { "vcek-is-ask", vcek_is_ask, EVTPM_LINK_CHAIN, "VCEK holds no P-384 key" },
    { "vcek-expired", vcek_expired, EVTPM_LINK_CHAIN, "VCEK expired on 20" },
    { "ark-not-yet", ark_not_yet, EVTPM_LINK_CHAIN, "ARK is valid only from" },
    { "report-altered", report_altered, EVTPM_LINK_REPORT_SIGNATURE,
      "the report was altered or signed by another chip's key" },
    { "report-signature-altered", report_signature_altered,
      EVTPM_LINK_REPORT_SIGNATURE, "the report was altered" },
    { "report-signature-huge", report_signature_huge,
      EVTPM_LINK_REPORT_SIGNATURE, "signature values exceed P-384" },
    { "vcek-of-other-chip", vcek_of_other_chip, EVTPM_LINK_REPORT_SIGNATURE,
      "signed by another chip's key" },
    { "key-masked", key_masked, EVTPM_LINK_REPORT_FORM,
      "masks the chip's key" },
    { "key-vlek", key_vlek, EVTPM_LINK_CHAIN, "VLEK: certificate is missing" },
    { "key-none", key_none, EVTPM_LINK_REPORT_FORM, "signing key 7" },
    { "chip-id-other", chip_id_other, EVTPM_LINK_CHIP,
      "the VCEK is another chip's" },
    { "tcb-other", tcb_other, EVTPM_LINK_CHIP,
      "reported TCB: seen bootloader 4, tee 0, snp 25, microcode 219, the VCEK "
      "is for bootloader 4, tee 0, snp 24" },
    { "tcb-older", tcb_older, EVTPM_LINK_CHIP, "microcode 218" },
    { "product-other", product_other, EVTPM_LINK_CHIP,
      "the report is of a Genoa, the VCEK of a Milan" },
    { "tcb-too-old", tcb_too_old, EVTPM_LINK_TCB,
      "seen bootloader 4, tee 0, snp 24, microcode 219, wanted at least "
      "bootloader 4, tee 0, snp 25" },
    { "debug-allowed", debug_allowed, EVTPM_LINK_POLICY,
      "0xb0000 lets the host debug the VM" },
    { "migration-allowed", migration_allowed, EVTPM_LINK_POLICY,
      "lets a migration agent move the VM" },
    { "policy-bit-missing", policy_bit_missing, EVTPM_LINK_POLICY,
      "lacks bit 17" },
    { "from-vmpl2", from_vmpl2, EVTPM_LINK_VMPL,
      "seen VMPL 2, wanted 0: the guest made this report" },
    { "image-other", image_other, EVTPM_LINK_LAUNCH_DIGEST,
      "launch digest: seen 5a5a" },
    { "image-unknown", image_unknown, EVTPM_LINK_LAUNCH_DIGEST,
      "no launch digest was given" },
    { "manifest-other", manifest_other, EVTPM_LINK_REPORT_DATA,
      "not about this nonce and manifest" },
    { "report-old", report_old, EVTPM_LINK_REPORT_DATA,
      "not about this nonce and manifest" },
    { "report-of-other-vm", report_of_other_vm, EVTPM_LINK_REPORT_DATA,
      "not about this nonce and manifest" },
    { NULL, NULL, 0, NULL },
};
