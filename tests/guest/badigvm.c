/* SPDX-License-Identifier: MIT */
/* Changes one field of an IGVM file and makes the checksum right again: files a loader must refuse. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "tests/unit/igvm-sample.h"

static int usage(void)
{
    fputs("usage: badigvm IN OUT TYPE OFFSET WIDTH VALUE\n"
          "TYPE: of the header whose content is changed; 0: OFFSET counts from "
          "the file's start,\nif it is negative from the file's end\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct evtpm_blob blob = { 0 };
    struct evtpm_error err = { "" };
    uint64_t value;
    size_t width;
    long long at;

    if (argc != 7) {
        return usage();
    }
    if (evtpm_file_read(argv[1], 1u << 24, &blob, &err) < 0) {
        fprintf(stderr, "badigvm: %s\n", err.text);
        return 1;
    }
    at = strtoll(argv[4], NULL, 0) +
         (long long)igvm_sample_find(&blob, (uint32_t)strtoul(argv[3], NULL, 0));
    at += at < 0 ? (long long)blob.size : 0;
    width = strtoul(argv[5], NULL, 0);
    value = strtoull(argv[6], NULL, 0);
    if (at < 0 || width > sizeof(value) || (size_t)at + width > blob.size) {
        return usage();
    }
    memcpy(blob.data + at, &value, width);
    igvm_sample_checksum(&blob);
    if (evtpm_file_write(argv[2], blob.data, blob.size, 0666, &err) < 0) {
        fprintf(stderr, "badigvm: %s\n", err.text);
        return 1;
    }
    evtpm_blob_clear(&blob);
    return 0;
}
