/*
 * Guest messages to the AMD-SP: the GHCB's part of them
 *
 * The messages are encrypted and the firmware model in libevtpm answers
 * them; the host only carries pages, and adds certificates.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "cpu.h"
#include "evtpm/report.h"
#include "ghcb_decode.h"
#include "host.h"
#include "trace/trace-target_i386.h"

/* sw_exit_info_2[63:32], the host's own error */
#define VMM_ERR_INVALID_LEN 1ull
#define VMM_ERR_SHIFT 32

/*
 * Certificates into the guest's buffer. Returns false if they do not fit: the
 * guest is told how many pages they take and the message is not delivered.
 */
static bool give_certificates(GhcbCall *call)
{
    SevSnpEmulated *s = snp_object();
    struct ghcb *g = call->g;
    uint64_t pages = DIV_ROUND_UP(s->cert_table.size, SNP_PAGE_SIZE);

    if (g->rbx < pages) {
        g->rbx = pages;
        call->info_2 = VMM_ERR_INVALID_LEN << VMM_ERR_SHIFT;
        return false;
    }
    if (g->rax % SNP_PAGE_SIZE ||
        !snp_shared_write(g->rax, s->cert_table.data, s->cert_table.size)) {
        ghcb_fail(call, GHCB_ERR_INVALID_INPUT);
        return false;
    }
    return true;
}

void ghcb_handle_guest_request(GhcbCall *call)
{
    SevSnpEmulated *s = snp_object();
    struct ghcb *g = call->g;
    uint64_t request_gpa = g->sw_exit_info_1, response_gpa = g->sw_exit_info_2;
    struct evtpm_error err = { "" };
    struct snp_guest_msg request, response;
    unsigned status;

    if (request_gpa % SNP_PAGE_SIZE || response_gpa % SNP_PAGE_SIZE ||
        request_gpa == response_gpa ||
        !snp_shared_read(request_gpa, &request, sizeof(request)) ||
        !snp_shared_read(response_gpa, &response, sizeof(response))) {
        ghcb_fail(call, GHCB_ERR_INVALID_INPUT);
        return;
    }
    if (g->sw_exit_code == GHCB_NAE_EXT_GUEST_REQUEST &&
        request.hdr.msg_type == SNP_MSG_REPORT_REQ &&
        !give_certificates(call)) {
        return;
    }
    qemu_mutex_lock(&s->sp_lock);
    status = amdsp_guest_request(&s->sp, (const uint8_t *)&request,
                                 (uint8_t *)&response, &err);
    qemu_mutex_unlock(&s->sp_lock);
    trace_snp_guest_request(CPU(call->v->cpu)->cpu_index, call->v->vmpl,
                            request.hdr.msg_type, request.hdr.msg_vmpck,
                            amdsp_status_name(status), err.text);
    if (!status) {
        snp_shared_write(response_gpa, &response, sizeof(response));
    }
    call->info_2 = status;
}
