/* SPDX-License-Identifier: MIT */
/* A guest's side of messages to the AMD-SP. */
#include "tests/unit/guest-message.h"

#include <glib.h>
#include <gnutls/crypto.h>
#include <string.h>

void message_prepare(const struct amdsp_guest *guest, unsigned vmpck,
                     unsigned type, unsigned version, const void *payload,
                     size_t size, struct snp_guest_msg *msg)
{
    memset(msg, 0, sizeof(*msg));
    msg->hdr.msg_seqno = guest->msg_count[vmpck] + 1;
    msg->hdr.algo = SNP_AEAD_AES_256_GCM;
    msg->hdr.hdr_version = 1;
    msg->hdr.hdr_sz = sizeof(msg->hdr);
    msg->hdr.msg_type = (uint8_t)type;
    msg->hdr.msg_version = (uint8_t)version;
    msg->hdr.msg_sz = (uint16_t)size;
    msg->hdr.msg_vmpck = (uint8_t)vmpck;
    memcpy(msg->payload, payload, size);
}

static gnutls_aead_cipher_hd_t cipher(const uint8_t vmpck[32])
{
    gnutls_datum_t key = { (void *)vmpck, 32 };
    gnutls_aead_cipher_hd_t hd;

    g_assert_cmpint(
        gnutls_aead_cipher_init(&hd, GNUTLS_CIPHER_AES_256_GCM, &key), ==, 0);
    return hd;
}

void message_seal(const uint8_t vmpck[32], struct snp_guest_msg *msg)
{
    uint8_t iv[12] = { 0 }, out[SNP_MSG_PAYLOAD_MAX + 16];
    gnutls_aead_cipher_hd_t hd = cipher(vmpck);
    size_t size = sizeof(out);

    memcpy(iv, &msg->hdr.msg_seqno, 8);
    g_assert_cmpint(gnutls_aead_cipher_encrypt(
                        hd, iv, 12, (uint8_t *)msg + SNP_MSG_AAD_OFFSET,
                        SNP_MSG_AAD_SIZE, 16, msg->payload, msg->hdr.msg_sz,
                        out, &size),
                    ==, 0);
    gnutls_aead_cipher_deinit(hd);
    memcpy(msg->payload, out, msg->hdr.msg_sz);
    memcpy(msg->hdr.authtag, out + msg->hdr.msg_sz, 16);
}

bool message_open(const uint8_t vmpck[32], struct snp_guest_msg *msg)
{
    uint8_t iv[12] = { 0 }, in[SNP_MSG_PAYLOAD_MAX + 16];
    gnutls_aead_cipher_hd_t hd = cipher(vmpck);
    size_t size = SNP_MSG_PAYLOAD_MAX;
    int rc;

    memcpy(iv, &msg->hdr.msg_seqno, 8);
    memcpy(in, msg->payload, msg->hdr.msg_sz);
    memcpy(in + msg->hdr.msg_sz, msg->hdr.authtag, 16);
    rc = gnutls_aead_cipher_decrypt(
        hd, iv, 12, (uint8_t *)msg + SNP_MSG_AAD_OFFSET, SNP_MSG_AAD_SIZE, 16,
        in, msg->hdr.msg_sz + 16u, msg->payload, &size);
    gnutls_aead_cipher_deinit(hd);
    return rc == 0;
}

unsigned message_exchange(struct amdsp_guest *guest, unsigned vmpck,
                          unsigned type, unsigned version, const void *req,
                          size_t req_size, void *rsp, size_t rsp_size)
{
    struct snp_guest_msg in, out;
    unsigned status;

    message_prepare(guest, vmpck, type, version, req, req_size, &in);
    message_seal(guest->vmpck[vmpck], &in);
    status =
        amdsp_guest_request(guest, (const uint8_t *)&in, (uint8_t *)&out, NULL);
    if (status != SNP_FW_OK) {
        return status;
    }
    g_assert_cmpuint(out.hdr.msg_seqno, ==, in.hdr.msg_seqno + 1);
    g_assert_cmpuint(out.hdr.msg_type, ==, type + 1);
    g_assert_cmpuint(out.hdr.msg_version, ==, version);
    g_assert_cmpuint(out.hdr.msg_vmpck, ==, vmpck);
    g_assert_cmpuint(out.hdr.msg_sz, ==, rsp_size);
    g_assert_cmpuint(out.hdr.hdr_sz, ==, sizeof(out.hdr));
    g_assert_true(message_open(guest->vmpck[vmpck], &out));
    memcpy(rsp, out.payload, rsp_size);
    return status;
}
