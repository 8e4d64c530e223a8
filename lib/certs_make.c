/* SPDX-License-Identifier: MIT */
/* Issuing an emulated ARK, ASK and VCEK in the form of AMD's. */
#include "lib/certs.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "lib/certs_oid.h"

#define DAY (24 * 60 * 60)
#define YEAR (365 * (time_t)DAY)

static int put_name(gnutls_x509_crt_t crt, const char *cn, const char *product)
{
    int rc;

    rc = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_ORGANIZATION_NAME,
                                       0, EVTPM_EMULATED_ORGANIZATION,
                                       strlen(EVTPM_EMULATED_ORGANIZATION));
    if (rc == 0) {
        rc = gnutls_x509_crt_set_dn_by_oid(
            crt, GNUTLS_OID_X520_ORGANIZATIONAL_UNIT_NAME, 0, product,
            (unsigned)strlen(product));
    }
    if (rc == 0) {
        rc = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
                                           cn, (unsigned)strlen(cn));
    }
    return rc;
}

/* All but extensions and signature. Valid from yesterday: clocks of guests and
 * hosts differ. */
static int put_basics(gnutls_x509_crt_t crt, const char *cn,
                      const char *product, gnutls_x509_privkey_t key, int years)
{
    time_t from = time(NULL) - DAY;
    uint8_t serial[16];
    int rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

    serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, of full length */
    if (rc == 0) {
        rc = gnutls_x509_crt_set_version(crt, 3);
    }
    if (rc == 0) {
        rc = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
    }
    if (rc == 0) {
        rc = put_name(crt, cn, product);
    }
    if (rc == 0) {
        rc = gnutls_x509_crt_set_key(crt, key);
    }
    if (rc == 0) {
        rc = gnutls_x509_crt_set_activation_time(crt, from);
    }
    if (rc == 0) {
        rc = gnutls_x509_crt_set_expiration_time(crt, from + years * YEAR);
    }
    return rc;
}

/* Salt 48: GnuTLS takes the digest's size. */
static int sign(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer,
                gnutls_x509_privkey_t key)
{
    return gnutls_x509_crt_sign2(crt, issuer, key, GNUTLS_DIG_SHA384,
                                 GNUTLS_PRIVKEY_SIGN_FLAG_RSA_PSS);
}

static int finish(gnutls_x509_crt_t crt, int rc, struct evtpm_blob *der,
                  const char *what, struct evtpm_error *err)
{
    gnutls_datum_t out = { 0 };
    bool kept;

    if (rc == 0) {
        rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &out);
    }
    gnutls_x509_crt_deinit(crt);
    if (rc < 0) {
        return evtpm_fail(err, "cannot issue the %s certificate: %s", what,
                          gnutls_strerror(rc));
    }
    kept = evtpm_blob_set(der, out.data, out.size);
    gnutls_free(out.data);
    return kept ? 0 : evtpm_fail(err, "out of memory");
}

static int issue_ca(const struct evtpm_cert_issue *issue, const char *cn,
                    gnutls_x509_privkey_t key, gnutls_x509_crt_t issuer,
                    int path_length, struct evtpm_blob *der,
                    struct evtpm_error *err)
{
    const char *product = snp_product_name(issue->product);
    gnutls_x509_crt_t crt;
    int rc = gnutls_x509_crt_init(&crt);

    if (rc < 0) {
        return evtpm_fail(err, "%s", gnutls_strerror(rc));
    }
    rc = put_basics(crt, cn, product, key, 25);
    if (rc == 0) {
        rc = gnutls_x509_crt_set_basic_constraints(crt, 1, path_length);
    }
    if (rc == 0) {
        rc = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN |
                                                    GNUTLS_KEY_CRL_SIGN);
    }
    if (rc == 0) {
        rc = sign(crt, issuer ? issuer : crt, issue->ark_key);
    }
    return finish(crt, rc, der, cn, err);
}

int evtpm_chain_issue_cas(const struct evtpm_cert_issue *issue,
                          struct evtpm_chain *chain, struct evtpm_error *err)
{
    gnutls_x509_crt_t ark;
    int rc;

    evtpm_chain_clear(chain);
    if (issue_ca(issue, "ARK-Emulated", issue->ark_key, NULL, 1, &chain->ark,
                 err) < 0) {
        return -1;
    }
    ark = evtpm_cert_import(&chain->ark, err);
    if (!ark) {
        return -1;
    }
    rc = issue_ca(issue, "SEV-Emulated", issue->ask_key, ark, 0, &chain->ask,
                  err);
    gnutls_x509_crt_deinit(ark);
    return rc;
}

int evtpm_issue_asvk(const struct evtpm_cert_issue *issue,
                     const struct evtpm_blob *ark, struct evtpm_blob *asvk,
                     struct evtpm_error *err)
{
    gnutls_x509_crt_t issuer = evtpm_cert_import(ark, err);
    int rc;

    if (!issuer) {
        return -1;
    }
    rc = issue_ca(issue, "SEV-ASVK-Emulated", issue->asvk_key, issuer, 0, asvk,
                  err);
    gnutls_x509_crt_deinit(issuer);
    return rc;
}

