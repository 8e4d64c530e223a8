/* SPDX-License-Identifier: MIT */
/* OVMF's metadata: what is accepted must be sane ranges below the firmware. */
#include <stdlib.h>
#include <string.h>

#include "lib/ovmf_metadata.h"
#include "tests/fuzz/fuzz.h"

#define IMAGE_SIZE 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ovmf_metadata meta;
    struct evtpm_error err = { "" };

    if (ovmf_metadata_parse(data, size, &meta, &err) < 0) {
        if (err.text[0] == 0) {
            abort();
        }
        return 0;
    }
    if (meta.count > SVSM_FW_RANGE_MAX) {
        abort();
    }
    for (uint32_t i = 0; i < meta.count; i++) {
        const struct svsm_fw_range *r = &meta.range[i];

        if (r->size == 0 || r->base + r->size > 0x100000000ull - size) {
            abort();
        }
    }
    return 0;
}

void fuzz_corpus(void)
{
    static const uint8_t guids[2][16] = {
        { 0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45, 0xba, 0xea, 0xa3,
          0x66, 0xc5, 0x5a, 0x08, 0x2d },
        { 0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47, 0xa7, 0x5e, 0x55,
          0x85, 0xa7, 0xbf, 0x67, 0xcc },
    };
    const uint32_t meta[] = { 0x56455341, 16 + 24, 1, 2,
                              0x800000, 0x9000, 1, 0x80d000, 0x1000, 2 };
    const uint16_t lengths[] = { 40, 22 };
    const uint32_t offset = 256;
    uint8_t image[IMAGE_SIZE] = { 0 };
    uint8_t *end = image + IMAGE_SIZE;

    memcpy(end - 48, guids[0], 16);
    memcpy(end - 50, &lengths[0], 2);
    memcpy(end - 66, guids[1], 16);
    memcpy(end - 68, &lengths[1], 2);
    memcpy(end - 72, &offset, 4);
    memcpy(end - offset, meta, sizeof(meta));
    fuzz_add(image, sizeof(image));
}
