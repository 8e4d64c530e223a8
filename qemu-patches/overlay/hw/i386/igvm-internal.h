/*
 * IGVM loader of PC machines: what its files share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_I386_IGVM_INTERNAL_H
#define HW_I386_IGVM_INTERNAL_H

#include "hw/boards.h"
#include "system/confidential-guest-support.h"
#include "evtpm/igvm.h"
#include "evtpm/snp.h"
#include "lib/file.h"
#include "lib/igvm.h"

typedef struct IgvmArea {
    uint32_t index;
    uint32_t size;
    uint8_t *data;
} IgvmArea;

typedef struct IgvmLoader {
    MachineState *machine;
    const char *filename;
    ConfidentialGuestSupport *cgs;     /* NULL: native platform */
    ConfidentialGuestSupportClass *klass;
    struct igvm_file file;
    uint32_t mask;                     /* of the platform that is loaded */
    IgvmArea area[IGVM_AREA_MAX];
    unsigned area_count;
} IgvmLoader;

/* ---- igvm-params.c ---- */

bool igvm_area_add(IgvmLoader *l, const struct igvm_header *h, Error **errp);
/* The reader has checked that the area exists. */
IgvmArea *igvm_area_find(IgvmLoader *l, uint32_t index);
void igvm_areas_free(IgvmLoader *l);
/* VP_COUNT, MEMORY_MAP, COMMAND_LINE, ...: into their parameter area. */
bool igvm_fill_parameter(IgvmLoader *l, const struct igvm_header *h,
                         Error **errp);

/* ---- igvm-memory.c ---- */

/* Add RAM for what the file needs outside the machine's RAM. */
bool igvm_prepare_memory(IgvmLoader *l, Error **errp);

#endif
