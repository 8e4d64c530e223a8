/* SPDX-License-Identifier: MIT */
/*
 * The verifier, link by link: good evidence passes; a row changes one thing,
 * makes again what a skilful adversary could make again, and names the link
 * that must refuse it and its words.
 */
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

#include "lib/verify.h"
#include "tests/unit/evidence-sample.h"
#include "tests/unit/log-sample.h"

#include "lib/eventlog_types.h"

#define YEAR (365 * 24 * 60 * 60)

static struct sample other; /* evidence of another VM, good in itself */

static void put(struct evtpm_blob *blob, const struct evtpm_blob *from)
{
    g_assert_true(evtpm_blob_set(blob, from->data, from->size));
}

static void flip(struct evtpm_blob *blob, size_t at)
{
    g_assert_cmpuint(at, <, blob->size);
    blob->data[at] ^= 1;
}

static void cut(struct evtpm_blob *blob, size_t bytes)
{
    g_assert_cmpuint(bytes, <=, blob->size);
    blob->size -= bytes;
}

static void grow(struct evtpm_blob *blob)
{
    g_autofree uint8_t *bytes = g_malloc0(blob->size + 1);

    memcpy(bytes, blob->data, blob->size);
    g_assert_true(evtpm_blob_set(blob, bytes, blob->size + 1));
}

/* Certificates of the chip, to be altered one by one. */
static struct evtpm_chain *own_chain(struct sample *s)
{
    put(&s->certificates.ark, &s->chip->ark);
    put(&s->certificates.ask, &s->chip->ask);
    put(&s->certificates.vcek, &s->chip->vcek);
    evtpm_blob_clear(&s->evidence.certificates);
    s->policy.certificates = &s->certificates;
    return &s->certificates;
}

static struct evtpm_chip *load_chip(unsigned chip)
{
    struct evtpm_chip *loaded = evtpm_chip_load(sample_chip_dir(chip), NULL);

    g_assert_nonnull(loaded);
    return loaded;
}

/* evidence */
static void report_short(struct sample *s)
{
    cut(&s->evidence.report, 1);
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
    cut(&s->evidence.ak_public, 3);
}
static void attest_grown(struct sample *s)
{
    grow(&s->evidence.quote_attest);
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
    flip(&s->nonce, 0);
}
static void nonce_short(struct sample *s)
{
    cut(&s->evidence.nonce, 1);
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
    s->roots[0] = other.chip->ark;
}
static void no_certificates(struct sample *s)
{
    evtpm_blob_clear(&s->evidence.certificates);
}
/* A root that claims to be AMD's by its subject. */
static void root_impostor(struct sample *s)
{
    static const char amd[] = "CN=ARK-Milan,O=Advanced Micro Devices";
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
    gnutls_x509_crt_set_dn(crt, amd, NULL);
    gnutls_x509_crt_set_key(crt, key);
    gnutls_x509_crt_set_activation_time(crt, time(NULL));
    gnutls_x509_crt_set_expiration_time(crt, time(NULL) + YEAR);
    g_assert_cmpint(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0),
                    ==, 0);
    g_assert_cmpint(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der), ==,
                    0);
    g_assert_true(evtpm_blob_set(&own_chain(s)->ark, der.data, der.size));
    gnutls_free(der.data);
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(key);
}

/* chain */
static void vcek_of_other_root(struct sample *s)
{
    put(&own_chain(s)->vcek, &other.chip->vcek);
}
static void ask_of_other_root(struct sample *s)
{
    put(&own_chain(s)->ask, &other.chip->ask);
}
static void ask_altered(struct sample *s)
{
    struct evtpm_blob *ask = &own_chain(s)->ask;

    flip(ask, ask->size - 1);
}
/* Named by the caller, who did not look at its signature. */
static void ark_altered(struct sample *s)
{
    struct evtpm_blob *ark = &own_chain(s)->ark;

    flip(ark, ark->size - 1);
    s->roots[0] = *ark;
}
static void ask_missing(struct sample *s)
{
    evtpm_blob_clear(&own_chain(s)->ask);
}
static void ask_is_vcek(struct sample *s)
{
    put(&own_chain(s)->ask, &s->chip->vcek);
}
static void vcek_is_ask(struct sample *s)
{
    put(&own_chain(s)->vcek, &s->chip->ask);
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
    flip(&s->evidence.report,
         offsetof(struct snp_attestation_report, host_data));
}
static void report_signature_altered(struct sample *s)
{
    flip(&s->evidence.report, offsetof(struct snp_attestation_report, sig_s));
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

    put(&own_chain(s)->vcek, &chip->vcek);
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
    static struct snp_tcb floor;

    floor = s->chip->tcb;
    floor.snp++;
    floor.microcode = 0; /* newer here does not make up for older there */
    s->policy.tcb_floor = &floor;
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
}

