/* SPDX-License-Identifier: MIT */
/*
 * What a test says about itself, read from the first comment of its source
 * below the licence line: its first sentence, and a line
 *
 *   needs: NAME, NAME...
 *
 * A need is "emulator" (QEMU with the emulated SEV-SNP; no hardware), "vm" (a
 * confidential VM on the platform asked for, with the test image), "process"
 * (QEMU as a process of ours, which by libvirt it is not), or the name of a
 * program in PATH. Test guests need the emulator, scenarios a VM, without
 * saying so.
 */
#ifndef EVTPM_HARNESS_NEEDS_H
#define EVTPM_HARNESS_NEEDS_H

#include "harness/platform.h"

/* Takes the text of a source file (C or shell) apart. Both results are new; the
 * description is "" and the list empty if there is none. */
void needs_parse(const char *source, char **about, GStrv *needs);

/* Why a test with these needs cannot run here, or NULL. Free with g_free. */
char *needs_missing(const char *const *needs, enum platform platform);

#endif
