/* SPDX-License-Identifier: MIT */
/*
 * The SNP attestation report: decoding, its signature, TCB versions by product
 * (SNP firmware ABI 56860, ATTESTATION_REPORT).
 */
#ifndef EVTPM_LIB_REPORT_H
#define EVTPM_LIB_REPORT_H

#include <gnutls/abstract.h>
#include <stdbool.h>

#include "evtpm/report.h"
#include "evtpm/snp.h"
#include "lib/error.h"

/* key_info: bit 0 author key in use, bit 1 mask_chip_key, bits 4:2 the signing key */
#define SNP_KEY_INFO_AUTHOR_KEY (1u << 0)
#define SNP_KEY_INFO_MASK_CHIP_KEY (1u << 1)
#define SNP_KEY_INFO_SIGNING_KEY(info) (((info) >> 2) & 7)
#define SNP_SIGNING_KEY_VCEK 0
#define SNP_SIGNING_KEY_VLEK 1

/* Products differ in the layout of a TCB version and in the length of the chip's identity. */
enum snp_product {
    SNP_PRODUCT_MILAN,
    SNP_PRODUCT_GENOA, /* also Bergamo and Siena */
    SNP_PRODUCT_TURIN,
    SNP_PRODUCT_COUNT,
};

/* "Milan", "Genoa", "Turin"; NULL for another value. */
const char *snp_product_name(enum snp_product product);

/* Accepts the name with or without a stepping ("Milan-B0"), in any case; false if unknown. */
bool snp_product_parse(const char *name, enum snp_product *product);

/* Combined CPUID family, model, stepping that a report of version 3 and later carries. */
struct snp_fms {
    uint8_t family;
    uint8_t model;
    uint8_t stepping;
};
struct snp_fms snp_product_fms(enum snp_product product);

/* Bytes of chip_id (and of the certificate's HWID) that identify a chip: 64, Turin 8. */
size_t snp_product_chip_id_size(enum snp_product product);

/* The components of a TCB_VERSION, compared one by one: none makes up for another. */
struct snp_tcb {
    uint8_t fmc; /* Turin only, else 0 */
    uint8_t bootloader;
    uint8_t tee;
    uint8_t snp;
    uint8_t microcode;
};
struct snp_tcb snp_tcb_decode(enum snp_product product, const uint8_t raw[8]);
void snp_tcb_encode(enum snp_product product, const struct snp_tcb *tcb,
                    uint8_t raw[8]);
/* True when every component of `tcb` is at least that of `floor`. */
bool snp_tcb_at_least(const struct snp_tcb *tcb, const struct snp_tcb *floor);
/* "bootloader 4, tee 0, snp 24, microcode 219" (and fmc for Turin) into `out`; returns `out`. */
char *snp_tcb_format(enum snp_product product, const struct snp_tcb *tcb,
                     char *out, size_t size);

/*
 * Copies and checks the form of a report: length, version 2..5, signature algorithm, reserved
 * bits of key_info, VMPL. Says nothing about who made it. Returns 0 or -1.
 */
int snp_report_parse(const void *data, size_t size,
                     struct snp_attestation_report *report,
                     struct evtpm_error *err);

/*
 * The product that a report names: by the family fields from version 3 on, else Turin when
 * only eight bytes of chip_id are set, else *product is left alone and false is returned
 * (Milan and Genoa lay out everything alike; their certificates tell them apart).
 */
bool snp_report_product(const struct snp_attestation_report *report,
                        enum snp_product *product);

/* ECDSA P-384 over SHA-384 of the first 2a0h bytes, r and s little-endian. Return 0 or -1. */
int snp_report_sign(struct snp_attestation_report *report,
                    gnutls_privkey_t vcek, struct evtpm_error *err);
int snp_report_verify(const struct snp_attestation_report *report,
                      gnutls_pubkey_t vcek, struct evtpm_error *err);

/* The same signature form over any bytes: ID blocks and ID keys. Return 0 or -1. */
int snp_ecdsa_sign(const void *data, size_t size, gnutls_privkey_t key,
                   uint8_t r[72], uint8_t s[72], struct evtpm_error *err);
int snp_ecdsa_verify(const void *data, size_t size, gnutls_pubkey_t key,
                     const uint8_t r[72], const uint8_t s[72],
                     struct evtpm_error *err);
/* A public key of the ID page; NULL unless P-384. A point off the curve verifies nothing. */
gnutls_pubkey_t snp_ecdsa_key_import(const struct snp_ecdsa_key *key);
/* Its reverse, to make such pages; returns 0 or -1. */
int snp_ecdsa_key_export(gnutls_pubkey_t key, struct snp_ecdsa_key *out);

#endif
