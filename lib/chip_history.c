/* SPDX-License-Identifier: MIT */
/* What is left of a chip's earlier TCBs: which there were, their certificates.
 */
#include "lib/chip_priv.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"

static unsigned sum(const struct snp_tcb *tcb)
{
    return tcb->fmc + tcb->bootloader + tcb->tee + tcb->snp + tcb->microcode;
}

/* Every roll adds to some component and takes from none. */
static int by_age(const void *a, const void *b)
{
    unsigned x = sum(a), y = sum(b);

    return x < y ? -1 : x > y;
}

/* The TCB of a directory's name, if the chip has or had it. */
static bool read_name(const struct evtpm_chip *chip, const char *name,
                      struct snp_tcb *tcb)
{
    char again[CHIP_TCB_NAME_SIZE];
    uint8_t raw[8];

    if (strncmp(name, "tcb-", 4) != 0 ||
        !evtpm_unhex(raw, sizeof(raw), name + 4)) {
        return false;
    }
    *tcb = snp_tcb_decode(chip->product, raw);
    return strcmp(chip_tcb_name(chip->product, tcb, again), name) == 0 &&
           snp_tcb_at_least(&chip->tcb, tcb);
}

int evtpm_chip_history(const char *dir, struct snp_tcb *tcbs, size_t max,
                       struct evtpm_error *err)
{
    struct evtpm_chip *chip = evtpm_chip_load(dir, err);
    DIR *d = chip ? opendir(dir) : NULL;
    struct dirent *entry;
    size_t count = 0;

    while (d && count < max && (entry = readdir(d))) {
        count += read_name(chip, entry->d_name, &tcbs[count]);
    }
    if (d) {
        closedir(d);
    }
    if (chip && count == 0 && max > 0) { /* never rolled */
        tcbs[count++] = chip->tcb;
    }
    evtpm_chip_free(chip);
    qsort(tcbs, count, sizeof(*tcbs), by_age);
    return chip ? (int)count : -1;
}

static int read_cert(const char *dir, const char *name, struct evtpm_blob *der)
{
    struct evtpm_blob pem = { 0 };
    char path[CHIP_PATH_MAX];
    int rc = chip_path(path, dir, name, NULL);

    if (rc == 0) {
        rc = evtpm_file_read(path, CHIP_FILE_MAX, &pem, NULL);
    }
    if (rc == 0) {
        rc = evtpm_cert_decode(pem.data, pem.size, der, NULL);
    }
    evtpm_blob_clear(&pem);
    return rc;
}

/* `present` is the chip's own at its present TCB. */
static int find_cert(const char *dir, const struct evtpm_chip *chip,
                     const struct snp_tcb *tcb, const char *name,
                     const struct evtpm_blob *present, struct evtpm_blob *der,
                     struct evtpm_error *err)
{
    char tcb_name[CHIP_TCB_NAME_SIZE], path[CHIP_PATH_MAX];

    if (!snp_tcb_at_least(&chip->tcb, tcb)) {
        return evtpm_fail(err, "%s: the chip never had this TCB", dir);
    }
    if (snp_tcb_at_least(tcb, &chip->tcb)) {
        return evtpm_blob_set(der, present->data, present->size)
                   ? 0
                   : evtpm_fail(err, "out of memory");
    }
    chip_tcb_name(chip->product, tcb, tcb_name);
    return chip_path(path, dir, tcb_name, NULL) < 0 ||
                   read_cert(path, name, der) < 0
               ? evtpm_fail(err, "%s: the chip never had this TCB", dir)
               : 0;
}

int evtpm_chip_vcek(const char *dir, const struct snp_tcb *tcb,
                    struct evtpm_blob *der, struct evtpm_error *err)
{
    struct evtpm_chip *chip = evtpm_chip_load(dir, err);
    int rc = chip ? find_cert(dir, chip, tcb, "vcek.pem", &chip->vcek, der, err)
                  : -1;

    evtpm_chip_free(chip);
    return rc;
}

int evtpm_chip_vlek(const char *dir, const struct snp_tcb *tcb,
                    struct evtpm_blob *der, struct evtpm_error *err)
{
    struct evtpm_chip *chip = evtpm_chip_load(dir, err);
    int rc = -1;

    if (chip && !chip->vlek.size) {
        evtpm_fail(err, "%s: the chip has no VLEK", dir);
    } else if (chip) {
        rc = find_cert(dir, chip, tcb, "vlek.pem", &chip->vlek, der, err);
    }
    evtpm_chip_free(chip);
    return rc;
}
