/* SPDX-License-Identifier: MIT */
/* Wraps one ELF program as an IGVM file: what the test guests are built with. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/igvm_build.h"

static int usage(void)
{
    fputs("usage: mkigvm ELF [-v VTPM-ELF] [-f OVMF] [-p POLICY] -o OUT\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct igvm_build_options options = { 0 };
    struct evtpm_error err = { "" };
    const char *out = NULL;
    int c;

    while ((c = getopt(argc, argv, "v:f:p:o:")) != -1) {
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
