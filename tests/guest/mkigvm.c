/* SPDX-License-Identifier: MIT */
/* Wraps one ELF program as an IGVM file: what the test guests are built with; changes or measures one. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/igvm_build.h"
#include "lib/launch_digest.h"
#include "tests/guest/igvm-edit.h"

static int usage(void)
{
    fputs("usage: mkigvm ELF [-v VTPM-ELF] [-f OVMF] [-p POLICY] -o OUT\n"
          "       mkigvm -r IGVM -f OVMF -o OUT    put OVMF into the file\n"
          "       mkigvm -a IGVM -o OUT            ask for all parameters\n"
          "       mkigvm -m IGVM                   launch digest\n",
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

/* With a firmware: put it into the file; without: add parameters. */
static int change(const char *path, const char *firmware, const char *out)
{
    struct evtpm_blob in = { 0 }, fw = { 0 }, blob = { 0 };
    struct evtpm_error err = { "" };
    int rc = evtpm_file_read(path, 1u << 26, &in, &err);

    if (rc == 0 && firmware) {
        rc = evtpm_file_read(firmware, 1u << 24, &fw, &err);
        rc = rc ? rc : igvm_edit_firmware(&in, &fw, &blob, &err);
    } else if (rc == 0) {
        rc = igvm_edit_parameters(&in, &blob, &err);
    }
    rc = rc ? rc : evtpm_file_write(out, blob.data, blob.size, 0666, &err);
    if (rc < 0) {
        fprintf(stderr, "mkigvm: %s: %s\n", path, err.text);
    }
    evtpm_blob_clear(&in);
    evtpm_blob_clear(&fw);
    evtpm_blob_clear(&blob);
    return rc < 0;
}

int main(int argc, char **argv)
{
    struct igvm_build_options options = { 0 };
    struct evtpm_error err = { "" };
    const char *out = NULL, *replace = NULL, *add = NULL;
    int c;

    while ((c = getopt(argc, argv, "v:f:p:o:m:r:a:")) != -1) {
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
        case 'r':
            replace = optarg;
            break;
        case 'a':
            add = optarg;
            break;
        case 'm':
            return measure(optarg);
        default:
            return usage();
        }
    }
    if (out && add && argc == optind) {
        return change(add, NULL, out);
    }
    if (out && replace && options.firmware && argc == optind) {
        return change(replace, options.firmware, out);
    }
    if (!out || add || replace || argc - optind != 1) {
        return usage();
    }
    options.svsm = argv[optind];
    if (igvm_build_file(&options, out, &err) < 0) {
        fprintf(stderr, "mkigvm: %s\n", err.text);
        return 1;
    }
    return 0;
}
