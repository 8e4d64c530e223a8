/* SPDX-License-Identifier: MIT */
/*
 * Rolling a chip's TCB on. A roll prepares a directory with the new VCEK, then
 * replaces the link "current": whoever is interrupted before that changed
 * nothing that anybody reads.
 */
#include "lib/chip_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"

static int check_roll(const struct evtpm_chip *chip, const struct snp_tcb *to,
                      struct evtpm_error *err)
{
    char now[128];

    snp_tcb_format(chip->product, &chip->tcb, now, sizeof(now));
    if (to->fmc && chip->product != SNP_PRODUCT_TURIN) {
        return evtpm_fail(err, "a %s has no TCB component fmc",
                          snp_product_name(chip->product));
    }
    if (!snp_tcb_at_least(to, &chip->tcb)) {
        return evtpm_fail(err, "the TCB cannot go back: the chip has %s", now);
    }
    return snp_tcb_at_least(&chip->tcb, to)
               ? evtpm_fail(err, "the chip has this TCB already: %s", now)
               : 0;
}

/* A name that another roll left behind half made gives way. */
static int put_link(const char *dir, const char *name, const char *target,
                    struct evtpm_error *err)
{
    char path[CHIP_PATH_MAX], temporary[CHIP_PATH_MAX], new_name[64];

    snprintf(new_name, sizeof(new_name), "%s.new", name);
    if (chip_path(path, dir, name, err) < 0 ||
        chip_path(temporary, dir, new_name, err) < 0) {
        return -1;
    }
    unlink(temporary);
    if (symlink(target, temporary) < 0 || rename(temporary, path) < 0) {
        return evtpm_fail(err, "%s: %s", path, strerror(errno));
    }
    return 0;
}

static void remove_tcb(const char *dir)
{
    char path[CHIP_PATH_MAX];

    for (int i = 0; i < CHIP_TCB_FILES; i++) {
        if (chip_path(path, dir, chip_tcb_files[i], NULL) == 0) {
            unlink(path);
        }
    }
    rmdir(dir);
}

/* Makes `dir`/`name`, empty; what an interrupted roll left there goes. */
static int make_tcb(const char *dir, const char *name, char path[CHIP_PATH_MAX],
                    struct evtpm_error *err)
{
    if (chip_path(path, dir, name, err) < 0) {
        return -1;
    }
    remove_tcb(path);
    return mkdir(path, 0755) < 0
               ? evtpm_fail(err, "%s: %s", path, strerror(errno))
               : 0;
}

static int copy_tcb_files(const char *from, const char *to, int count,
                          struct evtpm_error *err)
{
    struct evtpm_blob data = { 0 };
    char path[CHIP_PATH_MAX];
    int rc = 0;

    for (int i = 0; rc == 0 && i < count; i++) {
        const char *name = chip_tcb_files[i];

        rc = chip_path(path, from, name, err);
        if (rc == 0) {
            rc = evtpm_file_read(path, CHIP_FILE_MAX, &data, err);
        }
        if (rc == 0) {
            rc = chip_put_file(to, name, data.data, data.size,
                               strstr(name, "key") ? 0600 : 0644, err);
        }
    }
    if (data.size) {
        gnutls_memset(data.data, 0, data.size);
    }
    evtpm_blob_clear(&data);
    return rc;
}

static bool is_link(const char *dir, const char *name)
{
    char path[CHIP_PATH_MAX];
    struct stat st;

    return chip_path(path, dir, name, NULL) == 0 && lstat(path, &st) == 0 &&
           S_ISLNK(st.st_mode);
}

/* A chip that was never rolled gets its links. Each step leaves the contents as
 * they were. */
static int keep_present(const char *dir, const struct evtpm_chip *chip,
                        struct evtpm_error *err)
{
    char name[CHIP_TCB_NAME_SIZE], path[CHIP_PATH_MAX], target[64];
    const int count = chip_tcb_file_count(chip->vlek.size != 0);

