/* SPDX-License-Identifier: MIT */
/* The AMD-SP model: launch of one guest, its secrets page, firmware status
 * names. */
#include "lib/amdsp_priv.h"

#include <gnutls/crypto.h>
#include <string.h>

/* Policy bits that demand something of the platform which emulation does not
 * have. */
#define POLICY_AES_256_XTS (1ull << 22)
#define POLICY_RAPL_OFF (1ull << 23)
#define POLICY_CIPHERTEXT_HIDING (1ull << 24)

static unsigned refuse(unsigned status, struct evtpm_error *err,
                       const char *why)
{
    evtpm_fail(err, "%s (%s)", why, amdsp_status_name(status));
    return status;
}

static unsigned check_policy(uint64_t policy, struct evtpm_error *err)
{
    unsigned abi_minor = policy & SNP_POLICY_ABI_MINOR_MASK;
    unsigned abi_major = (policy & SNP_POLICY_ABI_MAJOR_MASK) >> 8;

    if (policy & ~SNP_POLICY_VALID_MASK) {
        return refuse(SNP_FW_INVALID_PARAM, err,
                      "guest policy has reserved bits");
    }
    if (!(policy & SNP_POLICY_RSVD_MBO)) {
        return refuse(SNP_FW_INVALID_PARAM, err,
                      "guest policy lacks bit 17, which must be one");
    }
    if (abi_major > AMDSP_API_MAJOR ||
        (abi_major == AMDSP_API_MAJOR && abi_minor > AMDSP_API_MINOR)) {
        return refuse(SNP_FW_POLICY_FAILURE, err,
                      "guest policy asks for a newer firmware ABI");
    }
    if (policy &
        (POLICY_AES_256_XTS | POLICY_RAPL_OFF | POLICY_CIPHERTEXT_HIDING)) {
        return refuse(SNP_FW_POLICY_FAILURE, err,
                      "guest policy asks for a protection that the emulated "
                      "platform does not have");
    }
    return SNP_FW_OK;
}

unsigned amdsp_launch_start(struct amdsp_guest *guest,
                            const struct evtpm_chip *chip, uint64_t policy,
                            struct evtpm_error *err)
{
    unsigned status = check_policy(policy, err);

    memset(guest, 0, sizeof(*guest));
    if (status != SNP_FW_OK) {
        return status;
    }
    guest->chip = chip;
    guest->policy = policy;
    if (gnutls_rnd(GNUTLS_RND_KEY, guest->vmpck, sizeof(guest->vmpck)) < 0 ||
        gnutls_rnd(GNUTLS_RND_KEY, guest->vmrk, sizeof(guest->vmrk)) < 0 ||
        gnutls_rnd(GNUTLS_RND_NONCE, guest->report_id,
                   sizeof(guest->report_id)) < 0) {
        return refuse(SNP_FW_UNSUPPORTED, err, "no random numbers");
    }
    return SNP_FW_OK;
}

void amdsp_fill_secrets(const struct amdsp_guest *guest,
                        struct snp_secrets_page *page)
{
    struct snp_fms fms = snp_product_fms(guest->chip->product);

    memset(page, 0, sizeof(*page));
    page->version = 3;
    /* CPUID 1 EAX: the extended family adds to 0fh, the extended model is the
     * high nibble. */
    page->fms = (uint32_t)(fms.family - 0xf) << 20 | 0xfu << 8 |
                (uint32_t)(fms.model >> 4) << 16 |
                (uint32_t)(fms.model & 0xf) << 4 | fms.stepping;
    memcpy(page->vmpck, guest->vmpck, sizeof(page->vmpck));
}

static void digest_key(const struct snp_ecdsa_key *key, uint8_t digest[48])
{
    gnutls_hash_fast(GNUTLS_DIG_SHA384, key, sizeof(*key), digest);
}

/* Signatures of the ID authentication page: the ID key's over the block, the
 * author's over the ID key. */
