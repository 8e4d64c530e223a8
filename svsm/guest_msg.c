/* SPDX-License-Identifier: MIT */
/* Header and AEAD of guest messages. Compiles on the host too. */
#include "svsm/guest_msg.h"

#include <string.h>

#include "svsm/gcm.h"

static void make_iv(uint8_t iv[GCM_IV_SIZE], uint64_t seqno)
{
    memset(iv, 0, GCM_IV_SIZE);
    memcpy(iv, &seqno, sizeof(seqno));
}

static const uint8_t *aad_of(const struct snp_guest_msg *msg)
{
    return (const uint8_t *)msg + SNP_MSG_AAD_OFFSET;
}

void guest_msg_seal(struct snp_guest_msg *msg, const struct aes256 *key,
                    const struct guest_msg_id *id, const void *payload,
                    uint16_t size)
{
    uint8_t iv[GCM_IV_SIZE];

    memset(msg, 0, sizeof(*msg));
    msg->hdr = (struct snp_guest_msg_hdr){
        .msg_seqno = id->seqno,
        .algo = SNP_AEAD_AES_256_GCM,
        .hdr_version = 1,
        .hdr_sz = sizeof(msg->hdr),
        .msg_type = id->type,
        .msg_version = 1,
        .msg_sz = size,
        .msg_vmpck = id->vmpck,
    };
    make_iv(iv, id->seqno);
    gcm_encrypt(key, iv, aad_of(msg), SNP_MSG_AAD_SIZE, payload, size,
                msg->payload, msg->hdr.authtag);
}

bool guest_msg_open(struct snp_guest_msg *msg, const struct aes256 *key,
                    const struct guest_msg_id *id, uint16_t size)
{
    const struct snp_guest_msg_hdr *h = &msg->hdr;
    uint8_t iv[GCM_IV_SIZE];

    if (h->msg_seqno != id->seqno || h->algo != SNP_AEAD_AES_256_GCM ||
        h->hdr_version != 1 || h->hdr_sz != sizeof(*h) ||
        h->msg_type != id->type || h->msg_version != 1 ||
        h->msg_vmpck != id->vmpck || h->msg_sz != size ||
        size > sizeof(msg->payload)) {
        return false;
    }
    make_iv(iv, id->seqno);
    return gcm_decrypt(key, iv, aad_of(msg), SNP_MSG_AAD_SIZE, msg->payload,
                       size, msg->payload, h->authtag);
}
