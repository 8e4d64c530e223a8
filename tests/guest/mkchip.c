/* SPDX-License-Identifier: MIT */
/* Makes the directory of an emulated chip, for tests that start QEMU by themselves. */
#include <stdio.h>

#include "lib/chip.h"

int main(int argc, char **argv)
{
    const struct evtpm_chip_params params = { 0 };
    struct evtpm_error err = { "" };

    if (argc != 2) {
        fputs("usage: mkchip DIR\n", stderr);
        return 2;
    }
    if (evtpm_chip_create(argv[1], &params, &err) < 0) {
        fprintf(stderr, "mkchip: %s\n", err.text);
        return 1;
    }
    return 0;
}