static bool signed_by(const struct snp_ecdsa_key *key,
                      const struct snp_ecdsa_sig *sig, const void *data,
                      size_t size, struct evtpm_error *err)
{
    gnutls_pubkey_t pub = snp_ecdsa_key_import(key);
    bool ok;

    if (!pub) {
        return false;
    }
    ok = snp_ecdsa_verify(data, size, pub, sig->r, sig->s, err) == 0;
    gnutls_pubkey_deinit(pub);
    return ok;
}

static unsigned check_id_block(const struct amdsp_guest *guest,
                               const struct amdsp_finish *finish,
                               struct evtpm_error *err)
{
    const struct snp_id_block *block = finish->id_block;
    const struct snp_id_auth *auth = finish->id_auth;

    if (!auth || auth->id_key_algo != SNP_ALGO_ECDSA_P384_SHA384 ||
        (finish->auth_key_en &&
         auth->auth_key_algo != SNP_ALGO_ECDSA_P384_SHA384)) {
        return refuse(SNP_FW_INVALID_PARAM, err,
                      "ID authentication page lacks an ECDSA P-384 key");
    }
    if (block->version != 1) {
        return refuse(SNP_FW_BAD_VERSION, err, "ID block version is not 1");
    }
    if (!signed_by(&auth->id_key, &auth->id_block_sig, block, sizeof(*block),
                   err)) {
        return refuse(SNP_FW_BAD_SIGNATURE, err,
                      "signature of the ID block is wrong");
    }
    if (finish->auth_key_en &&
        !signed_by(&auth->author_key, &auth->id_key_sig, &auth->id_key,
                   sizeof(auth->id_key), err)) {
        return refuse(SNP_FW_BAD_SIGNATURE, err,
                      "the author's signature of the ID key is wrong");
    }
    if (memcmp(block->ld, finish->measurement, sizeof(block->ld)) != 0) {
        return refuse(SNP_FW_BAD_MEASUREMENT, err,
                      "launch digest is not the one in the ID block");
    }
    if (block->policy != guest->policy) {
        return refuse(SNP_FW_POLICY_FAILURE, err,
                      "guest policy is not the one in the ID block");
    }
    return SNP_FW_OK;
}

unsigned amdsp_launch_finish(struct amdsp_guest *guest,
                             const struct amdsp_finish *finish,
                             struct evtpm_error *err)
{
    unsigned status;

    if (finish->id_block) {
        status = check_id_block(guest, finish, err);
        if (status != SNP_FW_OK) {
            return status;
        }
        guest->has_id_block = true;
        guest->id_block = *finish->id_block;
        digest_key(&finish->id_auth->id_key, guest->id_key_digest);
        if (finish->auth_key_en) {
            guest->has_author_key = true;
            digest_key(&finish->id_auth->author_key, guest->author_key_digest);
        }
    }
    guest->vcek_dis = finish->vcek_dis;
    memcpy(guest->measurement, finish->measurement, sizeof(guest->measurement));
    memcpy(guest->host_data, finish->host_data, sizeof(guest->host_data));
    guest->launched = true;
    return SNP_FW_OK;
}

void amdsp_guest_clear(struct amdsp_guest *guest)
{
    gnutls_memset(guest, 0, sizeof(*guest));
}

const char *amdsp_status_name(unsigned status)
{
    static const struct {
        unsigned status;
        const char *name;
    } names[] = {
        { SNP_FW_OK, "OK" },
        { SNP_FW_INVALID_LENGTH, "INVALID_LENGTH" },
        { SNP_FW_POLICY_FAILURE, "POLICY_FAILURE" },
        { SNP_FW_INVALID_ADDRESS, "INVALID_ADDRESS" },
        { SNP_FW_BAD_SIGNATURE, "BAD_SIGNATURE" },
        { SNP_FW_BAD_MEASUREMENT, "BAD_MEASUREMENT" },
        { SNP_FW_UNSUPPORTED, "UNSUPPORTED" },
        { SNP_FW_INVALID_PARAM, "INVALID_PARAM" },
        { SNP_FW_AEAD_OFLOW, "AEAD_OFLOW" },
        { SNP_FW_BAD_VERSION, "BAD_VERSION" },
        { SNP_FW_INVALID_KEY, "INVALID_KEY" },
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].status == status) {
            return names[i].name;
        }
    }
    return "unknown status";
}
