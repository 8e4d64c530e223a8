/* SPDX-License-Identifier: MIT */
/*
 * For tests/unit/seal.sh: lib/seal.h as a program.
 *
 * usage: seal-data PARENT_PUBLIC DATA PUBLIC DUPLICATE SEED (files) PCR=HEX...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/seal.h"

static int read_pcrs(char **arguments, uint32_t *pcrs,
                     uint8_t values[EVTPM_PCR_COUNT][32],
                     struct evtpm_error *err)
{
    for (; *arguments; arguments++) {
        char *end;
        unsigned long n = strtoul(*arguments, &end, 10);

        if (n >= EVTPM_PCR_COUNT || *end != '=' ||
            !evtpm_unhex(values[n], 32, end + 1)) {
            return evtpm_fail(err, "not PCR=HEX: %s", *arguments);
        }
        *pcrs |= 1u << n;
    }
    return 0;
}

static int run(char **argv, struct evtpm_error *err)
{
    uint8_t values[EVTPM_PCR_COUNT][32] = { { 0 } };
    struct evtpm_blob parent = { 0 }, data = { 0 };
    struct evtpm_sealed sealed = { 0 };
    const struct evtpm_blob *out[] = { &sealed.public, &sealed.duplicate,
                                       &sealed.seed };
    uint32_t pcrs = 0;
    int rc = evtpm_file_read(argv[1], 0x1000, &parent, err);

    rc = rc < 0 ? rc : evtpm_file_read(argv[2], 0x1000, &data, err);
    rc = rc < 0 ? rc : read_pcrs(argv + 6, &pcrs, values, err);
    rc = rc < 0 ? rc : evtpm_seal(&parent, pcrs, values, &data, &sealed, err);
    for (int i = 0; rc == 0 && i < 3; i++) {
        rc = evtpm_file_write(argv[3 + i], out[i]->data, out[i]->size, 0600,
                              err);
    }
    evtpm_sealed_clear(&sealed);
    evtpm_blob_clear(&parent);
    evtpm_blob_clear(&data);
    return rc;
}

int main(int argc, char **argv)
{
    struct evtpm_error err = { "" };
    int rc =
        argc >= 6 ? run(argv, &err) : evtpm_fail(&err, "five files are needed");

    if (rc < 0) {
        fprintf(stderr, "seal-data: %s\n", err.text);
    }
    return rc < 0 ? 1 : 0;
}