/* report-data */
static void manifest_other(struct sample *s)
{
    put(&s->evidence.manifest, &other.evidence.manifest);
    put(&s->evidence.ek_public, &other.evidence.ek_public);
}
/* An old report, with the nonce member set to the one asked for. */
static void report_old(struct sample *s)
{
    flip(&s->evidence.nonce, 9);
    sample_report(s);
    flip(&s->evidence.nonce, 9);
}
static void report_of_other_vm(struct sample *s)
{
    struct sample o;

    sample_init(&o, 1, 0);
    put(&o.evidence.nonce, &s->nonce);
    sample_report(&o);
    put(&s->evidence.report, &o.evidence.report);
    sample_clear(&o);
}

/* ek */
static void ek_other(struct sample *s)
{
    put(&s->evidence.ek_public, &other.evidence.ek_public);
}
static void ek_longer(struct sample *s)
{
    grow(&s->evidence.ek_public);
}
static void remake_publics(struct sample *s)
{
    sample_publics(s);
    sample_report(s);
    put(&s->credential.ek_public, &s->evidence.ek_public);
    put(&s->credential.ak_name, &s->evidence.ak_name);
}
static void ek_signs(struct sample *s)
{
    s->ek.objectAttributes |= TPMA_OBJECT_SIGN_ENCRYPT;
    remake_publics(s);
}
static void ek_movable(struct sample *s)
{
    s->ek.objectAttributes &= ~TPMA_OBJECT_FIXEDTPM;
    remake_publics(s);
}

/* ak */
static void ak_unrestricted(struct sample *s)
{
    s->ak.objectAttributes &= ~TPMA_OBJECT_RESTRICTED;
    remake_publics(s);
}
static void ak_imported(struct sample *s)
{
    s->ak.objectAttributes &= ~TPMA_OBJECT_SENSITIVEDATAORIGIN;
    remake_publics(s);
}
static void ak_decrypts(struct sample *s)
{
    s->ak.objectAttributes |= TPMA_OBJECT_DECRYPT;
    remake_publics(s);
}
static void ak_name_other(struct sample *s)
{
    put(&s->evidence.ak_name, &other.evidence.ak_name);
}
static void ak_name_sha1(struct sample *s)
{
    s->ak.nameAlg = TPM2_ALG_SHA1;
    sample_publics(s);
}
static void secret_other(struct sample *s)
{
    flip(&s->evidence.credential_secret, 31);
}
static void secret_cut(struct sample *s)
{
    cut(&s->evidence.credential_secret, 16);
}
static void secret_empty(struct sample *s)
{
    evtpm_blob_clear(&s->evidence.credential_secret);
    evtpm_blob_clear(&s->credential.secret);
}
static void no_credential(struct sample *s)
{
    s->policy.credential = NULL;
}
/* The credential was made for keys of a TPM of the adversary's, who opened it
 * there. */
static void credential_for_other_ek(struct sample *s)
{
    put(&s->credential.ek_public, &other.evidence.ek_public);
}
static void credential_for_other_ak(struct sample *s)
{
    put(&s->credential.ak_name, &other.evidence.ak_name);
}

