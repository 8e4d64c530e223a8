/* SPDX-License-Identifier: MIT */
/*
 * What the host can see of a VM: its memory by the emulator's search, and the
 * files that QEMU and the harness write. Secrets are made in the guest from a
 * seed that may be seen, so that they themselves never travel through the
 * agent's shared buffers.
 */
#ifndef EVTPM_TESTS_E2E_MEMORY_H
#define EVTPM_TESTS_E2E_MEMORY_H

#include "tests/e2e/e2e.h"

#define SECRET_SIZE 32

/* SHA-256 of a seed: here in bytes and hex, there by sha256sum. */
struct secret {
    char *seed, *hex;
    guint8 bytes[SECRET_SIZE];
};
void secret_make(struct secret *secret, const char *what);
void secret_clear(struct secret *secret);

/* Has the guest compute it and write it into a new NV index ("0x1500030"),
 * from which it is read back. */
void secret_store(struct vm *vm, const struct secret *secret,
                  const char *index);

/* Where bytes are in a "private" or "shared" memory; free with
 * json_array_unref. Private memory needs debug_read. */
JsonArray *memory_search(struct vm *vm, const char *space, const void *bytes,
                         gsize size, GError **error);

/* Hits from `from` up to `to`. */
unsigned memory_hits(struct vm *vm, const char *space, const void *bytes,
                     gsize size, guint64 from, guint64 to);

/* In how many of the files that QEMU and the harness write it is: state, logs,
 * whatever QEMU has open. */
unsigned files_hold(struct vm *vm, const void *bytes, gsize size);

/* The same of all files below a directory. */
unsigned tree_holds(const char *path, const void *bytes, gsize size);

#endif
