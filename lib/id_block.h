/* SPDX-License-Identifier: MIT */
/*
 * ID blocks (SNP firmware ABI 56860, LAUNCH_FINISH): the guest's owner signs the launch digest that
 * a VM must have, with names, a version and the policy. Firmware starts nothing else under that
 * block, and reports state the digests of the keys.
 */
#ifndef EVTPM_LIB_ID_BLOCK_H
#define EVTPM_LIB_ID_BLOCK_H

#include <gnutls/abstract.h>

#include "evtpm/igvm.h"
#include "evtpm/snp.h"
#include "lib/blob.h"
#include "lib/error.h"

/* What hosts are given: the block, and the page with keys and signatures. */
struct evtpm_id {
    struct snp_id_block block;
    struct snp_id_auth auth;
};

/*
 * Signs id->block, which the caller filled but for its version, by the ID key; with an author key,
 * signs the ID key by that one too. Both are P-384. Returns 0 or -1.
 */
int evtpm_id_sign(struct evtpm_id *id, gnutls_privkey_t id_key,
                  gnutls_privkey_t author_key, struct evtpm_error *err);

/* An author key is part of it. */
bool evtpm_id_has_author(const struct evtpm_id *id);

/* SHA-384 of a public key in AMD's form, as reports state it. Returns 0 or -1. */
int evtpm_id_key_digest(const struct snp_ecdsa_key *key, uint8_t digest[48]);

/*
 * Reads what QEMU's properties id-block and id-auth take: base64 of 96 and of at most 4096 bytes.
 * Says nothing about signatures. Returns 0 or -1.
 */
int evtpm_id_decode(const char *block, const char *auth, struct evtpm_id *id,
                    struct evtpm_error *err);

/* Base64 of one of the two, without line breaks; free with free(). NULL when memory is short. */
char *evtpm_id_encode(const void *data, size_t size);

/* The signatures hold and the block is for this launch; says which did not. Returns 0 or -1. */
int evtpm_id_check(const struct evtpm_id *id, const uint8_t digest[48],
                   uint64_t policy, struct evtpm_error *err);

/* The IGVM directive of it, but for the compatibility mask. */
void evtpm_id_to_igvm(const struct evtpm_id *id, struct igvm_snp_id_block *out);

/* A PEM file with a P-384 private key; NULL with an error. Free with gnutls_privkey_deinit(). */
gnutls_privkey_t evtpm_id_key_load(const char *path, struct evtpm_error *err);

/* Makes a P-384 key and writes it, mode 0600, as a PEM file that must not exist. Returns 0 or -1. */
int evtpm_id_key_create(const char *path, struct evtpm_error *err);

#endif
