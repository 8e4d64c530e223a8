/* SPDX-License-Identifier: MIT */
/*
 * For tests/unit/credential.sh: lib/credential.h as a program.
 *
 * usage: make-credential EK_PUBLIC AK_NAME SECRET OUT (files)
 */
#include <stdio.h>

#include "lib/credential.h"
#include "lib/file.h"

int main(int argc, char **argv)
{
    struct evtpm_blob in[3] = { { 0 } }, out = { 0 };
    struct evtpm_error err = { "" };
    int rc = argc == 5 ? 0 : evtpm_fail(&err, "four arguments are needed");

    for (int i = 0; rc == 0 && i < 3; i++) {
        rc = evtpm_file_read(argv[1 + i], 0x1000, &in[i], &err);
    }
    if (rc == 0) {
        rc = evtpm_make_credential(&in[0], &in[1], &in[2], &out, &err);
    }
    if (rc == 0) {
        rc = evtpm_file_write(argv[4], out.data, out.size, 0600, &err);
    }
    if (rc < 0) {
        fprintf(stderr, "make-credential: %s\n", err.text);
    }
    for (int i = 0; i < 3; i++) {
        evtpm_blob_clear(&in[i]);
    }
    evtpm_blob_clear(&out);
    return rc < 0 ? 1 : 0;
}
