/* SPDX-License-Identifier: MIT */
/*
 * vTPM protocol of the SVSM (58019 chapter 8): one platform command,
 * SEND_COMMAND, in a buffer of the guest. The buffer is a page long wherever it
 * begins; all of it is read before the TPM sees a command, so that no command
 * runs whose response has nowhere to go.
 */
#include <stdbool.h>
#include <string.h>

#include "evtpm/snp.h"
#include "evtpm/svsm.h"
#include "svsm/guest_mem.h"
#include "svsm/request.h"
#include "svsm/vtpm.h"
#include "svsm/vtpm/protocol.h"

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

/* Localities have no meaning yet: the field must be 0 (Table 16). */
static bool request_valid(const struct svsm_vtpm_request *request)
{
    return request->command == SVSM_VTPM_FEATURE_SEND_COMMAND &&
           request->locality == 0 && request->size <= COMMAND_MAX;
}

static uint64_t command(uint64_t gpa)
{
    uint8_t buffer[SNP_PAGE_SIZE], response[VTPM_FRAME_MAX];
    struct svsm_vtpm_request request;
    size_t size;

    if (guest_read(buffer, gpa, sizeof(buffer)) != 0) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    memcpy(&request, buffer, sizeof(request));
    if (!request_valid(&request)) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    size = vtpm_command(request.locality, buffer + sizeof(request),
                        request.size, response);
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
