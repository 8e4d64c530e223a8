/* SPDX-License-Identifier: MIT */
/* The files of a chip directory, one by one. */
#include "lib/chip_priv.h"

#include <stdio.h>
#include <string.h>

#include "lib/file.h"

const char *const chip_tcb_files[CHIP_TCB_FILES] = {
    "vcek.pem", "vcek-key.pem", "chip.json", "vlek.pem", "vlek-key.pem",
};

int chip_tcb_file_count(bool vlek)
{
    return vlek ? CHIP_TCB_FILES : CHIP_TCB_FILES - 2;
}

int chip_path(char path[CHIP_PATH_MAX], const char *dir, const char *name,
              struct evtpm_error *err)
{
    int n = snprintf(path, CHIP_PATH_MAX, "%s/%s", dir, name);

    return n < 0 || n >= CHIP_PATH_MAX
               ? evtpm_fail(err, "path of the chip directory is too long")
               : 0;
}

char *chip_tcb_name(enum snp_product product, const struct snp_tcb *tcb,
                    char out[CHIP_TCB_NAME_SIZE])
{
    uint8_t raw[8];
    char hex[17];

    snp_tcb_encode(product, tcb, raw);
    snprintf(out, CHIP_TCB_NAME_SIZE, "tcb-%s",
             evtpm_hex(hex, sizeof(hex), raw, sizeof(raw)));
    return out;
}

int chip_put_file(const char *dir, const char *name, const void *data,
                  size_t size, unsigned mode, struct evtpm_error *err)
{
    char path[CHIP_PATH_MAX];

    if (chip_path(path, dir, name, err) < 0) {
        return -1;
    }
    return evtpm_file_write(path, data, size, mode, err);
}

int chip_put_key(const char *dir, const char *name, gnutls_x509_privkey_t key,
                 struct evtpm_error *err)
{
    gnutls_datum_t pem = { 0 };
    int rc = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
                                               GNUTLS_PKCS_PLAIN, &pem);

    if (rc < 0) {
        return evtpm_fail(err, "%s: %s", name, gnutls_strerror(rc));
    }
    rc = chip_put_file(dir, name, pem.data, pem.size, 0600, err);
    gnutls_memset(pem.data, 0, pem.size);
    gnutls_free(pem.data);
    return rc;
}

int chip_put_cert(const char *dir, const char *name,
                  const struct evtpm_blob *der, struct evtpm_error *err)
{
    gnutls_datum_t in = { der->data, (unsigned)der->size }, pem = { 0 };
    int rc = gnutls_pem_base64_encode2("CERTIFICATE", &in, &pem);

    if (rc < 0) {
        return evtpm_fail(err, "%s: %s", name, gnutls_strerror(rc));
    }
    rc = chip_put_file(dir, name, pem.data, pem.size, 0644, err);
    gnutls_free(pem.data);
    return rc;
}

static int put_json(const char *dir, const struct evtpm_cert_issue *issue,
                    struct evtpm_error *err)
{
    const struct snp_tcb *tcb = &issue->tcb;
    char json[512], id[129];
    int n;

    evtpm_hex(id, sizeof(id), issue->chip_id, 64);
    n = snprintf(json, sizeof(json),
                 "{\n"
                 "  \"product\": \"%s\",\n"
                 "  \"emulated\": true,\n"
                 "  \"chip_id\": \"%s\",\n"
                 "  \"tcb\": { \"fmc\": %u, \"bootloader\": %u, \"tee\": %u, "
                 "\"snp\": %u, \"microcode\": %u }\n"
                 "}\n",
                 snp_product_name(issue->product), id, tcb->fmc,
                 tcb->bootloader, tcb->tee, tcb->snp, tcb->microcode);
    return chip_put_file(dir, "chip.json", json, (size_t)n, 0644, err);
}

int chip_put_tcb_files(const char *dir, const struct evtpm_cert_issue *issue,
                       const struct evtpm_blob *vcek,
                       const struct evtpm_blob *vlek, struct evtpm_error *err)
{
    if (vlek->size &&
        (chip_put_cert(dir, "vlek.pem", vlek, err) < 0 ||
         chip_put_key(dir, "vlek-key.pem", issue->vlek_key, err) < 0)) {
        return -1;
    }
    if (chip_put_cert(dir, "vcek.pem", vcek, err) < 0 ||
        chip_put_key(dir, "vcek-key.pem", issue->vcek_key, err) < 0) {
        return -1;
    }
    return put_json(dir, issue, err);
}

int chip_read_key(const char *dir, const char *name, gnutls_x509_privkey_t *key,
                  struct evtpm_error *err)
{
    struct evtpm_blob pem = { 0 };
    char path[CHIP_PATH_MAX];
    gnutls_datum_t data;
    int rc;

    if (chip_path(path, dir, name, err) < 0 ||
        evtpm_file_read(path, CHIP_FILE_MAX, &pem, err) < 0) {
        return -1;
    }
    data.data = pem.data;
    data.size = (unsigned)pem.size;
    rc = gnutls_x509_privkey_init(key);
    if (rc == 0) {
        rc = gnutls_x509_privkey_import(*key, &data, GNUTLS_X509_FMT_PEM);
    }
    if (pem.size) {
        gnutls_memset(pem.data, 0, pem.size);
    }
    evtpm_blob_clear(&pem);
    return rc < 0 ? evtpm_fail(err, "%s: %s", path, gnutls_strerror(rc)) : 0;
}

int chip_new_key(gnutls_x509_privkey_t *key, gnutls_pk_algorithm_t algo,
                 unsigned bits, struct evtpm_error *err)
{
    int rc = gnutls_x509_privkey_init(key);

    if (rc == 0) {
        rc = gnutls_x509_privkey_generate(*key, algo, bits, 0);
    }
    return rc < 0 ? evtpm_fail(err, "cannot generate a key: %s",
                               gnutls_strerror(rc))
                  : 0;
}

int chip_new_vcek_key(gnutls_x509_privkey_t *key, struct evtpm_error *err)
{
    return chip_new_key(key, GNUTLS_PK_ECDSA,
                        GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1), err);
}
