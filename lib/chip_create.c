/* SPDX-License-Identifier: MIT */
/*
 * Making an emulated chip's directory. Everything is written into a temporary
 * directory beside it, which is renamed last: a reader finds the whole chip or
 * none.
 */
#include "lib/chip_admin.h"
#include "lib/chip_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const file_names[] = {
    "ark.pem",     "ask.pem",      "vcek.pem", "ark-key.pem",
    "ask-key.pem", "vcek-key.pem", "root.key", "chip.json",
    "asvk.pem",    "asvk-key.pem", "vlek.pem", "vlek-key.pem",
};

/* A TCB such as chips in the field report; the values mean nothing here. */
static const struct snp_tcb default_tcb[SNP_PRODUCT_COUNT] = {
    [SNP_PRODUCT_MILAN] = { .bootloader = 4, .snp = 24, .microcode = 219 },
    [SNP_PRODUCT_GENOA] = { .bootloader = 10, .snp = 23, .microcode = 84 },
    [SNP_PRODUCT_TURIN] = { .fmc = 1,
                            .bootloader = 1,
                            .tee = 1,
                            .snp = 4,
                            .microcode = 81 },
};

struct snp_tcb evtpm_chip_default_tcb(enum snp_product product)
{
    return default_tcb[product];
}

/* What readers of the certificate have room for */
#define CSP_ID_MAX 60

struct work {
    const char *dir; /* the temporary one */
    struct evtpm_cert_issue issue;
    struct evtpm_chain chain;
    struct evtpm_blob asvk;
    struct evtpm_error *err;
};

/* The issuer's ARK and ASK, with their keys. */
static int borrow_cas(struct work *w, const char *dir)
{
    struct evtpm_chip *issuer = evtpm_chip_load(dir, w->err);
    bool kept;

    if (!issuer) {
        return -1;
    }
    if (issuer->product != w->issue.product) {
        evtpm_fail(w->err, "%s holds a %s chip, not a %s", dir,
                   snp_product_name(issuer->product),
                   snp_product_name(w->issue.product));
        evtpm_chip_free(issuer);
        return -1;
    }
    kept = evtpm_blob_set(&w->chain.ark, issuer->ark.data, issuer->ark.size) &&
           evtpm_blob_set(&w->chain.ask, issuer->ask.data, issuer->ask.size);
    evtpm_chip_free(issuer);
    if (!kept) {
        return evtpm_fail(w->err, "out of memory");
    }
    if (chip_read_key(dir, "ark-key.pem", &w->issue.ark_key, w->err) < 0) {
        return -1;
    }
    return chip_read_key(dir, "ask-key.pem", &w->issue.ask_key, w->err);
}

static int make_cas(struct work *w)
{
    if (chip_new_key(&w->issue.ark_key, GNUTLS_PK_RSA, 4096, w->err) < 0 ||
        chip_new_key(&w->issue.ask_key, GNUTLS_PK_RSA, 4096, w->err) < 0) {
        return -1;
    }
    return evtpm_chain_issue_cas(&w->issue, &w->chain, w->err);
}

static int put_root_key(struct work *w)
{
    uint8_t key[32];
    char hex[66];
    int rc;

    if (gnutls_rnd(GNUTLS_RND_KEY, key, sizeof(key)) < 0) {
        return evtpm_fail(w->err, "no random numbers");
    }
    evtpm_hex(hex, 65, key, sizeof(key));
    hex[64] = '\n';
    rc = chip_put_file(w->dir, "root.key", hex, 65, 0600, w->err);
    gnutls_memset(key, 0, sizeof(key));
    gnutls_memset(hex, 0, sizeof(hex));
    return rc;
}

/* The provider's key, under an ASVK of its own. */
static int make_vlek(struct work *w)
{
    struct evtpm_cert_issue *issue = &w->issue;

    if (!issue->csp_id) {
        return 0;
    }
    if (chip_new_key(&issue->asvk_key, GNUTLS_PK_RSA, 4096, w->err) < 0 ||
        evtpm_issue_asvk(issue, &w->chain.ark, &w->asvk, w->err) < 0 ||
        chip_new_vcek_key(&issue->vlek_key, w->err) < 0) {
        return -1;
    }
    return evtpm_issue_vlek(issue, &w->asvk, &w->chain.vlek, w->err);
}

