/* SPDX-License-Identifier: MIT */
/* ID blocks: signing, checking, and their forms. */
#include "lib/id_block.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "lib/report.h"

static int export_public(gnutls_privkey_t key, struct snp_ecdsa_key *out,
                         const char *what, struct evtpm_error *err)
{
    gnutls_pubkey_t pub;
    int rc = gnutls_pubkey_init(&pub);

    if (rc < 0) {
        return evtpm_fail(err, "%s: %s", what, gnutls_strerror(rc));
    }
    rc = gnutls_pubkey_import_privkey(pub, key, 0, 0);
    if (rc == 0) {
        rc = snp_ecdsa_key_export(pub, out);
    }
    gnutls_pubkey_deinit(pub);
    return rc < 0 ? evtpm_fail(err, "the %s is no P-384 key", what) : 0;
}

int evtpm_id_sign(struct evtpm_id *id, gnutls_privkey_t id_key,
                  gnutls_privkey_t author_key, struct evtpm_error *err)
{
    struct snp_id_auth *auth = &id->auth;

    memset(auth, 0, sizeof(*auth));
    id->block.version = 1;
    auth->id_key_algo = SNP_ALGO_ECDSA_P384_SHA384;
    if (export_public(id_key, &auth->id_key, "ID key", err) < 0 ||
        snp_ecdsa_sign(&id->block, sizeof(id->block), id_key,
                       auth->id_block_sig.r, auth->id_block_sig.s, err) < 0) {
        return -1;
    }
    if (!author_key) {
        return 0;
    }
    auth->auth_key_algo = SNP_ALGO_ECDSA_P384_SHA384;
    if (export_public(author_key, &auth->author_key, "author key", err) < 0) {
        return -1;
    }
    return snp_ecdsa_sign(&auth->id_key, sizeof(auth->id_key), author_key,
                          auth->id_key_sig.r, auth->id_key_sig.s, err);
}

/* A key starts with its curve, which is never 0. */
bool evtpm_id_has_author(const struct evtpm_id *id)
{
    return id->auth.author_key.curve != 0;
}

int evtpm_id_key_digest(const struct snp_ecdsa_key *key, uint8_t digest[48])
{
    return gnutls_hash_fast(GNUTLS_DIG_SHA384, key, sizeof(*key), digest) < 0
               ? -1
               : 0;
}

/* White space around the text, as editors leave it, does not count. */
static int decode(const char *text, void *out, size_t least, size_t most,
                  const char *what, struct evtpm_error *err)
{
    gnutls_datum_t in = { (uint8_t *)text, (unsigned)strlen(text) };
    gnutls_datum_t data = { 0 };
    int rc = 0;

    while (in.size && strchr(" \t\r\n", in.data[in.size - 1])) {
        in.size--;
    }
    if (in.size == 0 || gnutls_base64_decode2(&in, &data) < 0) {
        return evtpm_fail(err, "the %s is not base64", what);
    }
    if (data.size < least || data.size > most) {
        rc = evtpm_fail(err, "the %s has %u bytes, not %zu", what, data.size,
                        most);
    } else {
        memset(out, 0, most);
        memcpy(out, data.data, data.size);
    }
    gnutls_free(data.data);
    return rc;
}

int evtpm_id_decode(const char *block, const char *auth, struct evtpm_id *id,
                    struct evtpm_error *err)
{
    if (decode(block, &id->block, sizeof(id->block), sizeof(id->block),
               "ID block", err) < 0) {
        return -1;
    }
    return decode(auth, &id->auth, 1, sizeof(id->auth),
                  "ID authentication page", err);
}

char *evtpm_id_encode(const void *data, size_t size)
{
    gnutls_datum_t in = { (uint8_t *)data, (unsigned)size }, out = { 0 };
    char *text = NULL;

    if (gnutls_base64_encode2(&in, &out) == 0) {
        text = strndup((const char *)out.data, out.size);
    }
    gnutls_free(out.data);
    return text;
}

static bool signed_by(const struct snp_ecdsa_key *key,
                      const struct snp_ecdsa_sig *sig, const void *data,
                      size_t size)
{
    gnutls_pubkey_t pub = snp_ecdsa_key_import(key);
    bool good =
        pub && snp_ecdsa_verify(data, size, pub, sig->r, sig->s, NULL) == 0;

    if (pub) {
        gnutls_pubkey_deinit(pub);
    }
    return good;
}

int evtpm_id_check(const struct evtpm_id *id, const uint8_t digest[48],
                   uint64_t policy, struct evtpm_error *err)
{
    const struct snp_id_auth *auth = &id->auth;
    char seen[97], wanted[97];

    if (!signed_by(&auth->id_key, &auth->id_block_sig, &id->block,
                   sizeof(id->block))) {
        return evtpm_fail(err, "the ID block is not signed by its ID key");
    }
    if (evtpm_id_has_author(id) &&
        !signed_by(&auth->author_key, &auth->id_key_sig, &auth->id_key,
                   sizeof(auth->id_key))) {
        return evtpm_fail(err, "the ID key is not signed by its author key");
    }
    if (memcmp(id->block.ld, digest, sizeof(id->block.ld)) != 0) {
        return evtpm_fail(
            err, "the ID block is for the launch digest %s, this is %s",
            evtpm_hex(wanted, sizeof(wanted), id->block.ld, 48),
            evtpm_hex(seen, sizeof(seen), digest, 48));
    }
    if (id->block.policy != policy) {
        return evtpm_fail(
            err, "the ID block is for the policy 0x%llx, this is 0x%llx",
            (unsigned long long)id->block.policy, (unsigned long long)policy);
    }
    return 0;
}

static void convert_key(const struct snp_ecdsa_key *from,
                        struct igvm_snp_key *to)
{
    to->curve = from->curve;
    memcpy(to->qx, from->qx, sizeof(to->qx));
    memcpy(to->qy, from->qy, sizeof(to->qy));
}

static void convert_sig(const struct snp_ecdsa_sig *from,
                        struct igvm_snp_sig *to)
{
    memcpy(to->r, from->r, sizeof(to->r));
    memcpy(to->s, from->s, sizeof(to->s));
}

void evtpm_id_to_igvm(const struct evtpm_id *id, struct igvm_snp_id_block *out)
{
    memset(out, 0, sizeof(*out));
    out->author_key_enabled = evtpm_id_has_author(id);
    memcpy(out->ld, id->block.ld, sizeof(out->ld));
    memcpy(out->family_id, id->block.family_id, sizeof(out->family_id));
    memcpy(out->image_id, id->block.image_id, sizeof(out->image_id));
    out->version = id->block.version;
    out->guest_svn = id->block.guest_svn;
    out->id_key_algorithm = id->auth.id_key_algo;
    out->author_key_algorithm = id->auth.auth_key_algo;
    convert_sig(&id->auth.id_block_sig, &out->id_key_signature);
    convert_key(&id->auth.id_key, &out->id_public_key);
    convert_sig(&id->auth.id_key_sig, &out->author_key_signature);
    convert_key(&id->auth.author_key, &out->author_public_key);
}
