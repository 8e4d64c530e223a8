/* SPDX-License-Identifier: MIT */
/* Making evidence on the host: the AMD-SP model reports, GnuTLS keys stand for
 * the TPM's. */
#include "tests/unit/evidence-sample.h"

#include <glib/gstdio.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/eventlog.h"
#include "lib/ima.h"
#include "lib/tpm_structs.h"
#include "tests/unit/guest-message.h"
#include "tests/unit/log-sample.h"

#define VMS 2
#define QUOTED_PCRS 0x80ffffu /* 0 to 15, 23 */

static char *chip_root;
static char *chip_dirs[SAMPLE_CHIPS];
static gnutls_privkey_t ek_keys[VMS], ak_keys[VMS];
static gnutls_privkey_t id_key, author_key;

const char *sample_chip_dir(unsigned chip)
{
    return chip_dirs[chip];
}

static gnutls_privkey_t new_key(gnutls_pk_algorithm_t algorithm, unsigned bits)
{
    gnutls_privkey_t key;

    g_assert_cmpint(gnutls_privkey_init(&key), ==, 0);
    g_assert_cmpint(gnutls_privkey_generate(key, algorithm, bits, 0), ==, 0);
    return key;
}

void sample_chips_create(unsigned count)
{
    struct evtpm_chip_params params = { 0 };
    struct evtpm_error err = { "" };

    chip_root = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    g_assert_nonnull(chip_root);
    for (unsigned i = 0; i < count; i++) {
        chip_dirs[i] = g_strdup_printf("%s/chip%u", chip_root, i);
        params.issuer = i == 1 || i == 3 ? chip_dirs[0] : NULL;
        params.csp_id = i == 3 ? "some cloud" : NULL;
        if (evtpm_chip_create(chip_dirs[i], &params, &err) < 0) {
            g_error("%s", err.text);
        }
    }
    for (unsigned i = 0; i < VMS; i++) {
        ek_keys[i] = new_key(GNUTLS_PK_RSA, 2048);
        ak_keys[i] = new_key(GNUTLS_PK_RSA, 2048);
    }
    id_key = new_key(GNUTLS_PK_ECDSA,
                     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1));
    author_key = new_key(GNUTLS_PK_ECDSA,
                         GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1));
}

void sample_chips_remove(void)
{
    for (unsigned i = 0; i < SAMPLE_CHIPS && chip_dirs[i]; i++) {
        g_autoptr(GDir) dir = g_dir_open(chip_dirs[i], 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
            g_autofree char *path = g_build_filename(chip_dirs[i], name, NULL);

            g_unlink(path);
        }
        g_rmdir(chip_dirs[i]);
        g_clear_pointer(&chip_dirs[i], g_free);
    }
    g_rmdir(chip_root);
    g_clear_pointer(&chip_root, g_free);
    for (unsigned i = 0; i < VMS; i++) {
        gnutls_privkey_deinit(ek_keys[i]);
        gnutls_privkey_deinit(ak_keys[i]);
    }
    gnutls_privkey_deinit(id_key);
    gnutls_privkey_deinit(author_key);
}

static void put_blob(struct evtpm_blob *blob, const void *data, size_t size)
{
    g_assert_true(evtpm_blob_set(blob, data, size));
}

static void export_key(gnutls_privkey_t key, struct snp_ecdsa_key *out)
{
    gnutls_pubkey_t public;

    g_assert_cmpint(gnutls_pubkey_init(&public), ==, 0);
    g_assert_cmpint(gnutls_pubkey_import_privkey(public, key, 0, 0), ==, 0);
    g_assert_cmpint(snp_ecdsa_key_export(public, out), ==, 0);
    gnutls_pubkey_deinit(public);
}