/* quote */
static void quote_magic(struct sample *s)
{
    s->attest.magic = 0xff544346;
    sample_sign_quote(s);
}
static void quote_is_certification(struct sample *s)
{
    s->attest.type = TPM2_ST_ATTEST_CERTIFY;
    memset(&s->attest.attested, 0, sizeof(s->attest.attested));
    sample_sign_quote(s);
}
static void quote_altered(struct sample *s)
{
    flip(&s->evidence.quote_attest, s->evidence.quote_attest.size - 40);
}
static void quote_signature_altered(struct sample *s)
{
    flip(&s->evidence.quote_signature, 100);
}
static void quote_of_other_ak(struct sample *s)
{
    gnutls_privkey_t own = s->ak_key;

    s->ak_key = other.ak_key;
    sample_sign_quote(s);
    s->ak_key = own;
}
static void quote_scheme(struct sample *s)
{
    s->scheme = TPM2_ALG_RSAPSS;
    sample_sign_quote(s);
    s->scheme = TPM2_ALG_RSASSA;
}
static void quote_old(struct sample *s)
{
    flip(&s->evidence.nonce, 0);
    sample_quote(s);
    flip(&s->evidence.nonce, 0);
}
static void quote_without_nonce(struct sample *s)
{
    s->attest.extraData.size = 0;
    sample_sign_quote(s);
}
static void pcr_changed(struct sample *s)
{
    s->evidence.pcr[4][0] ^= 1;
}
static void pcr_missing(struct sample *s)
{
    s->evidence.pcr_mask &= ~(1u << 5 | 1u << 14);
}
static void quote_of_few(struct sample *s)
{
    s->attest.attested.quote.pcrSelect.pcrSelections[0].pcrSelect[0] = 0xf7;
    sample_sign_quote(s);
}
static void quote_of_sha1(struct sample *s)
{
    s->attest.attested.quote.pcrSelect.pcrSelections[0].hash = TPM2_ALG_SHA1;
    sample_sign_quote(s);
}
static void quote_of_nothing(struct sample *s)
{
    s->attest.attested.quote.pcrSelect.count = 0;
    sample_sign_quote(s);
}

/* logs */
static void log_cut(struct sample *s)
{
    cut(&s->evidence.event_log, 1);
}
static void log_empty(struct sample *s)
{
    evtpm_blob_clear(&s->evidence.event_log);
}
static void log_digest_changed(struct sample *s)
{
    struct evtpm_eventlog log;
    struct evtpm_event event;
    size_t offset = 0;
    struct evtpm_blob *b = &s->evidence.event_log;

    evtpm_eventlog_open(&log, b->data, b->size, NULL);
    while (evtpm_eventlog_next(&log, &offset, &event)) {
        if (event.type == EV_EFI_BOOT_SERVICES_APPLICATION) {
            flip(b, (size_t)(event.digest[EVTPM_SHA256] - b->data));
            return;
        }
    }
    g_assert_not_reached();
}
/* The PCRs are the quoted ones; the story told beside them is not. */
static void log_story_changed(struct sample *s)
{
    struct evtpm_eventlog log;
    struct evtpm_event event;
    size_t offset = 0;
    struct evtpm_blob *b = &s->evidence.event_log;

    evtpm_eventlog_open(&log, b->data, b->size, NULL);
    while (evtpm_eventlog_next(&log, &offset, &event)) {
        if (event.type == EV_EFI_VARIABLE_DRIVER_CONFIG) {
            flip(b, (size_t)(event.data - b->data) + event.data_size - 1);
            return;
        }
    }
    g_assert_not_reached();
}
static void log_of_other_boot(struct sample *s)
{
    g_autoptr(GByteArray) log = g_byte_array_new();

    log_header(log, 1u << EVTPM_SHA256);
    log_text(log, 1u << EVTPM_SHA256, 4, EV_EFI_ACTION, "something else");
    g_assert_true(evtpm_blob_set(&s->evidence.event_log, log->data, log->len));
}
static void log_of_sha1(struct sample *s)
{
    g_autoptr(GByteArray) log = g_byte_array_new();

    log_header(log, 1u << EVTPM_SHA1);
    log_firmware(log, 1u << EVTPM_SHA1);
    g_assert_true(evtpm_blob_set(&s->evidence.event_log, log->data, log->len));
}
/* Extended in the VM, by somebody who wrote no log. */
static void pcr_extended(struct sample *s)
{
    memset(s->evidence.pcr[12], 0x77, 32);
    sample_quote(s);
}
static void ima_absent(struct sample *s)
{
    evtpm_blob_clear(&s->evidence.ima_log);
}
static void ima_path_changed(struct sample *s)
{
    flip(&s->evidence.ima_log, s->evidence.ima_log.size - 2);
}
static void ima_entry_dropped(struct sample *s)
{
    g_autoptr(GByteArray) list = g_byte_array_new();

    ima_entry(list, 10, "boot_aggregate", FALSE);
    g_assert_true(evtpm_blob_set(&s->evidence.ima_log, list->data, list->len));
}
static void ima_cut(struct sample *s)
{
    cut(&s->evidence.ima_log, 5);
}
static void ima_other_pcr(struct sample *s)
{
    g_autoptr(GByteArray) list = g_byte_array_new();

    ima_entry(list, 11, "boot_aggregate", FALSE);
    g_assert_true(evtpm_blob_set(&s->evidence.ima_log, list->data, list->len));
}

