/* SPDX-License-Identifier: MIT */
/*
 * Writer of IGVM files: headers in the order of the calls, file data in pages, equal pages stored
 * once, zero pages not at all. The same calls give the same bytes.
 */
#ifndef EVTPM_LIB_IGVM_WRITE_H
#define EVTPM_LIB_IGVM_WRITE_H

#include "evtpm/igvm.h"
#include "lib/blob.h"
#include "lib/error.h"

struct igvm_writer {
    struct evtpm_blob headers; /* size: bytes in use */
    size_t headers_room;
    struct evtpm_blob pages;
    size_t pages_room;
    uint32_t *slot; /* hash table of pages: page number + 1 */
    size_t slot_count;
    size_t *fixup; /* offsets in headers of page numbers + 1 to turn into file offsets */
    size_t fixup_count;
    size_t fixup_room;
};

/* All zero is an empty writer. */
void igvm_writer_clear(struct igvm_writer *w);

/* A header without file data. */
int igvm_write_header(struct igvm_writer *w, uint32_t type,
                      const void *content, uint32_t length,
                      struct evtpm_error *err);

/* PAGE_DATA of one 4 KiB page; `data` NULL or all zero: a zero page. file_offset is set here. */
int igvm_write_page(struct igvm_writer *w, struct igvm_page_data page,
                    const void *data, struct evtpm_error *err);

/* VP_CONTEXT with its 4 KiB save area. */
int igvm_write_vp_context(struct igvm_writer *w, struct igvm_vp_context vp,
                          const void *vmsa, struct evtpm_error *err);

/* The finished file, format 1. The writer can only be cleared afterwards. */
int igvm_writer_finish(struct igvm_writer *w, struct evtpm_blob *out,
                       struct evtpm_error *err);

#endif
