/* SPDX-License-Identifier: MIT */
/* Reading certificates of an AMD chain: import, names, the VCEK's extensions.
 */
#include "lib/certs.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>

#include "lib/certs_oid.h"

/* SHA-256 of the DER certificates that AMD publishes
 * (kdsintf.amd.com/vcek/v1/PRODUCT/cert_chain). */
static const char *const amd_roots[] = {
    /* Milan */
    "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd",
    /* Genoa */
    "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1",
    /* Turin */
    "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a",
};

void evtpm_chain_clear(struct evtpm_chain *chain)
{
    evtpm_blob_clear(&chain->ark);
    evtpm_blob_clear(&chain->ask);
    evtpm_blob_clear(&chain->vcek);
    evtpm_blob_clear(&chain->vlek);
}

gnutls_x509_crt_t evtpm_cert_import(const struct evtpm_blob *der,
                                    struct evtpm_error *err)
{
    gnutls_datum_t data = { der->data, (unsigned)der->size };
    gnutls_x509_crt_t crt;
    int rc;

    if (der->size == 0) {
        evtpm_fail(err, "certificate is missing");
        return NULL;
    }
    rc = gnutls_x509_crt_init(&crt);
    if (rc < 0) {
        evtpm_fail(err, "%s", gnutls_strerror(rc));
        return NULL;
    }
    rc = gnutls_x509_crt_import(crt, &data, GNUTLS_X509_FMT_DER);
    if (rc < 0) {
        evtpm_fail(err, "not a certificate: %s", gnutls_strerror(rc));
        gnutls_x509_crt_deinit(crt);
        return NULL;
    }
    return crt;
}

int evtpm_cert_decode(const void *data, size_t size, struct evtpm_blob *der,
                      struct evtpm_error *err)
{
    gnutls_datum_t in = { (void *)data, (unsigned)size };
    gnutls_datum_t out = { 0 };
    gnutls_x509_crt_t crt;
    bool kept;
    int rc;

    rc = gnutls_x509_crt_init(&crt);
    if (rc < 0) {
        return evtpm_fail(err, "%s", gnutls_strerror(rc));
    }
    rc = gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_PEM);
    if (rc < 0) {
        rc = gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_DER);
    }
    if (rc == 0) {
        rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &out);
    }
    gnutls_x509_crt_deinit(crt);
    if (rc < 0) {
        return evtpm_fail(err, "not a certificate: %s", gnutls_strerror(rc));
    }
    kept = evtpm_blob_set(der, out.data, out.size);
    gnutls_free(out.data);
    return kept ? 0 : evtpm_fail(err, "out of memory");
}

char *evtpm_cert_subject(const struct evtpm_blob *der, char *out, size_t size)
{
    gnutls_x509_crt_t crt = evtpm_cert_import(der, NULL);
    size_t used = size; /* GnuTLS overwrites it, even on failure */

    if (!crt || gnutls_x509_crt_get_dn(crt, out, &used) < 0) {
        snprintf(out, size, "unreadable");
    }
    if (crt) {
        gnutls_x509_crt_deinit(crt);
    }
    return out;
}

bool evtpm_cert_is_emulated(const struct evtpm_blob *der)
{
    gnutls_x509_crt_t crt = evtpm_cert_import(der, NULL);
    char name[64] = "";
    size_t size = sizeof(name);
    bool same;

    if (!crt) {
        return false;
    }
    same = gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_ORGANIZATION_NAME,
                                         0, 0, name, &size) == 0 &&
           strcmp(name, EVTPM_EMULATED_ORGANIZATION) == 0;
    gnutls_x509_crt_deinit(crt);
    return same;
}