static const struct {
    const char *name;
    void (*change)(struct sample *s);
    enum evtpm_link link;
    const char *words;
} bad[] = {
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
    { "key-vlek", key_vlek, EVTPM_LINK_REPORT_FORM, "signed by a VLEK" },
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
    { "ek-other", ek_other, EVTPM_LINK_EK,
      "the TPM's EK is not the manifest's: SHA-256" },
    { "ek-longer", ek_longer, EVTPM_LINK_EK, "is not the manifest's (" },
    { "ek-signs", ek_signs, EVTPM_LINK_EK_ATTRIBUTES,
      "decrypt|sign, wanted fixedtpm|" },
    { "ek-movable", ek_movable, EVTPM_LINK_EK_ATTRIBUTES,
      "seen fixedparent|sensitivedataorigin" },
    { "ak-unrestricted", ak_unrestricted, EVTPM_LINK_AK_ATTRIBUTES,
      "AK: seen fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign, "
      "wanted" },
    { "ak-imported", ak_imported, EVTPM_LINK_AK_ATTRIBUTES,
      "AK: seen fixedtpm|fixedparent|userwithauth" },
    { "ak-decrypts", ak_decrypts, EVTPM_LINK_AK_ATTRIBUTES,
      "decrypt|sign, wanted" },
    { "ak-name-other", ak_name_other, EVTPM_LINK_AK_NAME,
      "AK name: seen 000b" },
    { "ak-name-sha1", ak_name_sha1, EVTPM_LINK_AK_NAME,
      "name algorithm 0x4 is not supported" },
    { "secret-other", secret_other, EVTPM_LINK_AK_BINDING,
      "did not return the secret" },
    { "secret-cut", secret_cut, EVTPM_LINK_AK_BINDING,
      "16 bytes seen, 32 wanted" },
    { "secret-empty", secret_empty, EVTPM_LINK_AK_BINDING,
      "no credential was given" },
    { "no-credential", no_credential, EVTPM_LINK_AK_BINDING,
      "no credential was given" },
    { "credential-for-other-ek", credential_for_other_ek, EVTPM_LINK_AK_BINDING,
      "made for another EK" },
    { "credential-for-other-ak", credential_for_other_ak, EVTPM_LINK_AK_BINDING,
      "made for another AK" },
    { "quote-magic", quote_magic, EVTPM_LINK_QUOTE_FORM,
      "magic: seen 0xff544346, wanted 0xff544347" },
    { "quote-is-certification", quote_is_certification, EVTPM_LINK_QUOTE_FORM,
      "attestation type: seen 0x8017, wanted 0x8018" },
    { "quote-altered", quote_altered, EVTPM_LINK_QUOTE_SIGNATURE,
      "the quote was altered or signed by another key" },
    { "quote-signature-altered", quote_signature_altered,
      EVTPM_LINK_QUOTE_SIGNATURE, "the quote was altered" },
    { "quote-of-other-ak", quote_of_other_ak, EVTPM_LINK_QUOTE_SIGNATURE,
      "signed by another key" },
    { "quote-scheme", quote_scheme, EVTPM_LINK_QUOTE_SIGNATURE,
      "signature scheme 0x16 is not the key's" },
    { "quote-old", quote_old, EVTPM_LINK_QUOTE_NONCE,
      "the quote is an old one" },
    { "quote-without-nonce", quote_without_nonce, EVTPM_LINK_QUOTE_NONCE,
      "qualifying data: seen nothing, wanted " },
    { "pcr-changed", pcr_changed, EVTPM_LINK_QUOTE_PCRS,
      "PCR values given are not the quoted ones" },
    { "pcr-missing", pcr_missing, EVTPM_LINK_QUOTE_PCRS,
      "the evidence does not give PCRs 5,14" },
    { "quote-of-few", quote_of_few, EVTPM_LINK_QUOTE_PCRS,
      "the quote leaves out PCRs 3" },
    { "quote-of-sha1", quote_of_sha1, EVTPM_LINK_QUOTE_PCRS,
      "not over one selection of the SHA-256 bank" },
    { "quote-of-nothing", quote_of_nothing, EVTPM_LINK_QUOTE_PCRS,
      "not over one selection" },
    { "log-cut", log_cut, EVTPM_LINK_EVENT_LOG, "event 15 at offset" },
    { "log-empty", log_empty, EVTPM_LINK_EVENT_LOG, "event log: empty" },
    { "log-digest-changed", log_digest_changed, EVTPM_LINK_EVENT_LOG,
      "PCR 4 is not what the log leads to: seen " },
    { "log-story-changed", log_story_changed, EVTPM_LINK_EVENT_LOG,
      "event 3 (PCR 7, EV_EFI_VARIABLE_DRIVER_CONFIG): its digest is not "
      "that" },
    { "log-of-other-boot", log_of_other_boot, EVTPM_LINK_EVENT_LOG,
      "PCR 0 is not what the log leads to" },
    { "log-of-sha1", log_of_sha1, EVTPM_LINK_EVENT_LOG,
      "event 1 has no sha256 digest" },
    { "pcr-extended", pcr_extended, EVTPM_LINK_EVENT_LOG,
      "PCR 12 is not what the log leads to: seen 7777" },
    { "ima-absent", ima_absent, EVTPM_LINK_EVENT_LOG,
      "PCR 10 is not what the log leads to" },
    { "ima-path-changed", ima_path_changed, EVTPM_LINK_IMA_LOG,
      "entry 1: its hash is not that of its data" },
    { "ima-entry-dropped", ima_entry_dropped, EVTPM_LINK_IMA_LOG,
      "the 1 entries lead PCR 10 to" },
    { "ima-cut", ima_cut, EVTPM_LINK_IMA_LOG, "entry 1 is cut short" },
    { "ima-other-pcr", ima_other_pcr, EVTPM_LINK_IMA_LOG,
      "entry 0 is for PCR 11, not 10" },
};

