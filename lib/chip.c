/* SPDX-License-Identifier: MIT */
/* Loading an emulated chip's directory. */
#include "lib/chip.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/certs.h"
#include "lib/file.h"

#define FILE_MAX 0x10000u
#define PATH_SIZE 4096

static int make_path(char path[PATH_SIZE], const char *dir, const char *name,
                     struct evtpm_error *err)
{
    int n = snprintf(path, PATH_SIZE, "%s/%s", dir, name);

    return n < 0 || n >= PATH_SIZE
               ? evtpm_fail(err, "path of the chip directory is too long")
               : 0;
}

static int read_file(const char *dir, const char *name, struct evtpm_blob *out,
                     struct evtpm_error *err)
{
    char path[PATH_SIZE];

    return make_path(path, dir, name, err) < 0
               ? -1
               : evtpm_file_read(path, FILE_MAX, out, err);
}

/*
 * Where the files of the present TCB are: the directory that the link "current"
 * names, else the chip's own. The link is followed once, so that a roll
 * meanwhile cannot mix two VCEKs; what it named stays.
 */
static int find_current(const char *dir, char where[PATH_SIZE],
                        struct evtpm_error *err)
{
    char link[PATH_SIZE], name[64];
    ssize_t n;

    if (make_path(link, dir, "current", err) < 0) {
        return -1;
    }
    n = readlink(link, name, sizeof(name) - 1);
    if (n < 0) {
        strcpy(where, dir); /* shorter than `link` */
        return 0;
    }
    name[n] = '\0';
    return make_path(where, dir, name, err);
}

static int load_cert(const char *dir, const char *name, struct evtpm_blob *der,
                     struct evtpm_error *err)
{
    struct evtpm_blob pem = { 0 };
    int rc = read_file(dir, name, &pem, err);

    if (rc == 0 && evtpm_cert_decode(pem.data, pem.size, der, err) < 0) {
        rc = evtpm_fail_prefix(err, "%s/%s", dir, name);
    }
    evtpm_blob_clear(&pem);
    return rc;
}

static int load_root_key(const char *dir, struct evtpm_chip *chip,
                         struct evtpm_error *err)
{
    struct evtpm_blob text = { 0 };
    char hex[65] = "";
    int rc = read_file(dir, "root.key", &text, err);

    if (rc == 0 && text.size >= 64 && text.size <= 65) {
        memcpy(hex, text.data, 64);
    }
    if (rc == 0 && !evtpm_unhex(chip->root_key, 32, hex)) {
        rc = evtpm_fail(err, "%s/root.key: not 64 hex digits", dir);
    }
    evtpm_blob_clear(&text);
    gnutls_memset(hex, 0, sizeof(hex));
    return rc;
}

static int load_key(const char *dir, const char *name, gnutls_privkey_t *key,
                    struct evtpm_error *err)
{
    struct evtpm_blob pem = { 0 };
    gnutls_datum_t data;
    int rc = read_file(dir, name, &pem, err);

    if (rc < 0) {
        return rc;
    }
    data.data = pem.data;
    data.size = (unsigned)pem.size;
    rc = gnutls_privkey_init(key);
    if (rc == 0) {
        rc = gnutls_privkey_import_x509_raw(*key, &data, GNUTLS_X509_FMT_PEM,
                                            NULL, 0);
    }
    evtpm_blob_clear(&pem);
    return rc < 0 ? evtpm_fail(err, "%s/%s: %s", dir, name, gnutls_strerror(rc))
                  : 0;
}

/* The key belongs to the certificate when both give the same key identifier. */
static bool key_fits(gnutls_privkey_t key, gnutls_x509_crt_t crt)
{
    uint8_t ours[32], theirs[32];
    size_t n = sizeof(ours), m = sizeof(theirs);
    gnutls_pubkey_t pub;
    bool same = false;

    if (gnutls_pubkey_init(&pub) < 0) {
        return false;
    }
    if (gnutls_pubkey_import_privkey(pub, key, 0, 0) == 0 &&
        gnutls_pubkey_get_key_id(pub, GNUTLS_KEYID_USE_SHA256, ours, &n) == 0 &&
        gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, theirs, &m) ==
            0) {
        same = n == m && memcmp(ours, theirs, n) == 0;
    }
    gnutls_pubkey_deinit(pub);
    return same;
}

static int take_identity(const char *dir, struct evtpm_chip *chip,
                         struct evtpm_error *err)
{
    gnutls_x509_crt_t crt = evtpm_cert_import(&chip->vcek, err);
    struct evtpm_vcek_info info;
    int rc;

    if (!crt) {
        return -1;
    }
    rc = evtpm_vcek_read(crt, &info, err);
    if (rc < 0) {
        evtpm_fail_prefix(err, "%s/vcek.pem", dir);
    } else if (!key_fits(chip->vcek_key, crt)) {
        rc =
            evtpm_fail(err, "%s: vcek-key.pem is not the key of vcek.pem", dir);
    } else {
        chip->product = info.product;
        chip->tcb = info.tcb;
        memcpy(chip->chip_id, info.hwid, info.hwid_size);
    }
    gnutls_x509_crt_deinit(crt);
    return rc;
}