static int prepare(struct work *w, const struct evtpm_chip_params *p)
{
    struct evtpm_cert_issue *issue = &w->issue;

    issue->product = p->product;
    issue->csp_id = p->csp_id;
    issue->tcb = p->tcb_given ? p->tcb : default_tcb[p->product];
    if (gnutls_rnd(GNUTLS_RND_RANDOM, issue->chip_id,
                   snp_product_chip_id_size(p->product)) < 0) {
        return evtpm_fail(w->err, "no random numbers");
    }
    if ((p->issuer ? borrow_cas(w, p->issuer) : make_cas(w)) < 0 ||
        chip_new_vcek_key(&issue->vcek_key, w->err) < 0 ||
        evtpm_chain_issue_vcek(issue, &w->chain, w->err) < 0) {
        return -1;
    }
    return make_vlek(w);
}

static int fill_directory(struct work *w)
{
    const struct evtpm_cert_issue *issue = &w->issue;

    if (chip_put_cert(w->dir, "ark.pem", &w->chain.ark, w->err) < 0 ||
        chip_put_cert(w->dir, "ask.pem", &w->chain.ask, w->err) < 0 ||
        chip_put_key(w->dir, "ark-key.pem", issue->ark_key, w->err) < 0 ||
        chip_put_key(w->dir, "ask-key.pem", issue->ask_key, w->err) < 0 ||
        put_root_key(w) < 0) {
        return -1;
    }
    if (w->asvk.size &&
        (chip_put_cert(w->dir, "asvk.pem", &w->asvk, w->err) < 0 ||
         chip_put_key(w->dir, "asvk-key.pem", issue->asvk_key, w->err) < 0)) {
        return -1;
    }
    return chip_put_tcb_files(w->dir, issue, &w->chain.vcek, &w->chain.vlek,
                              w->err);
}

static void clear_work(struct work *w)
{
    gnutls_x509_privkey_t keys[] = { w->issue.ark_key, w->issue.ask_key,
                                     w->issue.vcek_key, w->issue.asvk_key,
                                     w->issue.vlek_key };

    for (int i = 0; i < 5; i++) {
        if (keys[i]) {
            gnutls_x509_privkey_deinit(keys[i]);
        }
    }
    evtpm_chain_clear(&w->chain);
    evtpm_blob_clear(&w->asvk);
}

static void remove_directory(const char *dir)
{
    char path[CHIP_PATH_MAX];

    for (size_t i = 0; i < sizeof(file_names) / sizeof(file_names[0]); i++) {
        if (chip_path(path, dir, file_names[i], NULL) == 0) {
            unlink(path);
        }
    }
    rmdir(dir);
}

/* Not over an existing chip, not even one made by somebody else meanwhile. */
static int put_in_place(const char *temporary, const char *dir,
                        struct evtpm_error *err)
{
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, dir, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    /* A file system without the flag: plain rename still refuses a directory
     * with files in it. */
    if ((errno == EINVAL || errno == ENOSYS) && rename(temporary, dir) == 0) {
        return 0;
    }
    return evtpm_fail(err, "%s: %s", dir, strerror(errno));
}

static int write_directory(struct work *w, const char *dir)
{
    char temporary[4096];
    int n, rc;

    n = snprintf(temporary, sizeof(temporary), "%s.new-XXXXXX", dir);
    if (n < 0 || (size_t)n >= sizeof(temporary) - 32) {
        return evtpm_fail(w->err, "path of the chip directory is too long");
    }
    if (!mkdtemp(temporary)) {
        return evtpm_fail(w->err, "%s: cannot be made: %s", dir,
                          strerror(errno));
    }
    w->dir = temporary;
    rc = fill_directory(w);
    if (rc == 0 && chmod(temporary, 0755) < 0) {
        rc = evtpm_fail(w->err, "%s: %s", dir, strerror(errno));
    }
    if (rc == 0) {
        rc = put_in_place(temporary, dir, w->err);
    }
    if (rc < 0) {
        remove_directory(temporary);
    }
    return rc;
}

int evtpm_chip_create(const char *dir, const struct evtpm_chip_params *params,
                      struct evtpm_error *err)
{
    struct work w = { .err = err };
    struct stat st;
    int rc;

    if (!snp_product_name(params->product)) {
        return evtpm_fail(err, "no such product");
    }
    if (params->csp_id &&
        (!*params->csp_id || strlen(params->csp_id) > CSP_ID_MAX)) {
        return evtpm_fail(err, "the provider's name must have 1 to %d bytes",
                          CSP_ID_MAX);
    }
    if (lstat(dir, &st) == 0) {
        return evtpm_fail(err, "%s: exists already", dir);
    }
    /* The slow part comes first: an interrupted one leaves nothing behind. */
    rc = prepare(&w, params);
    if (rc == 0) {
        rc = write_directory(&w, dir);
    }
    clear_work(&w);
    return rc;
}