static int put_integer(gnutls_x509_crt_t crt, const char *oid, uint8_t value)
{
    uint8_t small[3] = { 2, 1, value };
    uint8_t large[4] = { 2, 2, 0, value };

    return value < 0x80
               ? gnutls_x509_crt_set_extension_by_oid(crt, oid, small, 3, 0)
               : gnutls_x509_crt_set_extension_by_oid(crt, oid, large, 4, 0);
}

/* An IA5String of less than 128 bytes. */
static int put_string(gnutls_x509_crt_t crt, const char *oid, const char *text)
{
    uint8_t der[128] = { 0x16, (uint8_t)strlen(text) };

    if (strlen(text) > sizeof(der) - 3) {
        return GNUTLS_E_SHORT_MEMORY_BUFFER;
    }
    memcpy(der + 2, text, der[1]);
    return gnutls_x509_crt_set_extension_by_oid(crt, oid, der, der[1] + 2u, 0);
}

/* A VLEK is not for one stepping. */
static int put_product(gnutls_x509_crt_t crt, enum snp_product product,
                       bool vlek)
{
    static const char *const name[SNP_PRODUCT_COUNT] = {
        [SNP_PRODUCT_MILAN] = "Milan-B1",
        [SNP_PRODUCT_GENOA] = "Genoa-B1",
        [SNP_PRODUCT_TURIN] = "Turin",
    };

    return put_string(crt, OID_AMD_PRODUCT,
                      vlek ? snp_product_name(product) : name[product]);
}

/* Whom the certificate is for: a chip, or a provider. */
static int put_owner(gnutls_x509_crt_t crt,
                     const struct evtpm_cert_issue *issue, bool vlek)
{
    return vlek ? put_string(crt, OID_AMD_CSP_ID, issue->csp_id)
                : gnutls_x509_crt_set_extension_by_oid(
                      crt, OID_AMD_HWID, issue->chip_id,
                      (unsigned)snp_product_chip_id_size(issue->product), 0);
}

static int put_amd_extensions(gnutls_x509_crt_t crt,
                              const struct evtpm_cert_issue *issue, bool vlek)
{
    bool turin = issue->product == SNP_PRODUCT_TURIN;
    const struct {
        const char *oid;
        uint8_t value;
    } integers[] = {
        { OID_AMD_STRUCT_VERSION, turin },
        { OID_AMD_SPL_BL, issue->tcb.bootloader },
        { OID_AMD_SPL_TEE, issue->tcb.tee },
        { turin ? OID_AMD_SPL_FMC : OID_AMD_SPL_4, issue->tcb.fmc },
        { OID_AMD_SPL_5, 0 },
        { OID_AMD_SPL_6, 0 },
        { OID_AMD_SPL_7, 0 },
        { OID_AMD_SPL_SNP, issue->tcb.snp },
        { OID_AMD_SPL_UCODE, issue->tcb.microcode },
    };
    int rc = put_product(crt, issue->product, vlek);

    for (size_t i = 0; rc == 0 && i < sizeof(integers) / sizeof(integers[0]);
         i++) {
        rc = put_integer(crt, integers[i].oid, integers[i].value);
    }
    return rc == 0 ? put_owner(crt, issue, vlek) : rc;
}

/* The VCEK under the ASK, or the VLEK under the ASVK. */
static int issue_leaf(const struct evtpm_cert_issue *issue,
                      const struct evtpm_blob *above, bool vlek,
                      struct evtpm_blob *der, struct evtpm_error *err)
{
    gnutls_x509_crt_t issuer = evtpm_cert_import(above, err);
    gnutls_x509_crt_t crt;
    int rc;

    if (!issuer) {
        return -1;
    }
    rc = gnutls_x509_crt_init(&crt);
    if (rc < 0) {
        gnutls_x509_crt_deinit(issuer);
        return evtpm_fail(err, "%s", gnutls_strerror(rc));
    }
    rc = put_basics(crt, vlek ? "SEV-VLEK-Emulated" : "SEV-VCEK-Emulated",
                    snp_product_name(issue->product),
                    vlek ? issue->vlek_key : issue->vcek_key, vlek ? 1 : 7);
    if (rc == 0) {
        rc = put_amd_extensions(crt, issue, vlek);
    }
    if (rc == 0) {
        rc = sign(crt, issuer, vlek ? issue->asvk_key : issue->ask_key);
    }
    gnutls_x509_crt_deinit(issuer);
    return finish(crt, rc, der, vlek ? "VLEK" : "VCEK", err);
}

int evtpm_chain_issue_vcek(const struct evtpm_cert_issue *issue,
                           struct evtpm_chain *chain, struct evtpm_error *err)
{
    return issue_leaf(issue, &chain->ask, false, &chain->vcek, err);
}

int evtpm_issue_vlek(const struct evtpm_cert_issue *issue,
                     const struct evtpm_blob *asvk, struct evtpm_blob *vlek,
                     struct evtpm_error *err)
{
    return issue_leaf(issue, asvk, true, vlek, err);
}
