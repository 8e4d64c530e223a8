/* SPDX-License-Identifier: MIT */
/* Plain SNP guests (launch --no-svsm): their reports and derived keys. */
#ifndef EVTPM_TESTS_E2E_PLAIN_H
#define EVTPM_TESTS_E2E_PLAIN_H

#include "harness/command.h"
#include "tests/e2e/e2e.h"

/* What "evtpm launch --no-svsm" with these options starts, named "t". */
struct vm_config *plain_config(struct vm_options options);

/* The launch digest that is to be expected of it, in hex. */
char *plain_expected(const struct vm_config *config);

/*
 * Gets a report from configfs-tsm at VMPL0, made for a nonce of our own, and
 * verifies each link from the chip's root to the report data; the launch digest
 * must be `expected`. Controls show that other digests and reports fail.
 */
void plain_verify(struct vm *vm, const char *expected);

/* Puts the program of guest-key.c into the guest. */
void plain_install_key(struct vm *vm);

/* A key derived by /dev/sev-guest from these fields (GUEST_FIELD_SELECT), hex.
 */
char *plain_key(struct vm *vm, unsigned fields);

/* GUEST_FIELD_SELECT of MSG_KEY_REQ */
#define PLAIN_FIELD_POLICY 1u
#define PLAIN_FIELD_MEASUREMENT 8u

#endif
