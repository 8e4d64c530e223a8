/* SPDX-License-Identifier: MIT */
/* vTPM protocol of the SVSM: one platform command, SEND_COMMAND, in a buffer of
 * the guest. */
#include "evtpm/snp.h"
#include "evtpm/svsm.h"
#include "svsm/guest_mem.h"
#include "svsm/request.h"
#include "svsm/vtpm.h"
#include "svsm/vtpm/protocol.h"

/* The buffer: a page from RCX on, whatever its alignment */
#define COMMAND_MAX (SNP_PAGE_SIZE - sizeof(struct svsm_vtpm_request))
#define RESPONSE_MAX (SNP_PAGE_SIZE - sizeof(struct svsm_vtpm_response))

static uint64_t query(struct svsm_request *request)
{
    request->rcx = 1ull << SVSM_VTPM_FEATURE_SEND_COMMAND;
    request->rdx = 0;
    return SVSM_SUCCESS;
}

static uint64_t answer(uint64_t gpa, uint8_t *response, size_t size)
{
    uint32_t length;

    if (size > RESPONSE_MAX) {
        size = vtpm_error_put(response, VTPM_RC_FAILURE);
    }
    length = (uint32_t)size;
    if (guest_write(gpa, &length, sizeof(length)) != 0 ||
        guest_write(gpa + sizeof(length), response, size) != 0) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    return SVSM_SUCCESS;
}

static uint64_t command(uint64_t gpa)
{
    struct svsm_vtpm_request header;
    uint8_t command_buffer[COMMAND_MAX], response[VTPM_FRAME_MAX];
    size_t size;

    if (guest_read(&header, gpa, sizeof(header)) != 0) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    if (header.command != SVSM_VTPM_FEATURE_SEND_COMMAND ||
        header.locality > VTPM_LOCALITY_MAX || header.size > COMMAND_MAX) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    if (guest_read(command_buffer, gpa + sizeof(header), header.size) != 0) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    size = vtpm_command(header.locality, command_buffer, header.size, response);
    return answer(gpa, response, size);
}

uint64_t vtpm_protocol(struct svsm_request *request)
{
    switch (request->call) {
    case SVSM_VTPM_QUERY:
        return query(request);
    case SVSM_VTPM_CMD:
        return command(request->rcx);
    default:
        return SVSM_ERR_UNSUPPORTED_CALL;
    }
}
