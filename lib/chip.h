/* SPDX-License-Identifier: MIT */
/*
 * The identity of one emulated processor, kept in a directory:
 *
 *   ark.pem ask.pem vcek.pem               certificates, subjects named as emulated
 *   ark-key.pem ask-key.pem vcek-key.pem   their private keys, mode 0600
 *   root.key                               secret of derived keys (KEY_REQ), hex, mode 0600
 *   chip.json                              product, chip_id, TCB in readable form
 *
 * With a VLEK (a key that AMD gives to a cloud provider, for all its chips at one TCB) also asvk.pem,
 * vlek.pem, asvk-key.pem and vlek-key.pem. Reports are signed by it, unless the guest asks for the VCEK.
 *
 * chip.json is for readers only: chip_id, product and TCB are taken from the VCEK certificate,
 * as a verifier takes them.
 *
 * Once the TCB was rolled on, vcek.pem, vcek-key.pem, chip.json and the two of the VLEK are links into "current", itself
 * a link to one of the directories tcb-HEX (the bytes of TCB_VERSION) that hold those of each
 * TCB the chip ever had. Replacing that one link is the roll; nothing else of a chip ever changes.
 */
#ifndef EVTPM_LIB_CHIP_H
#define EVTPM_LIB_CHIP_H

#include "lib/blob.h"
#include "lib/report.h"

struct evtpm_chip {
    enum snp_product product;
    uint8_t chip_id[64];
    struct snp_tcb tcb; /* current, committed, reported and launch TCB alike */
    struct evtpm_blob ark, ask, vcek; /* certificates, DER */
    struct evtpm_blob asvk, vlek;     /* likewise, if a VLEK is loaded */
    gnutls_privkey_t vcek_key;
    gnutls_privkey_t vlek_key; /* NULL: none is loaded */
    uint8_t root_key[32];
};

/* What to create. All zero: a Milan with a fresh chip_id, own root and a plausible TCB. */
struct evtpm_chip_params {
    enum snp_product product;
    bool tcb_given; /* use `tcb` instead of the product's default */
    struct snp_tcb tcb;
    const char *issuer; /* directory of a chip of this product, whose ARK and ASK to share */
    const char *csp_id; /* cloud provider whose VLEK is loaded; NULL: none */
};

/*
 * Makes the directory `dir`. It appears whole or not at all; two RSA-4096 keys make this take a
 * few seconds unless `issuer` lends them. An existing `dir` is an error. Parents must exist.
 * Returns 0 or -1.
 */
int evtpm_chip_create(const char *dir, const struct evtpm_chip_params *params,
                      struct evtpm_error *err);

/*
 * Rolls the chip's TCB on to `tcb`: a new VCEK, other derived keys. No component may go back, one
 * must go on. Readers find the chip before or after; VMs that run keep what they started with. The
 * VCEKs of earlier TCBs stay for evidence of that time. Returns 0 or -1.
 */
int evtpm_chip_roll_tcb(const char *dir, const struct snp_tcb *tcb,
                        struct evtpm_error *err);

/* The TCBs that the chip had, first to present, at most `max` of them: their number, or -1. */
#define EVTPM_CHIP_HISTORY_MAX 256
int evtpm_chip_history(const char *dir, struct snp_tcb *tcbs, size_t max,
                       struct evtpm_error *err);

/* The VCEK certificate (DER) of one of them; -1 for any other TCB. The VLEK, if there is one. */
int evtpm_chip_vcek(const char *dir, const struct snp_tcb *tcb,
                    struct evtpm_blob *der, struct evtpm_error *err);
int evtpm_chip_vlek(const char *dir, const struct snp_tcb *tcb,
                    struct evtpm_blob *der, struct evtpm_error *err);

/* Reads a directory; checks that the VCEK's key fits its certificate. NULL on error. */
struct evtpm_chip *evtpm_chip_load(const char *dir, struct evtpm_error *err);
void evtpm_chip_free(struct evtpm_chip *chip);

/*
 * The chip's secret at a TCB: what VCEK-rooted derived keys are made of. Each component is a one-way
 * chain that runs from the highest version down, so that firmware of some version can have the
 * secrets of all before it and none after. Returns 0 or -1.
 */
int evtpm_chip_secret(const struct evtpm_chip *chip, const struct snp_tcb *tcb,
                      uint8_t secret[32]);

/*
 * The certificate table of an extended guest request: VCEK, ASK, ARK (with a VLEK: VLEK, ASVK, ARK,
 * for ASK and ASVK are one name there), padded with zeros to whole pages. A guest that offers fewer pages gets the count of pages instead (GHCB). Returns 0 or -1.
 */
int evtpm_chip_cert_table(const struct evtpm_chip *chip,
                          struct evtpm_blob *table, struct evtpm_error *err);

#endif
