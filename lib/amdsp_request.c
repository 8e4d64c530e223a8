/* SPDX-License-Identifier: MIT */
/*
 * Guest messages: AES-256-GCM with the second half of the header as additional
 * data, the sequence number as the IV. Every VMPCK counts on its own; a
 * response takes the number after its request's, so a guest's next request is
 * two further.
 */
#include "lib/amdsp_priv.h"

#include <gnutls/crypto.h>
#include <string.h>

#define TAG_SIZE 16
#define IV_SIZE 12
/* TSC_INFO: 128 bytes both ways; all zero but for the status means "no Secure
 * TSC". */
#define TSC_INFO_SIZE 128

static unsigned refuse(unsigned status, struct evtpm_error *err,
                       const char *why)
{
    evtpm_fail(err, "guest message: %s (%s)", why, amdsp_status_name(status));
    return status;
}

static bool all_zero(const void *data, size_t size)
{
    const uint8_t *byte = data;

    for (size_t i = 0; i < size; i++) {
        if (byte[i]) {
            return false;
        }
    }
    return true;
}

static gnutls_aead_cipher_hd_t cipher(const uint8_t key[32])
{
    gnutls_datum_t k = { (void *)key, 32 };
    gnutls_aead_cipher_hd_t hd;

    return gnutls_aead_cipher_init(&hd, GNUTLS_CIPHER_AES_256_GCM, &k) < 0
               ? NULL
               : hd;
}

static void make_iv(uint64_t seqno, uint8_t iv[IV_SIZE])
{
    memset(iv, 0, IV_SIZE);
    for (int i = 0; i < 8; i++) {
        iv[i] = (uint8_t)(seqno >> (8 * i));
    }
}

static bool decrypt(const struct amdsp_guest *guest,
                    const struct snp_guest_msg *msg, uint8_t *plain)
{
    const struct snp_guest_msg_hdr *hdr = &msg->hdr;
    giovec_t aad = { (uint8_t *)hdr + SNP_MSG_AAD_OFFSET, SNP_MSG_AAD_SIZE };
    giovec_t data = { plain, hdr->msg_sz };
    gnutls_aead_cipher_hd_t hd = cipher(guest->vmpck[hdr->msg_vmpck]);
    uint8_t iv[IV_SIZE], tag[TAG_SIZE];
    int rc;

    if (!hd) {
        return false;
    }
    make_iv(hdr->msg_seqno, iv);
    memcpy(tag, hdr->authtag, TAG_SIZE);
    memcpy(plain, msg->payload, hdr->msg_sz);
    rc = gnutls_aead_cipher_decryptv2(hd, iv, IV_SIZE, &aad, 1, &data, 1, tag,
                                      TAG_SIZE);
    gnutls_aead_cipher_deinit(hd);
    return rc == 0;
}

static bool encrypt(const struct amdsp_guest *guest, struct snp_guest_msg *msg)
{
    struct snp_guest_msg_hdr *hdr = &msg->hdr;
    giovec_t aad = { (uint8_t *)hdr + SNP_MSG_AAD_OFFSET, SNP_MSG_AAD_SIZE };
    giovec_t data = { msg->payload, hdr->msg_sz };
    gnutls_aead_cipher_hd_t hd = cipher(guest->vmpck[hdr->msg_vmpck]);
    size_t tag_size = TAG_SIZE;
    uint8_t iv[IV_SIZE];
    int rc;

    if (!hd) {
        return false;
    }
    make_iv(hdr->msg_seqno, iv);
    rc = gnutls_aead_cipher_encryptv2(hd, iv, IV_SIZE, &aad, 1, &data, 1,
                                      hdr->authtag, &tag_size);
    gnutls_aead_cipher_deinit(hd);
    return rc == 0;
}

static unsigned check_header(const struct amdsp_guest *guest,
                             const struct snp_guest_msg_hdr *hdr,
                             struct evtpm_error *err)
{
    uint64_t last;

    if (hdr->algo != SNP_AEAD_AES_256_GCM || hdr->hdr_version != 1 ||
        hdr->hdr_sz != sizeof(*hdr) || hdr->rsvd_38 ||
        !all_zero(hdr->rsvd_28, sizeof(hdr->rsvd_28)) ||
        !all_zero(hdr->rsvd_3d, sizeof(hdr->rsvd_3d))) {
        return refuse(SNP_FW_INVALID_PARAM, err, "malformed header");
    }
    if (hdr->msg_vmpck >= AMDSP_VMPCK_COUNT) {
        return refuse(SNP_FW_INVALID_PARAM, err, "no such VMPCK");
    }
    if (hdr->msg_sz > SNP_MSG_PAYLOAD_MAX) {
        return refuse(SNP_FW_INVALID_LENGTH, err, "payload exceeds the page");
    }
    last = guest->msg_count[hdr->msg_vmpck];
    if (last > UINT64_MAX - 2) {
        return refuse(SNP_FW_AEAD_OFLOW, err, "sequence numbers used up");
    }
    if (hdr->msg_seqno != last + 1) {
        return refuse(SNP_FW_INVALID_PARAM, err,
                      "sequence number is not the next one");
    }
    return SNP_FW_OK;
}

