/* SPDX-License-Identifier: MIT */
/* Where the things are that a VM is made of, and the two that the harness makes
 * itself. */
#ifndef EVTPM_HARNESS_ARTIFACTS_H
#define EVTPM_HARNESS_ARTIFACTS_H

#include "harness/fail.h"

enum artifact {
    ARTIFACT_QEMU,            /* artifacts/qemu-system-x86_64 */
    ARTIFACT_KERNEL,          /* artifacts/bzImage */
    ARTIFACT_INITRD,          /* artifacts/initramfs.img */
    ARTIFACT_FIRMWARE,        /* artifacts/OVMF.fd */
    ARTIFACT_FIRMWARE_HASHES, /* artifacts/OVMF.amdsev.fd: boots nothing that
                                 the kernel hashes do not name */
    ARTIFACT_SVSM,            /* svsm/svsm.elf in the build directory */
    ARTIFACT_VTPM,            /* svsm/vtpm/evtpm-vtpm in the build directory */
    ARTIFACT_COUNT,
};

/*
 * The path of an artefact that exists; NULL with an error that says how to make
 * it. $EVTPM_ARTIFACTS names another directory; all of them are looked up there
 * first when it is set.
 */
char *artifact_path(enum artifact which, GError **error);

/* The directory that this program was built in ($EVTPM_BUILD overrides); NULL
 * if it is installed. */
char *artifacts_build_dir(void);

/* $EVTPM_CACHE, else evtpm in the user's cache directory; made if needed. */
char *artifacts_cache(GError **error);

/* A name below the cache, whose directory is made; free with g_free. */
char *artifacts_cache_path(const char *sub, const char *name, GError **error);

/* The emulated chip that VMs get by default, made at first use (which takes
 * seconds). */
char *artifacts_chip(GError **error);

#endif
