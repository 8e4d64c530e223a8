/* SPDX-License-Identifier: MIT */
/*
 * "mkreport CHIP FILE": an attestation report as a guest on that emulated chip
 * gets it, by the same AMD-SP model that QEMU runs: for programs of others to
 * look at, without a VM.
 */
#include <stdio.h>
#include <string.h>

#include "lib/amdsp.h"
#include "lib/file.h"
#include "tests/unit/guest-message.h"

static int make(const struct evtpm_chip *chip, struct snp_report_rsp *rsp,
                struct evtpm_error *err)
{
    struct amdsp_finish finish = { .host_data = "host data" };
    struct snp_report_req req = { .report_data = "report data" };
    struct amdsp_guest guest;

    memset(finish.measurement, 0xd1, sizeof(finish.measurement));
    if (amdsp_launch_start(&guest, chip, SNP_POLICY_DEFAULT, err) ||
        amdsp_launch_finish(&guest, &finish, err)) {
        return -1;
    }
    return message_exchange(&guest, 0, SNP_MSG_REPORT_REQ, 1, &req, sizeof(req),
                            rsp, sizeof(*rsp)) ||
                   rsp->status
               ? evtpm_fail(err, "no report")
               : 0;
}

int main(int argc, char **argv)
{
    struct evtpm_error err = { "" };
    struct snp_report_rsp rsp;
    struct evtpm_chip *chip;
    int rc;

    if (argc != 3) {
        fputs("usage: mkreport CHIP FILE\n", stderr);
        return 2;
    }
    chip = evtpm_chip_load(argv[1], &err);
    rc = chip ? make(chip, &rsp, &err) : -1;
    if (rc == 0) {
        rc = evtpm_file_write(argv[2], &rsp.report, sizeof(rsp.report), 0644,
                              &err);
    }
    evtpm_chip_free(chip);
    if (rc < 0) {
        fprintf(stderr, "mkreport: %s\n", err.text);
        return 1;
    }
    return 0;
}
