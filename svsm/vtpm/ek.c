/* SPDX-License-Identifier: MIT */
/* Endorsement keys by the TCG's default templates, made in the shadow TPM. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "svsm/vtpm/command.h"
#include "svsm/vtpm/ek.h"
#include "svsm/vtpm/tpm.h"

#define CC_CHANGE_EPS 0x124u
#define CC_CLEAR 0x126u
#define CC_CLEAR_CONTROL 0x127u
#define CC_CREATE_PRIMARY 0x131u

/* What both templates of the profile (B.3.3, B.3.4) share: SHA-256 names,
 * fixedTPM fixedParent sensitiveDataOrigin adminWithPolicy restricted decrypt,
 * authPolicy = PolicySecret(TPM_RH_ENDORSEMENT), AES-128-CFB, no scheme. */
#define TEMPLATE_NAME_ALG 0x00, 0x0b
#define TEMPLATE_ATTRIBUTES 0x00, 0x03, 0x00, 0xb2
#define TEMPLATE_POLICY                                                        \
    0x00, 0x20, 0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90,    \
        0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06,      \
        0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa
#define TEMPLATE_SYMMETRIC 0x00, 0x06, 0x00, 0x80, 0x00, 0x43
#define TEMPLATE_NO_SCHEME 0x00, 0x10

/* L-1: RSA 2048, default exponent, unique = 256 zero bytes */
static const uint8_t template_rsa[314] = {
    0x00,
    0x01,
    TEMPLATE_NAME_ALG,
    TEMPLATE_ATTRIBUTES,
    TEMPLATE_POLICY,
    TEMPLATE_SYMMETRIC,
    TEMPLATE_NO_SCHEME,
    0x08,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x01,
    0x00,
};

/* L-2: NIST P-256, no KDF, unique = x and y of 32 zero bytes each */
static const uint8_t template_ecc[122] = {
    0x00,
    0x23,
    TEMPLATE_NAME_ALG,
    TEMPLATE_ATTRIBUTES,
    TEMPLATE_POLICY,
    TEMPLATE_SYMMETRIC,
    TEMPLATE_NO_SCHEME,
    0x00,
    0x03,
    0x00,
    0x10,
    0x00,
    0x20,
    [88] = 0x00,
    0x20,
};

static struct {
    const uint8_t *template;
    uint32_t template_size;
    uint32_t public_size; /* 0: not computed for the present seed */
    uint8_t public[VTPM_EK_PUBLIC_MAX];
} keys[] = {
    [VTPM_EK_RSA2048] = { .template = template_rsa,
                          .template_size = sizeof(template_rsa) },
    [VTPM_EK_ECC_P256] = { .template = template_ecc,
                           .template_size = sizeof(template_ecc) },
};

/* Startup(CLEAR) makes the platform's authorization empty; with it, Clear
 * removes whatever authorization and policy the guest gave the endorsement
 * hierarchy. Neither touches its seed. */
static uint32_t open_hierarchy(struct vtpm_command *command,
                               struct vtpm_response *response)
{
    uint32_t rc;

    vtpm_begin(command, VTPM_CC_STARTUP);
    vtpm_put_u16(command, 0); /* TPM_SU_CLEAR */
    rc = vtpm_run(vtpm_shadow_process, command, response);
    if (rc != VTPM_RC_SUCCESS) {
        return rc;
    }
    vtpm_begin_authorized(command, CC_CLEAR_CONTROL, VTPM_RH_PLATFORM);
    vtpm_put_u8(command, 0); /* disable = NO */
    rc = vtpm_run(vtpm_shadow_process, command, response);
    if (rc != VTPM_RC_SUCCESS) {
        return rc;
    }
    vtpm_begin_authorized(command, CC_CLEAR, VTPM_RH_PLATFORM);
    return vtpm_run(vtpm_shadow_process, command, response);
}

/* Takes outPublic from a response: header, objectHandle, parameterSize, then
 * the TPM2B_PUBLIC. */
static uint32_t take_public(uint32_t key, const struct vtpm_response *response)
{
    const uint32_t at = VTPM_HEADER_SIZE + 4 + 4;
    uint32_t size;

    if (response->size < at + 2) {
        return VTPM_RC_FAILURE;
    }
    size = vtpm_get16(response->data + at);
    if (size == 0 || size > VTPM_EK_PUBLIC_MAX ||
        size > response->size - at - 2) {
        return VTPM_RC_FAILURE;
    }
    memcpy(keys[key].public, response->data + at + 2, size);
    keys[key].public_size = size;
    return VTPM_RC_SUCCESS;
}

static uint32_t create_primary(uint32_t key, struct vtpm_command *command,
                               struct vtpm_response *response)
{
    uint32_t rc;

    vtpm_begin_authorized(command, CC_CREATE_PRIMARY, VTPM_RH_ENDORSEMENT);
    vtpm_put_u16(command, 4); /* inSensitive: */
    vtpm_put_u16(command, 0); /*   userAuth */
    vtpm_put_u16(command, 0); /*   data */
    vtpm_put_u16(command, (uint16_t)keys[key].template_size);
    vtpm_put_bytes(command, keys[key].template, keys[key].template_size);
    vtpm_put_u16(command, 0); /* outsideInfo */
    vtpm_put_u32(command, 0); /* creationPCR */
    rc = vtpm_run(vtpm_shadow_process, command, response);
    return rc == VTPM_RC_SUCCESS ? take_public(key, response) : rc;
}

static uint32_t compute(uint32_t key)
{
    struct vtpm_response response = { 0 };
    struct vtpm_command command;
    unsigned char *blob = NULL;
    uint32_t blob_size = 0;
    uint32_t rc = VTPM_RC_FAILURE;

    if (!vtpm_live_permanent_state(&blob, &blob_size)) {
        return VTPM_RC_FAILURE;
    }
    if (vtpm_shadow_start(blob, blob_size)) {
        rc = open_hierarchy(&command, &response);
        if (rc == VTPM_RC_SUCCESS) {
            rc = create_primary(key, &command, &response);
        }
    }
    vtpm_shadow_stop();
    OPENSSL_cleanse(blob, blob_size);
    free(blob);
    free(response.data);
    return rc;
}

uint32_t vtpm_ek_public(uint32_t key, uint8_t *to, uint32_t *size)
{
    uint32_t rc;

    if (keys[key].public_size == 0) {
        rc = compute(key);
        if (rc != VTPM_RC_SUCCESS) {
            return rc;
        }
    }
    memcpy(to, keys[key].public, keys[key].public_size);
    *size = keys[key].public_size;
    return VTPM_RC_SUCCESS;
}

void vtpm_ek_notice(uint32_t command_code)
{
    if (command_code == CC_CHANGE_EPS) {
        keys[VTPM_EK_RSA2048].public_size = 0;
        keys[VTPM_EK_ECC_P256].public_size = 0;
    }
}