bool evtpm_cert_is_amd_root(const struct evtpm_blob *der)
{
    uint8_t digest[32];
    char hex[65];

    if (der->size == 0 ||
        gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->size, digest) < 0) {
        return false;
    }
    evtpm_hex(hex, sizeof(hex), digest, sizeof(digest));
    for (size_t i = 0; i < sizeof(amd_roots) / sizeof(amd_roots[0]); i++) {
        if (strcmp(hex, amd_roots[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The value of an extension, at most `size` bytes; 0 when it is not there or
 * too long. */
static size_t extension(gnutls_x509_crt_t crt, const char *oid, uint8_t *out,
                        size_t size)
{
    if (gnutls_x509_crt_get_extension_by_oid(crt, oid, 0, out, &size, NULL) <
        0) {
        return 0;
    }
    return size;
}

/* A DER INTEGER of 0 to 255. */
static bool small_integer(gnutls_x509_crt_t crt, const char *oid, uint8_t *out)
{
    uint8_t der[4];
    size_t n = extension(crt, oid, der, sizeof(der));

    if (n == 3 && der[0] == 2 && der[1] == 1 && der[2] < 0x80) {
        *out = der[2];
        return true;
    }
    if (n == 4 && der[0] == 2 && der[1] == 2 && der[2] == 0 && der[3] >= 0x80) {
        *out = der[3];
        return true;
    }
    return false;
}

/* An IA5String shorter than 128 bytes, which AMD uses; UTF8String is read
 * alike. */
static bool short_string(gnutls_x509_crt_t crt, const char *oid, char *out,
                         size_t size)
{
    uint8_t der[64];
    size_t n = extension(crt, oid, der, sizeof(der));

    if (n < 2 || (der[0] != 0x16 && der[0] != 0x0c) || der[1] != n - 2 ||
        n - 2 >= size || memchr(der + 2, 0, n - 2)) {
        return false;
    }
    memcpy(out, der + 2, n - 2);
    out[n - 2] = '\0';
    return true;
}

/* Raw bytes, or the same in an OCTET STRING. */
static size_t hardware_id(gnutls_x509_crt_t crt, size_t want, uint8_t out[64])
{
    uint8_t der[80];
    size_t n = extension(crt, OID_AMD_HWID, der, sizeof(der));

    if (n == want) {
        memcpy(out, der, want);
        return want;
    }
    if (n == want + 2 && der[0] == 4 && der[1] == want) {
        memcpy(out, der + 2, want);
        return want;
    }
    return 0;
}

/* Product and TCB, which VCEK and VLEK state alike. */
static int read_versions(gnutls_x509_crt_t crt, const char *name,
                         struct evtpm_vcek_info *info, struct evtpm_error *err)
{
    bool turin;

    memset(info, 0, sizeof(*info));
    if (!short_string(crt, OID_AMD_PRODUCT, info->product_name,
                      sizeof(info->product_name))) {
        return evtpm_fail(err, "%s does not name its product", name);
    }
    if (!snp_product_parse(info->product_name, &info->product)) {
        return evtpm_fail(err, "%s is for the unknown product %s", name,
                          info->product_name);
    }
    turin = info->product == SNP_PRODUCT_TURIN;
    if (!small_integer(crt, OID_AMD_SPL_BL, &info->tcb.bootloader) ||
        !small_integer(crt, OID_AMD_SPL_TEE, &info->tcb.tee) ||
        !small_integer(crt, OID_AMD_SPL_SNP, &info->tcb.snp) ||
        !small_integer(crt, OID_AMD_SPL_UCODE, &info->tcb.microcode) ||
        (turin && !small_integer(crt, OID_AMD_SPL_FMC, &info->tcb.fmc))) {
        return evtpm_fail(err, "%s does not state its TCB", name);
    }
    return 0;
}

int evtpm_vlek_read(gnutls_x509_crt_t vlek, struct evtpm_vcek_info *info,
                    struct evtpm_error *err)
{
    uint8_t hwid[80];

    if (read_versions(vlek, "VLEK", info, err) < 0) {
        return -1;
    }
    if (!short_string(vlek, OID_AMD_CSP_ID, info->csp_id,
                      sizeof(info->csp_id))) {
        return evtpm_fail(err, "VLEK does not name its provider");
    }
    if (extension(vlek, OID_AMD_HWID, hwid, sizeof(hwid)) != 0) {
        return evtpm_fail(err, "VLEK names a chip: it is a VCEK");
    }
    return 0;
}

int evtpm_vcek_read(gnutls_x509_crt_t vcek, struct evtpm_vcek_info *info,
                    struct evtpm_error *err)
{
    if (read_versions(vcek, "VCEK", info, err) < 0) {
        return -1;
    }
    info->hwid_size =
        hardware_id(vcek, snp_product_chip_id_size(info->product), info->hwid);
    if (info->hwid_size == 0) {
        return evtpm_fail(err, "VCEK does not state its chip's identity");
    }
    return 0;
}