static void test_bad(gconstpointer data)
{
    size_t row = GPOINTER_TO_SIZE(data);
    struct evtpm_result result;
    struct sample s;
    int status;

    sample_init(&s, 0, 0);
    g_assert_cmpint(evtpm_verify(&s.evidence, &s.policy, &result), ==, 0);
    bad[row].change(&s);
    status = evtpm_verify(&s.evidence, &s.policy, &result);
    g_test_message("%s: %s", evtpm_link_name(result.failed),
                   result.failed < EVTPM_LINK_COUNT
                       ? result.link[result.failed].detail
                       : "");
    g_assert_cmpstr(evtpm_link_name(result.failed), ==,
                    evtpm_link_name(bad[row].link));
    g_assert_cmpint(status, ==, 20 + (int)bad[row].link);
    g_assert_nonnull(strstr(result.link[result.failed].detail, bad[row].words));
    sample_clear(&s);
}

static void expect_good(const struct sample *s)
{
    struct evtpm_result result;
    int status = evtpm_verify(&s->evidence, &s->policy, &result);

    if (status != 0) {
        g_error("%s: %s", evtpm_link_name(result.failed),
                result.link[result.failed].detail);
    }
    g_assert_cmpint(result.failed, ==, EVTPM_LINK_COUNT);
    g_assert_true(result.emulated);
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        g_assert_cmpint(result.link[i].status, ==, EVTPM_PASSED);
        g_assert_cmpstr(result.link[i].detail, !=, "");
    }
}