/* The request types: size of the payload by message version, 0 where that
 * version is not known. */
static const struct request_type {
    uint16_t size[2]; /* versions 1, 2 */
    uint16_t response_size;
    bool known; /* firmware has it, this model may not */
} request_types[] = {
    [1] = { .known = true }, /* CPUID */
    [SNP_MSG_KEY_REQ] = { { sizeof(struct snp_derived_key_req),
                            sizeof(struct amdsp_key_req_v2) },
                          sizeof(struct snp_derived_key_rsp),
                          true },
    [SNP_MSG_REPORT_REQ] = { { sizeof(struct snp_report_req), 0 },
                             sizeof(struct snp_report_rsp),
                             true },
    [7] = { .known = true },  /* EXPORT */
    [9] = { .known = true },  /* IMPORT */
    [11] = { .known = true }, /* ABSORB */
    [13] = { .known = true }, /* VMRK */
    [SNP_MSG_TSC_INFO_REQ] = { { TSC_INFO_SIZE, 0 }, TSC_INFO_SIZE, true },
};

static unsigned check_type(const struct snp_guest_msg_hdr *hdr,
                           struct evtpm_error *err)
{
    const struct request_type *type;

    if (hdr->msg_type >= sizeof(request_types) / sizeof(request_types[0]) ||
        !request_types[hdr->msg_type].known) {
        return refuse(SNP_FW_INVALID_PARAM, err, "unknown message type");
    }
    type = &request_types[hdr->msg_type];
    if (type->response_size == 0) {
        return refuse(SNP_FW_UNSUPPORTED, err,
                      "message type that the emulation does not have");
    }
    if (hdr->msg_version < 1 || hdr->msg_version > 2 ||
        type->size[hdr->msg_version - 1] == 0) {
        return refuse(SNP_FW_INVALID_PARAM, err, "unknown message version");
    }
    if (hdr->msg_sz != type->size[hdr->msg_version - 1]) {
        return refuse(SNP_FW_INVALID_LENGTH, err,
                      "payload has not the size of its type");
    }
    return SNP_FW_OK;
}

static int answer(const struct amdsp_guest *guest,
                  const struct snp_guest_msg_hdr *hdr, const uint8_t *plain,
                  uint8_t *payload, struct evtpm_error *err)
{
    struct snp_derived_key_rsp key_rsp;
    struct amdsp_key_req_v2 key_req = { 0 };
    struct snp_report_rsp report_rsp;
    struct snp_report_req report_req;
    int rc = 0;

    switch (hdr->msg_type) {
    case SNP_MSG_REPORT_REQ:
        memcpy(&report_req, plain, sizeof(report_req));
        rc = amdsp_make_report(guest, hdr->msg_vmpck, &report_req, &report_rsp,
                               err);
        memcpy(payload, &report_rsp, sizeof(report_rsp));
        break;
    case SNP_MSG_KEY_REQ:
        memcpy(&key_req, plain, hdr->msg_sz);
        rc = amdsp_make_key(guest, hdr->msg_vmpck, hdr->msg_version, &key_req,
                            &key_rsp, err);
        memcpy(payload, &key_rsp, sizeof(key_rsp));
        gnutls_memset(&key_rsp, 0, sizeof(key_rsp));
        break;
    case SNP_MSG_TSC_INFO_REQ:
        memset(payload, 0, TSC_INFO_SIZE);
        if (!all_zero(plain, TSC_INFO_SIZE)) {
            payload[0] = SNP_FW_INVALID_PARAM;
        }
        break;
    }
    return rc;
}

unsigned amdsp_guest_request(struct amdsp_guest *guest,
                             const uint8_t request[4096],
                             uint8_t response[4096], struct evtpm_error *err)
{
    struct snp_guest_msg in, out = { 0 };
    uint8_t plain[SNP_MSG_PAYLOAD_MAX];
    unsigned status;

    memcpy(&in, request, sizeof(in));
    if (!guest->launched) {
        return refuse(SNP_FW_INVALID_PARAM, err, "launch is not finished");
    }
    status = check_header(guest, &in.hdr, err);
    if (status != SNP_FW_OK) {
        return status;
    }
    if (!decrypt(guest, &in, plain)) {
        return refuse(SNP_FW_BAD_MEASUREMENT, err, "authentication tag wrong");
    }
    status = check_type(&in.hdr, err);
    if (status != SNP_FW_OK) {
        return status;
    }

    out.hdr = in.hdr;
    memset(out.hdr.authtag, 0, sizeof(out.hdr.authtag));
    out.hdr.msg_seqno = in.hdr.msg_seqno + 1;
    out.hdr.msg_type = in.hdr.msg_type + 1;
    out.hdr.msg_sz = request_types[in.hdr.msg_type].response_size;
    if (answer(guest, &in.hdr, plain, out.payload, err) < 0 ||
        !encrypt(guest, &out)) {
        return refuse(SNP_FW_UNSUPPORTED, err, "the host cannot answer");
    }
    guest->msg_count[in.hdr.msg_vmpck] += 2;
    memcpy(response, &out, sizeof(out));
    return SNP_FW_OK;
}