/* The image's owner signs for this digest and policy. */
static void make_id_block(struct snp_id_block *block, struct snp_id_auth *auth,
                          const uint8_t digest[48], uint64_t policy)
{
    memset(block, 0, sizeof(*block));
    memset(auth, 0, sizeof(*auth));
    memcpy(block->ld, digest, 48);
    block->version = 1;
    block->policy = policy;
    auth->id_key_algo = auth->auth_key_algo = SNP_ALGO_ECDSA_P384_SHA384;
    export_key(id_key, &auth->id_key);
    export_key(author_key, &auth->author_key);
    snp_ecdsa_sign(block, sizeof(*block), id_key, auth->id_block_sig.r,
                   auth->id_block_sig.s, NULL);
    snp_ecdsa_sign(&auth->id_key, sizeof(auth->id_key), author_key,
                   auth->id_key_sig.r, auth->id_key_sig.s, NULL);
}

void sample_launch(struct sample *s, uint64_t policy)
{
    struct snp_id_block block;
    struct snp_id_auth auth;
    struct amdsp_finish finish = { .id_block = &block,
                                   .id_auth = &auth,
                                   .auth_key_en = true };

    make_id_block(&block, &auth, s->launch_digest[0], policy);
    g_assert_cmpint(amdsp_launch_start(&s->guest, s->chip, policy, NULL), ==,
                    SNP_FW_OK);
    memcpy(finish.measurement, s->launch_digest[0], 48);
    g_assert_cmpint(amdsp_launch_finish(&s->guest, &finish, NULL), ==,
                    SNP_FW_OK);
}

static void put_modulus(gnutls_privkey_t key, TPM2B_PUBLIC_KEY_RSA *out)
{
    gnutls_datum_t n, e;

    g_assert_cmpint(gnutls_privkey_export_rsa_raw2(key, &n, &e, NULL, NULL,
                                                   NULL, NULL, NULL, NULL,
                                                   GNUTLS_EXPORT_FLAG_NO_LZ),
                    ==, 0);
    out->size = (uint16_t)n.size;
    memcpy(out->buffer, n.data, n.size);
    gnutls_free(n.data);
    gnutls_free(e.data);
}

static void make_ek(struct sample *s)
{
    s->ek.type = TPM2_ALG_RSA;
    s->ek.nameAlg = TPM2_ALG_SHA256;
    s->ek.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                             TPMA_OBJECT_SENSITIVEDATAORIGIN |
                             TPMA_OBJECT_ADMINWITHPOLICY |
                             TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
    s->ek.parameters.rsaDetail.symmetric.algorithm = TPM2_ALG_AES;
    s->ek.parameters.rsaDetail.symmetric.keyBits.aes = 128;
    s->ek.parameters.rsaDetail.symmetric.mode.aes = TPM2_ALG_CFB;
    s->ek.parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
    s->ek.parameters.rsaDetail.keyBits = 2048;
    put_modulus(s->ek_key, &s->ek.unique.rsa);
}

static void make_ecc_ak(struct sample *s)
{
    gnutls_datum_t x, y;

    s->ak.type = TPM2_ALG_ECC;
    s->ak.parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
    s->ak.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
    s->ak.parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
    s->ak.parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
    s->ak.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
    g_assert_cmpint(gnutls_privkey_export_ecc_raw2(s->ak_key, NULL, &x, &y,
                                                   NULL,
                                                   GNUTLS_EXPORT_FLAG_NO_LZ),
                    ==, 0);
    s->ak.unique.ecc.x.size = (uint16_t)x.size;
    memcpy(s->ak.unique.ecc.x.buffer, x.data, x.size);
    s->ak.unique.ecc.y.size = (uint16_t)y.size;
    memcpy(s->ak.unique.ecc.y.buffer, y.data, y.size);
    gnutls_free(x.data);
    gnutls_free(y.data);
}

static void make_rsa_ak(struct sample *s)
{
    s->ak.type = TPM2_ALG_RSA;
    s->ak.parameters.rsaDetail.symmetric.algorithm = TPM2_ALG_NULL;
    s->ak.parameters.rsaDetail.scheme.scheme = s->scheme;
    s->ak.parameters.rsaDetail.scheme.details.anySig.hashAlg = TPM2_ALG_SHA256;
    s->ak.parameters.rsaDetail.keyBits = 2048;
    put_modulus(s->ak_key, &s->ak.unique.rsa);
}