static void test_good(void)
{
    struct sample s;

    for (unsigned vm = 0; vm < 2; vm++) {
        for (unsigned chip = 0; chip < SAMPLE_CHIPS; chip++) {
            sample_init(&s, vm, chip);
            expect_good(&s);
            sample_clear(&s);
        }
    }
}

static void test_good_schemes(void)
{
    static const TPMI_ALG_SIG_SCHEME schemes[] = { TPM2_ALG_RSAPSS,
                                                   TPM2_ALG_ECDSA };
    struct sample s;

    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        sample_init(&s, 0, 0);
        sample_new_ak(&s, schemes[i]);
        remake_publics(&s);
        sample_quote(&s);
        expect_good(&s);
        sample_clear(&s);
    }
}

/* Certificates from elsewhere, a root as PEM, several digests, a TCB floor that
 * is met. */
static void test_good_variants(void)
{
    gnutls_datum_t der, pem;
    uint8_t digests[2][48] = { { 0 } };
    struct sample s;

    sample_init(&s, 0, 0);
    own_chain(&s);
    der.data = s.chip->ark.data;
    der.size = (unsigned)s.chip->ark.size;
    g_assert_cmpint(gnutls_pem_base64_encode2("CERTIFICATE", &der, &pem), ==,
                    0);
    s.roots[0].data = pem.data;
    s.roots[0].size = pem.size;
    memcpy(digests[1], s.launch_digest[0], 48);
    s.policy.launch_digests = (const uint8_t(*)[48])digests;
    s.policy.launch_digest_count = 2;
    s.policy.tcb_floor = &s.chip->tcb;
    expect_good(&s);
    gnutls_free(pem.data);
    sample_clear(&s);
}

/* The IMA list goes on after the quote; application PCRs need no log when the
 * policy says so. */
static void test_good_logs(void)
{
    g_autoptr(GByteArray) list = g_byte_array_new();
    struct sample s;

    sample_init(&s, 0, 0);
    ima_entry(list, 10, "boot_aggregate", FALSE);
    ima_entry(list, 10, "/usr/bin/init", FALSE);
    ima_entry(list, 10, "/usr/bin/later", FALSE);
    g_assert_true(evtpm_blob_set(&s.evidence.ima_log, list->data, list->len));
    memset(s.evidence.pcr[23], 0x23, 32);
    sample_quote(&s);
    s.policy.free_pcrs = 1u << 23;
    expect_good(&s);
    sample_clear(&s);
}

static void test_debug_by_request(void)
{
    struct sample s;

    sample_init(&s, 0, 0);
    debug_allowed(&s);
    s.policy.allow_debug = true;
    expect_good(&s);
    sample_clear(&s);
}

/* A recorded document: what cannot be known is skipped and says so, nothing
 * else is. */
static void test_recorded(void)
{
    struct evtpm_result result;
    struct sample s;

    sample_init(&s, 0, 0);
    s.policy.recorded = true;
    s.policy.nonce = NULL;
    s.policy.credential = NULL;
    g_assert_cmpint(evtpm_verify(&s.evidence, &s.policy, &result), ==, 0);
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        g_assert_cmpint(result.link[i].status, ==,
                        i == EVTPM_LINK_NONCE || i == EVTPM_LINK_AK_BINDING
                            ? EVTPM_SKIPPED
                            : EVTPM_PASSED);
    }
    /* Given all the same, they count. */
    s.policy.nonce = &other.nonce;
    g_assert_cmpint(evtpm_verify(&s.evidence, &s.policy, &result), ==,
                    evtpm_link_exit_status(EVTPM_LINK_NONCE));
    sample_clear(&s);
}

/* All of another VM's evidence: freshness, EK and AK each notice on their own.
 */
static void test_other_vm(void)
{
    struct evtpm_result result;
    struct sample s;

    sample_init(&s, 0, 0);
    s.roots[0] = other.chip->ark;
    g_assert_cmpint(evtpm_verify(&other.evidence, &s.policy, &result), ==,
                    evtpm_link_exit_status(EVTPM_LINK_NONCE));
    g_assert_cmpint(result.link[EVTPM_LINK_AK_BINDING].status, ==,
                    EVTPM_FAILED);
    g_assert_cmpint(result.link[EVTPM_LINK_REPORT_SIGNATURE].status, ==,
                    EVTPM_PASSED);
    sample_clear(&s);
}