    chip_tcb_name(chip->product, &chip->tcb, name);
    if (!is_link(dir, CHIP_CURRENT) &&
        (make_tcb(dir, name, path, err) < 0 ||
         copy_tcb_files(dir, path, count, err) < 0 ||
         put_link(dir, CHIP_CURRENT, name, err) < 0)) {
        return -1;
    }
    for (int i = 0; i < count; i++) {
        snprintf(target, sizeof(target), CHIP_CURRENT "/%s", chip_tcb_files[i]);
        if (!is_link(dir, chip_tcb_files[i]) &&
            put_link(dir, chip_tcb_files[i], target, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static void free_keys(struct evtpm_cert_issue *issue)
{
    gnutls_x509_privkey_t keys[] = { issue->ask_key, issue->vcek_key,
                                     issue->asvk_key, issue->vlek_key };

    for (int i = 0; i < 4; i++) {
        if (keys[i]) {
            gnutls_x509_privkey_deinit(keys[i]);
        }
    }
}

/* The provider has a VLEK of its own for each TCB. */
static int issue_vlek(const char *dir, const struct evtpm_chip *chip,
                      struct evtpm_cert_issue *issue, struct evtpm_blob *vlek,
                      struct evtpm_error *err)
{
    gnutls_x509_crt_t crt = evtpm_cert_import(&chip->vlek, err);
    struct evtpm_vcek_info info;
    int rc = crt ? evtpm_vlek_read(crt, &info, err) : -1;

    if (crt) {
        gnutls_x509_crt_deinit(crt);
    }
    if (rc < 0 ||
        chip_read_key(dir, "asvk-key.pem", &issue->asvk_key, err) < 0 ||
        chip_new_vcek_key(&issue->vlek_key, err) < 0) {
        return -1;
    }
    issue->csp_id = info.csp_id;
    rc = evtpm_issue_vlek(issue, &chip->asvk, vlek, err);
    issue->csp_id = NULL;
    return rc;
}

static int issue_next(const char *dir, const struct evtpm_chip *chip,
                      struct evtpm_cert_issue *issue, struct evtpm_chain *chain,
                      struct evtpm_error *err)
{
    memcpy(issue->chip_id, chip->chip_id, sizeof(issue->chip_id));
    if (!evtpm_blob_set(&chain->ask, chip->ask.data, chip->ask.size)) {
        return evtpm_fail(err, "out of memory");
    }
    if (chip_read_key(dir, "ask-key.pem", &issue->ask_key, err) < 0 ||
        chip_new_vcek_key(&issue->vcek_key, err) < 0 ||
        evtpm_chain_issue_vcek(issue, chain, err) < 0) {
        return -1;
    }
    return chip->vlek.size ? issue_vlek(dir, chip, issue, &chain->vlek, err)
                           : 0;
}

static int make_next(const char *dir, const struct evtpm_chip *chip,
                     const struct snp_tcb *tcb, const char *name,
                     struct evtpm_error *err)
{
    struct evtpm_cert_issue issue = { .product = chip->product, .tcb = *tcb };
    struct evtpm_chain chain = { 0 };
    char path[CHIP_PATH_MAX];
    int rc = issue_next(dir, chip, &issue, &chain, err);

    if (rc == 0) {
        rc = make_tcb(dir, name, path, err);
    }
    if (rc == 0) {
        rc = chip_put_tcb_files(path, &issue, &chain.vcek, &chain.vlek, err);
        if (rc < 0) {
            remove_tcb(path);
        }
    }
    free_keys(&issue);
    evtpm_chain_clear(&chain);
    return rc;
}

static int roll(const char *dir, const struct evtpm_chip *chip,
                const struct snp_tcb *tcb, struct evtpm_error *err)
{
    char name[CHIP_TCB_NAME_SIZE];

    chip_tcb_name(chip->product, tcb, name);
    if (check_roll(chip, tcb, err) < 0 || keep_present(dir, chip, err) < 0 ||
        make_next(dir, chip, tcb, name, err) < 0) {
        return -1;
    }
    return put_link(dir, CHIP_CURRENT, name, err);
}

int evtpm_chip_roll_tcb(const char *dir, const struct snp_tcb *tcb,
                        struct evtpm_error *err)
{
    int lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct evtpm_chip *chip;
    int rc = -1;

    if (lock < 0) {
        return evtpm_fail(err, "%s: %s", dir, strerror(errno));
    }
    /* Two rolls at once: the second builds on what the first one made. */
    if (flock(lock, LOCK_EX) < 0) {
        evtpm_fail(err, "%s: %s", dir, strerror(errno));
    } else {
        chip = evtpm_chip_load(dir, err);
        rc = chip ? roll(dir, chip, tcb, err) : -1;
        evtpm_chip_free(chip);
    }
    close(lock);
    return rc;
}
