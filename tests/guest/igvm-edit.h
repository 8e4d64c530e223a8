/* SPDX-License-Identifier: MIT */
/* Writes an IGVM file anew with changes that tests need. */
#ifndef EVTPM_TESTS_IGVM_EDIT_H
#define EVTPM_TESTS_IGVM_EDIT_H

#include "lib/blob.h"
#include "lib/error.h"

/*
 * `out` becomes `in` with `firmware` in place of its guest firmware, which ends at 4 GiB: pages below
 * the new one become zero. Fails when the old image is smaller, or when its SEV metadata lack a range
 * that the new one needs, as the SVSM in the file knows the old ones.
 */
int igvm_edit_firmware(const struct evtpm_blob *in,
                       const struct evtpm_blob *firmware,
                       struct evtpm_blob *out, struct evtpm_error *err);

/*
 * `out` becomes `in`, which then asks for all parameters that a loader may have: from EDIT_PARAMETERS
 * on, one page each in the order of enum edit_parameter.
 */
int igvm_edit_parameters(const struct evtpm_blob *in, struct evtpm_blob *out,
                         struct evtpm_error *err);

#endif
