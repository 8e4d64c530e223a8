/*
 * The monitor's view of an emulated SEV-SNP guest: builds without it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-misc-target.h"
#include "qapi/type-helpers.h"

HumanReadableText *qmp_x_query_snp(Error **errp)
{
    g_autoptr(GString) buf = g_string_new("no emulated SEV-SNP guest\n");

    return human_readable_text_from_str(buf);
}

SnpSearchResult *qmp_x_query_snp_search(SnpMemorySpace space,
                                        const char *pattern, Error **errp)
{
    error_setg(errp, "no emulated SEV-SNP guest");
    return NULL;
}

SnpMemory *qmp_x_query_snp_memory(SnpMemorySpace space, uint64_t gpa,
                                  uint64_t size, Error **errp)
{
    error_setg(errp, "no emulated SEV-SNP guest");
    return NULL;
}