static void make_ak(struct sample *s)
{
    memset(&s->ak, 0, sizeof(s->ak));
    s->ak.nameAlg = TPM2_ALG_SHA256;
    s->ak.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                             TPMA_OBJECT_SENSITIVEDATAORIGIN |
                             TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_RESTRICTED |
                             TPMA_OBJECT_SIGN_ENCRYPT;
    if (s->scheme == TPM2_ALG_ECDSA) {
        make_ecc_ak(s);
    } else {
        make_rsa_ak(s);
    }
}

void sample_new_ak(struct sample *s, TPMI_ALG_SIG_SCHEME scheme)
{
    s->scheme = scheme;
    if (scheme == TPM2_ALG_ECDSA) {
        s->ak_key = new_key(GNUTLS_PK_ECDSA,
                            GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1));
    }
    make_ak(s);
}

void sample_publics(struct sample *s)
{
    struct evtpm_evidence *e = &s->evidence;
    uint8_t bytes[1024], name[TPM_NAME_MAX];
    TPM2B_PUBLIC sized = { .publicArea = s->ek };
    size_t n = 0;

    g_assert_cmpint(
        Tss2_MU_TPMT_PUBLIC_Marshal(&s->ek, bytes, sizeof(bytes), &n), ==, 0);
    put_blob(&e->manifest, bytes, n);
    n = 0;
    g_assert_cmpint(
        Tss2_MU_TPM2B_PUBLIC_Marshal(&sized, bytes, sizeof(bytes), &n), ==, 0);
    put_blob(&e->ek_public, bytes, n);
    sized.publicArea = s->ak;
    n = 0;
    g_assert_cmpint(
        Tss2_MU_TPM2B_PUBLIC_Marshal(&sized, bytes, sizeof(bytes), &n), ==, 0);
    put_blob(&e->ak_public, bytes, n);
    n = tpm_public_name(&s->ak, name);
    put_blob(&e->ak_name, name, n);
}

/* What an SVSM does: a REPORT_REQ under VMPCK0. */
void sample_report(struct sample *s)
{
    struct snp_report_req req = { .vmpl = s->report_vmpl };
    struct snp_report_rsp rsp;
    gnutls_hash_hd_t hash;

    g_assert_cmpint(gnutls_hash_init(&hash, GNUTLS_DIG_SHA512), ==, 0);
    gnutls_hash(hash, s->evidence.nonce.data, s->evidence.nonce.size);
    gnutls_hash(hash, s->evidence.manifest.data, s->evidence.manifest.size);
    gnutls_hash_deinit(hash, req.report_data);
    g_assert_cmpint(message_exchange(&s->guest, 0, SNP_MSG_REPORT_REQ, 1, &req,
                                     sizeof(req), &rsp, sizeof(rsp)),
                    ==, SNP_FW_OK);
    g_assert_cmpint(rsp.status, ==, 0);
    s->report = rsp.report;
    put_blob(&s->evidence.report, &s->report, sizeof(s->report));
}

void sample_sign_report(struct sample *s)
{
    g_assert_cmpint(snp_report_sign(&s->report, s->chip->vcek_key, NULL), ==,
                    0);
    put_blob(&s->evidence.report, &s->report, sizeof(s->report));
}

void sample_log(struct sample *s, const GByteArray *log)
{
    g_autoptr(GByteArray) list = g_byte_array_new();
    struct evtpm_error err = { "" };
    struct evtpm_eventlog reader;
    struct evtpm_pcrs pcrs;

    put_blob(&s->evidence.event_log, log->data, log->len);
    if (evtpm_eventlog_open(&reader, log->data, log->len, &err) < 0 ||
        evtpm_eventlog_replay(&reader, EVTPM_SHA256, &pcrs, &err) < 0) {
        g_error("%s", err.text);
    }
    for (int i = 0; i < EVTPM_PCR_COUNT; i++) {
        memcpy(s->evidence.pcr[i], pcrs.value[i], 32);
    }

    ima_boot_aggregate(list, (const uint8_t(*)[32])s->evidence.pcr);
    ima_entry(list, 10, "/usr/bin/init", FALSE);
    sample_ima(s, list);
    s->evidence.pcr_mask = 0xffffff;
}

