/* SPDX-License-Identifier: MIT */
/*
 * The secrets of an emulated chip, one for each TCB. Real chips let their boot
 * loader hash a seed once for each version below the highest; what is left
 * after that says nothing about newer versions, and hashing on gives those of
 * older ones. The functions here are our own.
 */
#include "lib/chip.h"

#include <gnutls/crypto.h>
#include <string.h>

#define COMPONENTS 5

struct seed_input {
    char label[31];
    uint8_t component;
};
EVTPM_SIZE(struct seed_input, 32);

static int walk(const uint8_t root[32], uint8_t component, uint8_t version,
                uint8_t out[32])
{
    struct seed_input in = { "evtpm emulated TCB seed", component };
    int rc =
        gnutls_hmac_fast(GNUTLS_MAC_SHA256, root, 32, &in, sizeof(in), out);

    for (unsigned v = 0xff; rc == 0 && v > version; v--) {
        rc = gnutls_hash_fast(GNUTLS_DIG_SHA256, out, 32, out);
    }
    return rc;
}

int evtpm_chip_secret(const struct evtpm_chip *chip, const struct snp_tcb *tcb,
                      uint8_t secret[32])
{
    const uint8_t version[COMPONENTS] = { tcb->fmc, tcb->bootloader, tcb->tee,
                                          tcb->snp, tcb->microcode };
    uint8_t seeds[COMPONENTS][32];
    int rc = 0;

    for (uint8_t i = 0; rc == 0 && i < COMPONENTS; i++) {
        rc = walk(chip->root_key, i, version[i], seeds[i]);
    }
    if (rc == 0) {
        rc = gnutls_hash_fast(GNUTLS_DIG_SHA256, seeds, sizeof(seeds), secret);
    }
    gnutls_memset(seeds, 0, sizeof(seeds));
    return rc < 0 ? -1 : 0;
}
