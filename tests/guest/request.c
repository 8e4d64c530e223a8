/* SPDX-License-Identifier: MIT */
/*
 * Guest requests to the AMD-SP: what the host checks, and how a message that the firmware cannot
 * open is answered. Whole messages are the SVSM's tests: here is no AES.
 */
#include "tests/guest/guest.h"

struct message {
    uint8_t authtag[32];
    uint64_t seqno;
    uint8_t rsvd_28[8];
    uint8_t algo, hdr_version;
    uint16_t hdr_size;
    uint8_t type, version;
    uint16_t size;
    uint32_t rsvd_38;
    uint8_t vmpck, rsvd_3d[35];
    uint8_t payload[0x60];
};
EVTPM_OFFSET(struct message, vmpck, 0x3c);
EVTPM_OFFSET(struct message, payload, 0x60);

static struct message *request, *response;

static void make_request(void)
{
    memset(request, 0, PAGE);
    memset(response, 0, PAGE);
    request->seqno = 1;
    request->algo = 1;
    request->hdr_version = 1;
    request->hdr_size = 0x60;
    request->type = 5; /* MSG_REPORT_REQ */
    request->version = 1;
    request->size = 0x60;
}

static bool all_zero(const void *data, size_t size)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < size; i++) {
        if (p[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool failed(uint64_t result, unsigned int error)
{
    return (uint32_t)result == GHCB_RESULT_ERROR &&
           ghcb->sw_exit_info_2 == error;
}

static uint64_t send(uint64_t req, uint64_t resp)
{
    ghcb_begin();
    return ghcb_call(GHCB_NAE_GUEST_REQUEST, req, resp);
}

static void check_plain(void)
{
    uint64_t result, status;

    make_request();
    result = send((uint64_t)request, (uint64_t)response);
    status = ghcb->sw_exit_info_2;
    report(result == 0 && (uint32_t)status != 0 && status >> 32 == 0,
           "a message with a wrong tag: a firmware status, no host error");
    print("# status 0x%lx\n", status);
    report(all_zero(response, PAGE), "and nothing in the response page");
    make_request();
    request->algo = 7;
    result = send((uint64_t)request, (uint64_t)response);
    report(result == 0 && (uint32_t)ghcb->sw_exit_info_2 != 0,
           "an unknown algorithm: a firmware status");
    make_request();
    request->vmpck = 9;
    result = send((uint64_t)request, (uint64_t)response);
    report(result == 0 && (uint32_t)ghcb->sw_exit_info_2 != 0,
           "key 9: a firmware status");
    make_request();
    request->size = 0xffff;
    result = send((uint64_t)request, (uint64_t)response);
    report(result == 0 && (uint32_t)ghcb->sw_exit_info_2 != 0,
           "a size beyond the page: a firmware status");
}

static void check_addresses(void)
{
    const uint64_t req = (uint64_t)request, resp = (uint64_t)response;

    make_request();
    report(failed(send(req + 8, resp), GHCB_ERR_INVALID_INPUT),
           "request not page aligned: 5");
    report(failed(send(req, resp + 8), GHCB_ERR_INVALID_INPUT),
           "response not page aligned: 5");
    report(failed(send(req, req), GHCB_ERR_INVALID_INPUT),
           "both the same page: 5");
    report((uint32_t)send((uint64_t)boot, resp) == GHCB_RESULT_ERROR ||
               ghcb->sw_exit_info_2 != 0,
           "a private request page: refused");
    report((uint32_t)send(0x7f00000000, resp) == GHCB_RESULT_ERROR,
           "no memory there: refused");
}

static void check_extended(void)
{
    uint8_t *certs = page_raw();
    uint64_t result, pages;

    for (unsigned int i = 0; i < 4; i++) {
        page_share(i == 0 ? certs : page_raw());
    }
    make_request();
    ghcb_begin();
    GHCB_SET(rax, (uint64_t)certs);
    GHCB_SET(rbx, 0);
    result = ghcb_call(GHCB_NAE_EXT_GUEST_REQUEST, (uint64_t)request,
                       (uint64_t)response);
    pages = ghcb->rbx;
    report(result == 0 && ghcb->sw_exit_info_2 >> 32 == 1 && pages >= 1 &&
               pages <= 4,
           "extended request, no room: error 1 and the pages needed");
    print("# %lu pages\n", pages);
    ghcb_begin();
    GHCB_SET(rax, (uint64_t)certs);
    GHCB_SET(rbx, 4);
    result = ghcb_call(GHCB_NAE_EXT_GUEST_REQUEST, (uint64_t)request,
                       (uint64_t)response);
    report(result == 0 && (uint32_t)ghcb->sw_exit_info_2 != 0,
           "extended request with room: the message's own status");
    ghcb_begin();
    result = ghcb_call(GHCB_NAE_EXT_GUEST_REQUEST, (uint64_t)request,
                       (uint64_t)response);
    report(failed(result, GHCB_ERR_MISSING_INPUT),
           "extended request without RAX and RBX: 4");
}

void guest_main(void)
{
    request = page_share(page_alloc());
    response = page_share(page_alloc());
    check_plain();
    check_addresses();
    check_extended();
}
