/* SPDX-License-Identifier: MIT */
/* Core protocol: memory and vCPUs of the guest. */
#include "evtpm/snp.h"
#include "evtpm/svsm.h"
#include "svsm/guest_mem.h"
#include "svsm/kva.h"
#include "svsm/pvalidate_list.h"
#include "svsm/request.h"
#include "svsm/rmp.h"
#include "svsm/vcpu.h"

/*
 * A page that becomes valid may be one that the host took from VMPL0 and now
 * shows at another address: it is zeroed before the guest may read it. One
 * that was valid before is the guest's already, its contents stay.
 */
static uint64_t validate_page(const struct pvalidate_op *op, uint64_t va)
{
    bool changed;
    uint32_t rmp = rmp_pvalidate(va, op->large, true, &changed);
    uint64_t result = pvalidate_result(rmp, changed, op);

    if (result != SVSM_SUCCESS) {
        return result;
    }
    if (changed && guest_zero((void *)va, op->size) != 0) {
        return SVSM_ERR_PVALIDATE_INPUT;
    }
    rmp = guest_page_grant(op->gpa, op->large);
    return rmp == SNP_OK ? SVSM_SUCCESS : SVSM_ERR_PROTOCOL_BASE + rmp;
}

static uint64_t rescind_page(const struct pvalidate_op *op, uint64_t va)
{
    bool changed;
    uint32_t rmp = guest_page_revoke(op->gpa, op->large);

    /* A page that is not validated cannot be adjusted: then nothing changes */
    if (rmp == SNP_FAIL_SIZEMISMATCH) {
        return SVSM_ERR_PVALIDATE_SIZEMISMATCH;
    }
    rmp = rmp_pvalidate(va, op->large, false, &changed);
    return pvalidate_result(rmp, changed, op);
}

static uint64_t pvalidate_entry(uint64_t entry)
{
    struct pvalidate_op op;
    uint64_t result = pvalidate_entry_decode(entry, &op);
    uint64_t va;

    if (result != SVSM_SUCCESS) {
        return result;
    }
    if (!memmap_is_guest(&guest_map, op.gpa, op.size) ||
        vcpu_owns_page(op.gpa, op.size)) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    va = (uint64_t)guest_window(op.gpa, op.large);
    return op.validate ? validate_page(&op, va) : rescind_page(&op, va);
}

/*
 * A long list is served in parts: the guest's vCPU takes its interrupts in
 * between, and who waits for the lock is not kept from it.
 */
static uint64_t pvalidate_entries(struct svsm_pvalidate_hdr *hdr,
                                  const uint64_t *entry)
{
    uint64_t result = SVSM_SUCCESS, done = 0;

    read_lock(&vcpu_lock);
    while (hdr->next < hdr->entries) {
        if (done >= PVALIDATE_CALL_MAX) {
            result = SVSM_ERR_INCOMPLETE;
            break;
        }
        result = pvalidate_entry(entry[hdr->next]);
        if (result != SVSM_SUCCESS) {
            break;
        }
        done += pvalidate_entry_size(entry[hdr->next]);
        hdr->next++;
    }
    window_close();
    read_unlock(&vcpu_lock);
    return result;
}

static uint64_t core_pvalidate(uint64_t gpa)
{
    struct svsm_pvalidate_hdr hdr;
    uint64_t entry[SNP_PAGE_SIZE / sizeof(uint64_t)];
    uint64_t result;

    if (gpa % sizeof(uint64_t)) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    if (guest_read(&hdr, gpa, sizeof(hdr)) != 0) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    result = pvalidate_list_check(gpa, &hdr);
    if (result != SVSM_SUCCESS) {
        return result;
    }
    if (guest_read(entry, gpa + sizeof(hdr), hdr.entries * sizeof(uint64_t)) !=
        0) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    result = pvalidate_entries(&hdr, entry);
    /* The list itself may have been among the pages: then nobody is told */
    guest_write(gpa, &hdr, sizeof(hdr));
    return result;
}

static uint64_t core_query_protocol(struct svsm_request *request)
{
    request->rcx = request_query_protocol(request->rcx);
    return SVSM_SUCCESS;
}

/* vTOM is not offered: the query says so, a change is refused. */
static uint64_t core_configure_vtom(struct svsm_request *request)
{
    if (!(request->rcx & 1)) {
        return SVSM_ERR_INVALID_REQUEST;
    }
    request->rcx = 0;
    return SVSM_SUCCESS;
}

uint64_t core_protocol(struct percpu *cpu, struct svsm_request *request)
{
    switch (request->call) {
    case SVSM_CORE_REMAP_CA:
        return vcpu_remap_ca(cpu, request->rcx);
    case SVSM_CORE_PVALIDATE:
        return core_pvalidate(request->rcx);
    case SVSM_CORE_CREATE_VCPU:
        return vcpu_create(cpu, request->rcx, request->rdx,
                           (uint32_t)request->r8);
    case SVSM_CORE_DELETE_VCPU:
        return vcpu_delete(request->rcx);
    case SVSM_CORE_QUERY_PROTOCOL:
        return core_query_protocol(request);
    case SVSM_CORE_CONFIGURE_VTOM:
        return core_configure_vtom(request);
    case SVSM_CORE_DEPOSIT_MEM: /* the kernel brings its own memory */
    case SVSM_CORE_WITHDRAW_MEM:
    default:
        return SVSM_ERR_UNSUPPORTED_CALL;
    }
}
