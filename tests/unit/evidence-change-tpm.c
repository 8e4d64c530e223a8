/* SPDX-License-Identifier: MIT */
/* Changes to evidence that the links from the EK to the logs must notice. */
#include <string.h>

#include "lib/eventlog_types.h"
#include "tests/unit/evidence-change.h"
#include "tests/unit/log-sample.h"

/* ek */
static void ek_other(struct sample *s)
{
    change_put(&s->evidence.ek_public, &change_other.evidence.ek_public);
}
static void ek_longer(struct sample *s)
{
    change_grow(&s->evidence.ek_public);
}
static void ek_signs(struct sample *s)
{
    s->ek.objectAttributes |= TPMA_OBJECT_SIGN_ENCRYPT;
    sample_remake_publics(s);
}
static void ek_movable(struct sample *s)
{
    s->ek.objectAttributes &= ~TPMA_OBJECT_FIXEDTPM;
    sample_remake_publics(s);
}

/* ak */
static void ak_unrestricted(struct sample *s)
{
    s->ak.objectAttributes &= ~TPMA_OBJECT_RESTRICTED;
    sample_remake_publics(s);
}
static void ak_imported(struct sample *s)
{
    s->ak.objectAttributes &= ~TPMA_OBJECT_SENSITIVEDATAORIGIN;
    sample_remake_publics(s);
}
static void ak_decrypts(struct sample *s)
{
    s->ak.objectAttributes |= TPMA_OBJECT_DECRYPT;
    sample_remake_publics(s);
}
static void ak_name_other(struct sample *s)
{
    change_put(&s->evidence.ak_name, &change_other.evidence.ak_name);
}
static void ak_name_sha1(struct sample *s)
{
    s->ak.nameAlg = TPM2_ALG_SHA1;
    sample_publics(s);
}
static void secret_other(struct sample *s)
{
    change_flip(&s->evidence.credential_secret, 31);
}
static void secret_cut(struct sample *s)
{
    change_cut(&s->evidence.credential_secret, 16);
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
    change_put(&s->credential.ek_public, &change_other.evidence.ek_public);
}
static void credential_for_other_ak(struct sample *s)
{
    change_put(&s->credential.ak_name, &change_other.evidence.ak_name);
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
    change_flip(&s->evidence.quote_attest, s->evidence.quote_attest.size - 40);
}
static void quote_signature_altered(struct sample *s)
{
    change_flip(&s->evidence.quote_signature, 100);
}
static void quote_of_other_ak(struct sample *s)
{
    gnutls_privkey_t own = s->ak_key;

    s->ak_key = change_other.ak_key;
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
    change_flip(&s->evidence.nonce, 0);
    sample_quote(s);
    change_flip(&s->evidence.nonce, 0);
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
    change_cut(&s->evidence.event_log, 1);
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
            change_flip(b, (size_t)(event.digest[EVTPM_SHA256] - b->data));
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
            change_flip(b,
                        (size_t)(event.data - b->data) + event.data_size - 1);
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
    change_flip(&s->evidence.ima_log, s->evidence.ima_log.size - 2);
}
static void ima_entry_dropped(struct sample *s)
{
    g_autoptr(GByteArray) list = g_byte_array_new();

    ima_boot_aggregate(list, (const uint8_t(*)[32])s->evidence.pcr);
    g_assert_true(evtpm_blob_set(&s->evidence.ima_log, list->data, list->len));
}
static void ima_cut(struct sample *s)
{
    change_cut(&s->evidence.ima_log, 5);
}
static void ima_other_pcr(struct sample *s)
{
    g_autoptr(GByteArray) list = g_byte_array_new();

    ima_entry(list, 11, "boot_aggregate", FALSE);
    g_assert_true(evtpm_blob_set(&s->evidence.ima_log, list->data, list->len));
}

const struct evidence_change tpm_changes[] = {
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
    { "log-cut", log_cut, EVTPM_LINK_EVENT_LOG, "event 16 at offset" },
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
    { NULL, NULL, 0, NULL },
};
