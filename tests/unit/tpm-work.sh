#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/tpm on the vTPM program: a TPM of its own for each subject. In a guest
# tests/e2e/test-tpm runs the same.
# shellcheck disable=SC2016,SC2154 # eval; set by vtpm-lib.sh
set -u

# shellcheck source=tests/unit/vtpm-lib.sh
. "${G_TEST_SRCDIR:-.}/tests/unit/vtpm-lib.sh"
subjects=$(cd "${G_TEST_SRCDIR:-.}/tests/tpm" && pwd)

for subject in hierarchies keys sessions nv pcr seal attest limits lengths; do
    mkdir "$subject" && cd "$subject" || exit 1
    power_on "$work/$subject"
    check "$subject: startup" tpm2_startup -c
    # shellcheck source=/dev/null
    . "$subjects/$subject.sh"
    check "$subject: the TPM ends without an error" power_off
    check "$subject: it had nothing to say" eval \
        '! grep . "$work/$subject.log"'
    cd "$work" || exit 1
done
finish