void sample_logs(struct sample *s)
{
    g_autoptr(GByteArray) log = g_byte_array_new();

    log_header(log, SAMPLE_BANKS);
    log_firmware(log, SAMPLE_BANKS);
    sample_log(s, log);
}

/* Its own arithmetic here, not that of the code under test */
void sample_ima(struct sample *s, const GByteArray *list)
{
    uint8_t digest[32];

    put_blob(&s->evidence.ima_log, list->data, list->len);
    memset(s->evidence.pcr[10], 0, 32);
    for (size_t at = 0; at < list->len;) {
        uint32_t size;
        uint8_t both[64];

        memcpy(&size, list->data + at + 34, 4);
        gnutls_hash_fast(GNUTLS_DIG_SHA256, list->data + at + 38, size, digest);
        memcpy(both, s->evidence.pcr[10], 32);
        memcpy(both + 32, digest, 32);
        gnutls_hash_fast(GNUTLS_DIG_SHA256, both, 64, s->evidence.pcr[10]);
        at += 38 + size;
    }
}

void sample_quote(struct sample *s)
{
    TPMS_QUOTE_INFO *quote = &s->attest.attested.quote;
    TPMS_PCR_SELECTION *select = &quote->pcrSelect.pcrSelections[0];
    gnutls_hash_hd_t hash;

    memset(&s->attest, 0, sizeof(s->attest));
    s->attest.magic = TPM2_GENERATED_VALUE;
    s->attest.type = TPM2_ST_ATTEST_QUOTE;
    s->attest.extraData.size = 32;
    gnutls_hash_fast(GNUTLS_DIG_SHA256, s->evidence.nonce.data,
                     s->evidence.nonce.size, s->attest.extraData.buffer);
    quote->pcrSelect.count = 1;
    select->hash = TPM2_ALG_SHA256;
    select->sizeofSelect = 3;
    for (int i = 0; i < 3; i++) {
        select->pcrSelect[i] = (QUOTED_PCRS >> (8 * i)) & 0xff;
    }
    quote->pcrDigest.size = 32;
    g_assert_cmpint(gnutls_hash_init(&hash, GNUTLS_DIG_SHA256), ==, 0);
    for (unsigned i = 0; i < EVTPM_PCR_COUNT; i++) {
        if (QUOTED_PCRS & 1u << i) {
            gnutls_hash(hash, s->evidence.pcr[i], 32);
        }
    }
    gnutls_hash_deinit(hash, quote->pcrDigest.buffer);
    sample_sign_quote(s);
}

static void fill_signature(const struct sample *s, const gnutls_datum_t *value,
                           TPMT_SIGNATURE *out)
{
    gnutls_datum_t r, c;

    out->sigAlg = s->scheme;
    out->signature.any.hashAlg = TPM2_ALG_SHA256;
    if (s->scheme == TPM2_ALG_ECDSA) {
        g_assert_cmpint(gnutls_decode_rs_value(value, &r, &c), ==, 0);
        out->signature.ecdsa.signatureR.size = (uint16_t)r.size;
        memcpy(out->signature.ecdsa.signatureR.buffer, r.data, r.size);
        out->signature.ecdsa.signatureS.size = (uint16_t)c.size;
        memcpy(out->signature.ecdsa.signatureS.buffer, c.data, c.size);
        gnutls_free(r.data);
        gnutls_free(c.data);
    } else {
        out->signature.rsassa.sig.size = (uint16_t)value->size;
        memcpy(out->signature.rsassa.sig.buffer, value->data, value->size);
    }
}

