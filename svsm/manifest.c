/* SPDX-License-Identifier: MIT */
/* Manifest builder. Compiles on the host too. */
#include "svsm/manifest.h"

#include <string.h>

static const struct evtpm_guid services_guid = SVSM_GUID_SERVICES_MANIFEST;
static const struct evtpm_guid vtpm_guid = SVSM_GUID_VTPM;

bool manifest_is_vtpm(const struct evtpm_guid *guid)
{
    return memcmp(guid, &vtpm_guid, sizeof(*guid)) == 0;
}

size_t manifest_services(uint8_t *to, size_t room, const uint8_t *ek,
                         size_t ek_size)
{
    const uint32_t offset = sizeof(struct svsm_services_manifest) +
                            sizeof(struct svsm_services_entry);
    struct svsm_services_manifest head = {
        .guid = services_guid,
        .size = offset + (uint32_t)ek_size,
        .count = 1,
    };
    struct svsm_services_entry entry = {
        .guid = vtpm_guid,
        .offset = offset,
        .length = (uint32_t)ek_size,
    };

    if (room < offset || ek_size > room - offset) {
        return 0;
    }
    memcpy(to, &head, sizeof(head));
    memcpy(to + sizeof(head), &entry, sizeof(entry));
    memcpy(to + offset, ek, ek_size);
    return offset + ek_size;
}
