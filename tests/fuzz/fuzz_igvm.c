/* SPDX-License-Identifier: MIT */
/* IGVM reader: whatever it accepts must be iterable, printable and measurable. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/igvm.h"
#include "lib/launch_digest.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/igvm-sample.h"

/* Reads each byte that a header hands out. */
static unsigned int touch(const struct igvm_header *h)
{
    unsigned int sum = 0;

    for (uint32_t i = 0; i < h->data_size; i += 61) {
        sum += h->data[i];
    }
    return h->data_size ? sum + h->data[h->data_size - 1] : sum;
}

static void use(const uint8_t *data, size_t size)
{
    struct launch_digest digest;
    struct evtpm_error err = { "" };
    struct igvm_file file;
    struct igvm_header h;
    struct igvm_iter it;
    volatile unsigned int sum = 0;
    FILE *out;

    if (igvm_open(data, size, &file, &err) < 0) {
        if (err.text[0] == 0 || strchr(err.text, '\n')) {
            abort(); /* a refusal says why, in one line */
        }
        return;
    }
    igvm_iter_init(&it, &file, ~0u);
    while (igvm_next(&it, &h)) {
        if (!igvm_type_name(h.type)) {
            abort();
        }
        sum += touch(&h);
    }
    if (igvm_crc32(0, data, size) % 8 == 0) { /* the slow part */
        igvm_launch_digest(&file, IGVM_PLATFORM_SEV_SNP, &digest, &err);
    }
    out = fopen("/dev/null", "w");
    if (out) {
        igvm_show(&file, out);
        fclose(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct evtpm_blob blob = { 0 };

    use(data, size);
    /* Once more with a checksum that is right: else few mutants come further than that. */
    if (size >= sizeof(struct igvm_fixed_header) &&
        evtpm_blob_set(&blob, data, size)) {
        uint32_t total = (uint32_t)size;

        memcpy(blob.data + offsetof(struct igvm_fixed_header, total_file_size),
               &total, sizeof(total));
        igvm_sample_checksum(&blob);
        use(blob.data, blob.size);
        evtpm_blob_clear(&blob);
    }
    return 0;
}

void fuzz_corpus(void)
{
    struct evtpm_blob blob = { 0 };

    igvm_sample(&blob);
    fuzz_add(blob.data, blob.size);
    /* headers alone */
    fuzz_add(blob.data, 1024);
    evtpm_blob_clear(&blob);
}
