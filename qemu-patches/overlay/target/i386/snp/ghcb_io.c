/*
 * GHCB page protocol: port I/O, MMIO, page state changes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "ghcb_decode.h"
#include "host.h"
#include "trace/trace-target_i386.h"

#define XAPIC_EOI 0xfee000b0

/* ---- Port I/O ---- */

static void port_rw(const GhcbIo *io, void *buf, bool write)
{
    /* A port without a device reads as all ones, as on a PC. */
    if (!write) {
        memset(buf, 0xff, io->size);
    }
    address_space_rw(&address_space_io, io->port, MEMTXATTRS_UNSPECIFIED, buf,
                     io->size, write);
}

static void handle_string_io(GhcbCall *call, const GhcbIo *io)
{
    uint8_t buf[GHCB_BUFFER_SIZE];
    size_t size = (size_t)io->size * io->count;
    unsigned offset, error;

    error = ghcb_scratch(call->g, call->gpa, size, &offset);
    if (error) {
        ghcb_fail(call, error);
        return;
    }
    if (!io->in && !snp_shared_read(call->gpa + offset, buf, size)) {
        ghcb_fail(call, GHCB_ERR_INVALID_SCRATCH);
        return;
    }
    for (uint32_t i = 0; i < io->count; i++) {
        port_rw(io, buf + i * io->size, !io->in);
    }
    if (io->in) {
        snp_shared_write(call->gpa + offset, buf, size);
    }
}

void ghcb_handle_io(GhcbCall *call)
{
    struct ghcb *g = call->g;
    unsigned error;
    GhcbIo io;

    error = ghcb_decode_io(g, &io);
    if (error) {
        ghcb_fail(call, error);
    } else if (io.string) {
        handle_string_io(call, &io);
    } else if (io.in) {
        uint64_t value = 0;

        /* As IN does: the upper bytes of a narrow register stay. */
        if (io.size < 4 && ghcb_is_valid(g, GHCB_VALID_BIT(rax))) {
            value = g->rax;
        }
        port_rw(&io, &value, false);
        g->rax = value;
    } else {
        port_rw(&io, &g->rax, true);
    }
}

/* ---- MMIO ---- */

void ghcb_handle_mmio(GhcbCall *call)
{
    struct ghcb *g = call->g;
    bool write = g->sw_exit_code == GHCB_NAE_MMIO_WRITE;
    uint64_t gpa = g->sw_exit_info_1, len = g->sw_exit_info_2;
    uint8_t buf[GHCB_BUFFER_SIZE] = { 0 };
    unsigned offset, error;

    error = ghcb_scratch(g, call->gpa, len, &offset);
    if (!error && !len) {
        error = GHCB_ERR_INVALID_INPUT;
    }
    if (!error && write && !snp_shared_read(call->gpa + offset, buf, len)) {
        error = GHCB_ERR_INVALID_SCRATCH;
    }
    if (error) {
        ghcb_fail(call, error);
        return;
    }
    if (!(write && gpa == XAPIC_EOI && snp_hv_eoi(call->v))) {
        address_space_rw(&address_space_memory, gpa, MEMTXATTRS_UNSPECIFIED,
                         buf, len, write);
    }
    if (!write) {
        snp_shared_write(call->gpa + offset, buf, len);
    }
}

/* ---- Page state changes ---- */

uint32_t snp_psc_single(SnpVcpu *v, hwaddr gpa, unsigned op)
{
    bool flush = false;
    int error = 1;

    if (op == GHCB_PSC_PRIVATE || op == GHCB_PSC_SHARED) {
        error = snp_page_state_change(gpa, op, false, &flush);
    }
    if (flush) {
        snp_flush(CPU(v->cpu));
    }
    return error;
}

/* The rest of a large entry that was begun is done page by page. */
static bool change_pages(const GhcbPsc *psc, bool *flush)
{
    unsigned end = psc->large ? SNP_LARGE_PAGE_SIZE / SNP_PAGE_SIZE : 1;

    if (psc->large && !psc->done) {
        return !snp_page_state_change(psc->gpa, psc->op, true, flush);
    }
    for (unsigned i = psc->done; i < end; i++) {
        if (snp_page_state_change(psc->gpa + i * SNP_PAGE_SIZE, psc->op,
                                  false, flush)) {
            return false;
        }
    }
    return true;
}

static uint64_t change_entries(struct ghcb_psc_hdr *hdr, uint64_t *entry,
                               bool *flush)
{
    for (; hdr->cur_entry <= hdr->end_entry; hdr->cur_entry++) {
        uint64_t value = le64_to_cpu(entry[hdr->cur_entry]);
        GhcbPsc psc;

        if (!ghcb_decode_psc(value, &psc) || !change_pages(&psc, flush)) {
            return GHCB_PSC_ERR_ENTRY;
        }
        entry[hdr->cur_entry] = cpu_to_le64(ghcb_psc_done(value));
    }
    return 0;
}

void ghcb_handle_psc(GhcbCall *call)
{
    struct {
        struct ghcb_psc_hdr hdr;
        uint64_t entry[GHCB_PSC_ENTRY_MAX];
    } list;
    unsigned offset, error;
    bool flush = false;
    size_t size;

    QEMU_BUILD_BUG_ON(sizeof(list) != GHCB_BUFFER_SIZE);

    error = ghcb_scratch(call->g, call->gpa, sizeof(list.hdr), &offset);
    if (error) {
        ghcb_fail(call, error);
        return;
    }
    snp_shared_read(call->gpa + offset, &list.hdr, sizeof(list.hdr));
    if (!ghcb_psc_header_ok(&list.hdr, offset)) {
        call->info_2 = GHCB_PSC_ERR_HEADER;
        return;
    }
    size = (list.hdr.end_entry + 1) * sizeof(list.entry[0]);
    snp_shared_read(call->gpa + offset + sizeof(list.hdr), list.entry, size);

    call->info_2 = change_entries(&list.hdr, list.entry, &flush);
    if (flush) {
        snp_flush(CPU(call->v->cpu));
    }
    snp_shared_write(call->gpa + offset, &list,
                     sizeof(list.hdr) + size);
}