/* What vlek.pem says against the chip whose it is to be. */
static int check_vlek(const char *dir, const struct evtpm_chip *chip,
                      gnutls_x509_crt_t crt, struct evtpm_error *err)
{
    struct evtpm_vcek_info info;

    if (evtpm_vlek_read(crt, &info, err) < 0) {
        return evtpm_fail_prefix(err, "%s/vlek.pem", dir);
    }
    if (!key_fits(chip->vlek_key, crt)) {
        return evtpm_fail(err, "%s: vlek-key.pem is not the key of vlek.pem",
                          dir);
    }
    return info.product == chip->product &&
                   snp_tcb_at_least(&info.tcb, &chip->tcb) &&
                   snp_tcb_at_least(&chip->tcb, &info.tcb)
               ? 0
               : evtpm_fail(
                     err, "%s: vlek.pem is for another TCB than vcek.pem", dir);
}

/* A VLEK is there or not. */
static int load_vlek(const char *dir, const char *current,
                     struct evtpm_chip *chip, struct evtpm_error *err)
{
    gnutls_x509_crt_t crt;
    char path[PATH_SIZE];
    int rc;

    if (make_path(path, current, "vlek.pem", err) < 0) {
        return -1;
    }
    if (access(path, F_OK) < 0) {
        return 0;
    }
    if (load_cert(dir, "asvk.pem", &chip->asvk, err) < 0 ||
        load_cert(current, "vlek.pem", &chip->vlek, err) < 0 ||
        load_key(current, "vlek-key.pem", &chip->vlek_key, err) < 0) {
        return -1;
    }
    crt = evtpm_cert_import(&chip->vlek, err);
    if (!crt) {
        return -1;
    }
    rc = check_vlek(dir, chip, crt, err);
    gnutls_x509_crt_deinit(crt);
    return rc;
}

/* Certificates of another chip would only be noticed by whoever verifies. */
static int check_chain(const char *dir, const struct evtpm_chip *chip,
                       struct evtpm_error *err)
{
    const struct evtpm_chain chain = { .ark = chip->ark,
                                       .ask = chip->ask,
                                       .vcek = chip->vcek };
    const struct evtpm_chain vlek = { .ark = chip->ark,
                                      .ask = chip->asvk,
                                      .vlek = chip->vlek };
    const time_t now = time(NULL);

    return evtpm_chain_verify(&chain, now, err) < 0 ||
                   (chip->vlek.size &&
                    evtpm_chain_verify_vlek(&vlek, now, err) < 0)
               ? evtpm_fail_prefix(err, "%s", dir)
               : 0;
}

struct evtpm_chip *evtpm_chip_load(const char *dir, struct evtpm_error *err)
{
    struct evtpm_chip *chip = calloc(1, sizeof(*chip));
    char current[PATH_SIZE];

    if (!chip) {
        evtpm_fail(err, "out of memory");
        return NULL;
    }
    if (load_cert(dir, "ark.pem", &chip->ark, err) < 0 ||
        load_cert(dir, "ask.pem", &chip->ask, err) < 0 ||
        find_current(dir, current, err) < 0 ||
        load_cert(current, "vcek.pem", &chip->vcek, err) < 0 ||
        load_key(current, "vcek-key.pem", &chip->vcek_key, err) < 0 ||
        load_root_key(dir, chip, err) < 0 ||
        take_identity(dir, chip, err) < 0 ||
        load_vlek(dir, current, chip, err) < 0 ||
        check_chain(dir, chip, err) < 0) {
        evtpm_chip_free(chip);
        return NULL;
    }
    return chip;
}

void evtpm_chip_free(struct evtpm_chip *chip)
{
    if (!chip) {
        return;
    }
    evtpm_blob_clear(&chip->ark);
    evtpm_blob_clear(&chip->ask);
    evtpm_blob_clear(&chip->vcek);
    evtpm_blob_clear(&chip->asvk);
    evtpm_blob_clear(&chip->vlek);
    if (chip->vcek_key) {
        gnutls_privkey_deinit(chip->vcek_key);
    }
    if (chip->vlek_key) {
        gnutls_privkey_deinit(chip->vlek_key);
    }
    gnutls_memset(chip->root_key, 0, sizeof(chip->root_key));
    free(chip);
}

int evtpm_chip_cert_table(const struct evtpm_chip *chip,
                          struct evtpm_blob *table, struct evtpm_error *err)
{
    struct evtpm_chain chain = { .ark = chip->ark };

    if (chip->vlek.size) {
        chain.ask = chip->asvk;
        chain.vlek = chip->vlek;
    } else {
        chain.ask = chip->ask;
        chain.vcek = chip->vcek;
    }
    return evtpm_cert_table_build(&chain, table, err);
}
