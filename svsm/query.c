/* SPDX-License-Identifier: MIT */
/* Which protocols there are. Compiles on the host too. */
#include "svsm/request.h"

#include "evtpm/svsm.h"

#define VERSION_MIN 1u
#define VERSION_MAX 1u

uint64_t request_query_protocol(uint64_t query)
{
    uint32_t protocol = (uint32_t)(query >> 32), version = (uint32_t)query;

    switch (protocol) {
    case SVSM_PROTOCOL_CORE:
    case SVSM_PROTOCOL_ATTEST:
    case SVSM_PROTOCOL_VTPM:
        if (version < VERSION_MIN || version > VERSION_MAX) {
            return 0;
        }
        return (uint64_t)VERSION_MAX << 32 | VERSION_MIN;
    default:
        return 0;
    }
}
