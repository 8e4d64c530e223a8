/* SPDX-License-Identifier: MIT */
/* Wraps one ELF program as an IGVM file: what the test guests are built with; or measures one. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/igvm_build.h"
#include "lib/launch_digest.h"

static int usage(void)
{
    fputs("usage: mkigvm ELF [-v VTPM-ELF] [-f OVMF] [-p POLICY] -o OUT\n"
          "       mkigvm -m IGVM\n",
          stderr);
    return 2;
}

static int measure(const char *path)
{
    struct evtpm_blob blob = { 0 };
    struct evtpm_error err = { "" };
    struct launch_digest digest;
    struct igvm_file file;
    char hex[2 * sizeof(digest.ld) + 1];

    if (evtpm_file_read(path, 1u << 26, &blob, &err) < 0 ||
        igvm_open(blob.data, blob.size, &file, &err) < 0 ||
        igvm_launch_digest(&file, IGVM_PLATFORM_SEV_SNP, &digest, &err) < 0) {
        fprintf(stderr, "mkigvm: %s: %s\n", path, err.text);
        evtpm_blob_clear(&blob);
        return 1;
    }
    puts(evtpm_hex(hex, sizeof(hex), digest.ld, sizeof(digest.ld)));
    evtpm_blob_clear(&blob);
    return 0;
}

int main(int argc, char **argv)
{
    struct igvm_build_options options = { 0 };
    struct evtpm_error err = { "" };
    const char *out = NULL;
    int c;

    while ((c = getopt(argc, argv, "v:f:p:o:m:")) != -1) {
        switch (c) {
        case 'v':
            options.vtpm = optarg;
            break;
        case 'f':
            options.firmware = optarg;
            break;
        case 'p':
            options.policy = strtoull(optarg, NULL, 0);
            break;
        case 'o':
            out = optarg;
            break;
        case 'm':
            return measure(optarg);
        default:
            return usage();
        }
    }
    if (!out || argc - optind != 1) {
        return usage();
    }
    options.svsm = argv[optind];
    if (igvm_build_file(&options, out, &err) < 0) {
        fprintf(stderr, "mkigvm: %s\n", err.text);
        return 1;
    }
    return 0;
}
