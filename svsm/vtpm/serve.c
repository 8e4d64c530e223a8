/* SPDX-License-Identifier: MIT */
/* Control frames are answered here, everything else by the live TPM. */
#include "svsm/vtpm/ek.h"
#include "svsm/vtpm/log.h"
#include "svsm/vtpm/serve.h"
#include "svsm/vtpm/tpm.h"

static uint8_t own[VTPM_HEADER_SIZE + VTPM_EK_PUBLIC_MAX];

static uint32_t control_response(uint32_t rc, uint32_t payload)
{
    uint32_t size = VTPM_HEADER_SIZE + payload;

    vtpm_header_put(own, VTPM_TAG_CONTROL, size, rc);
    return size;
}

static uint32_t serve_ek(uint32_t key, uint32_t size)
{
    uint32_t payload = 0;
    uint32_t rc;

    if (size != VTPM_HEADER_SIZE) {
        return control_response(VTPM_RC_COMMAND_SIZE, 0);
    }
    rc = vtpm_ek_public(key, own + VTPM_HEADER_SIZE, &payload);
    if (rc != VTPM_RC_SUCCESS) {
        vtpm_log("cannot make the endorsement key");
        return control_response(rc, 0);
    }
    return control_response(VTPM_RC_SUCCESS, payload);
}

static uint32_t serve_locality(const uint8_t *frame, uint32_t size)
{
    if (size != VTPM_HEADER_SIZE + 1) {
        return control_response(VTPM_RC_COMMAND_SIZE, 0);
    }
    if (frame[VTPM_HEADER_SIZE] > VTPM_LOCALITY_MAX) {
        return control_response(VTPM_RC_LOCALITY, 0);
    }
    vtpm_live_set_locality(frame[VTPM_HEADER_SIZE]);
    return control_response(VTPM_RC_SUCCESS, 0);
}

static uint32_t serve_control(const uint8_t *frame, uint32_t size)
{
    uint32_t code = vtpm_header_get(frame).code;

    switch (code) {
    case VTPM_EK_RSA2048:
    case VTPM_EK_ECC_P256:
        return serve_ek(code, size);
    case VTPM_SET_LOCALITY:
        return serve_locality(frame, size);
    default:
        return control_response(VTPM_RC_COMMAND_CODE, 0);
    }
}

uint32_t vtpm_serve(uint8_t *frame, uint32_t size, const uint8_t **response)
{
    static struct vtpm_response answer;
    struct vtpm_header header = vtpm_header_get(frame);

    if (header.tag == VTPM_TAG_CONTROL) {
        *response = own;
        return serve_control(frame, size);
    }
    if (!vtpm_live_process(frame, size, &answer)) {
        vtpm_log("libtpms gave no answer");
        *response = own;
        return (uint32_t)vtpm_error_put(own, VTPM_RC_FAILURE);
    }
    vtpm_ek_notice(header.code);
    *response = answer.data;
    return answer.size;
}

uint32_t vtpm_serve_bad_size(const uint8_t **response)
{
    *response = own;
    return (uint32_t)vtpm_error_put(own, VTPM_RC_COMMAND_SIZE);
}