/* Nothing at all: every link fails or is skipped, none passes for want of
 * input. */
static void test_empty(void)
{
    static const struct evtpm_evidence nothing;
    static const struct evtpm_policy strict;
    struct evtpm_result result;

    g_assert_cmpint(evtpm_verify(&nothing, &strict, &result), ==, 20);
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        g_assert_cmpint(result.link[i].status, !=, EVTPM_PASSED);
    }
}

/* A genuine report of a Milan (from the test data of go-sev-guest), under the
 * root that AMD publishes. */
static void test_amd(void)
{
    static const enum evtpm_link wanted[] = {
        EVTPM_LINK_ROOT, EVTPM_LINK_CHAIN,       EVTPM_LINK_REPORT_SIGNATURE,
        EVTPM_LINK_CHIP, EVTPM_LINK_REPORT_FORM, EVTPM_LINK_VMPL,
    };
    static const char *const files[] = { "report.bin", "ark.pem", "ask.pem",
                                         "vcek.der" };
    struct evtpm_evidence evidence = { 0 };
    struct evtpm_chain chain = { 0 };
    struct evtpm_policy policy = { .certificates = &chain, .now = 1700000000 };
    struct evtpm_blob *to[] = { &evidence.report, &chain.ark, &chain.ask,
                                &chain.vcek };
    struct evtpm_result result;

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_test_build_filename(
            G_TEST_DIST, "tests", "unit", "amd-milan", files[i], NULL);
        g_autofree char *data = NULL;
        gsize size;

        g_assert_true(g_file_get_contents(path, &data, &size, NULL));
        if (i == 0) {
            g_assert_true(evtpm_blob_set(to[i], data, size));
        } else {
            g_assert_cmpint(evtpm_cert_decode(data, size, to[i], NULL), ==, 0);
        }
    }
    evtpm_verify(&evidence, &policy, &result);
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        g_test_message("%s: %s", evtpm_link_name(wanted[i]),
                       result.link[wanted[i]].detail);
        g_assert_cmpint(result.link[wanted[i]].status, ==, EVTPM_PASSED);
    }
    g_assert_false(result.emulated);

    flip(&evidence.report, 0x50);
    evtpm_verify(&evidence, &policy, &result);
    g_assert_cmpint(result.link[EVTPM_LINK_REPORT_SIGNATURE].status, ==,
                    EVTPM_FAILED);
    evtpm_evidence_clear(&evidence);
    evtpm_chain_clear(&chain);
}

static void test_names(void)
{
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        g_assert_cmpstr(evtpm_link_claim(i), !=, "");
        for (int j = 0; j < i; j++) {
            g_assert_cmpstr(evtpm_link_name(i), !=, evtpm_link_name(j));
            g_assert_cmpint(evtpm_link_exit_status(i), !=,
                            evtpm_link_exit_status(j));
        }
    }
    g_assert_cmpint(evtpm_link_exit_status(EVTPM_LINK_EVIDENCE), ==, 20);
    g_assert_cmpint(evtpm_link_exit_status(EVTPM_LINK_IMA_LOG), ==, 42);
    g_assert_cmpint(evtpm_link_exit_status(EVTPM_LINK_COUNT), ==, 0);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    sample_chips_create();
    sample_init(&other, 1, 2);
    g_test_add_func("/verify/good", test_good);
    g_test_add_func("/verify/good/schemes", test_good_schemes);
    g_test_add_func("/verify/good/variants", test_good_variants);
    g_test_add_func("/verify/good/logs", test_good_logs);
    g_test_add_func("/verify/good/debug-by-request", test_debug_by_request);
    g_test_add_func("/verify/recorded", test_recorded);
    g_test_add_func("/verify/other-vm", test_other_vm);
    g_test_add_func("/verify/empty", test_empty);
    g_test_add_func("/verify/amd-milan", test_amd);
    g_test_add_func("/verify/names", test_names);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *path = g_strdup_printf("/verify/bad/%s", bad[i].name);

        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_bad);
    }
    status = g_test_run();
    sample_clear(&other);
    sample_chips_remove();
    return status;
}