void sample_sign_quote(struct sample *s)
{
    gnutls_sign_algorithm_t algorithm =
        s->scheme == TPM2_ALG_ECDSA    ? GNUTLS_SIGN_ECDSA_SHA256
        : s->scheme == TPM2_ALG_RSAPSS ? GNUTLS_SIGN_RSA_PSS_RSAE_SHA256
                                       : GNUTLS_SIGN_RSA_SHA256;
    TPMT_SIGNATURE signature = { 0 };
    gnutls_datum_t data, value;
    uint8_t bytes[2048];
    size_t n = 0;

    g_assert_cmpint(
        Tss2_MU_TPMS_ATTEST_Marshal(&s->attest, bytes, sizeof(bytes), &n), ==,
        0);
    put_blob(&s->evidence.quote_attest, bytes, n);
    data.data = bytes;
    data.size = (unsigned)n;
    g_assert_cmpint(
        gnutls_privkey_sign_data2(s->ak_key, algorithm, 0, &data, &value), ==,
        0);
    fill_signature(s, &value, &signature);
    gnutls_free(value.data);
    n = 0;
    g_assert_cmpint(
        Tss2_MU_TPMT_SIGNATURE_Marshal(&signature, bytes, sizeof(bytes), &n),
        ==, 0);
    put_blob(&s->evidence.quote_signature, bytes, n);
}

struct evtpm_chain *sample_own_chain(struct sample *s)
{
    put_blob(&s->certificates.ark, s->chip->ark.data, s->chip->ark.size);
    put_blob(&s->certificates.ask, s->chip->ask.data, s->chip->ask.size);
    put_blob(&s->certificates.vcek, s->chip->vcek.data, s->chip->vcek.size);
    evtpm_blob_clear(&s->evidence.certificates);
    s->policy.certificates = &s->certificates;
    return &s->certificates;
}

static void adopt_credential(struct sample *s)
{
    put_blob(&s->credential.ek_public, s->evidence.ek_public.data,
             s->evidence.ek_public.size);
    put_blob(&s->credential.ak_name, s->evidence.ak_name.data,
             s->evidence.ak_name.size);
}

void sample_remake_publics(struct sample *s)
{
    sample_publics(s);
    sample_report(s);
    adopt_credential(s);
}

void sample_init(struct sample *s, unsigned vm, unsigned chip)
{
    struct evtpm_error err = { "" };
    uint8_t random[64];

    memset(s, 0, sizeof(*s));
    s->chip_number = chip;
    s->chip = evtpm_chip_load(chip_dirs[chip], &err);
    if (!s->chip) {
        g_error("%s", err.text);
    }
    memset(s->launch_digest[0], 0x5a, 48);
    gnutls_rnd(GNUTLS_RND_NONCE, random, sizeof(random));
    put_blob(&s->nonce, random, 64);
    put_blob(&s->evidence.nonce, random, 64);
    s->ek_key = ek_keys[vm];
    s->ak_key = ak_keys[vm];
    s->scheme = TPM2_ALG_RSASSA;
    sample_launch(s, SNP_POLICY_DEFAULT);
    make_ek(s);
    make_ak(s);
    sample_publics(s);
    sample_report(s);
    sample_logs(s);
    sample_quote(s);
    g_assert_cmpint(
        evtpm_chip_cert_table(s->chip, &s->evidence.certificates, NULL), ==, 0);

    gnutls_rnd(GNUTLS_RND_NONCE, random, sizeof(random));
    put_blob(&s->credential.secret, random, 32);
    put_blob(&s->evidence.credential_secret, random, 32);
    adopt_credential(s);

    s->roots[0] = s->chip->ark;
    s->policy.nonce = &s->nonce;
    s->policy.credential = &s->credential;
    s->policy.launch_digests = (const uint8_t(*)[48])s->launch_digest;
    s->policy.launch_digest_count = 1;
    s->policy.roots = s->roots;
    s->policy.root_count = 1;
    sample_policy(s);
}

void sample_clear(struct sample *s)
{
    if (s->scheme == TPM2_ALG_ECDSA) {
        gnutls_privkey_deinit(s->ak_key);
    }
    evtpm_evidence_clear(&s->evidence);
    evtpm_blob_clear(&s->nonce);
    evtpm_blob_clear(&s->credential.secret);
    evtpm_blob_clear(&s->credential.ek_public);
    evtpm_blob_clear(&s->credential.ak_name);
    evtpm_chain_clear(&s->certificates);
    sample_policy_clear(s);
    evtpm_chip_free(s->chip);
    amdsp_guest_clear(&s->guest);
}
