#!/bin/sh
# SPDX-License-Identifier: MIT
# A broad run through TPM 2.0 by tpm2-tools: one script, two places. On the host
# tests/unit/tpm-SUBJECT.sh runs it on the vTPM program, in a guest
# tests/e2e/test-tpm runs it on /dev/tpmrm0. usage: run.sh SUBJECT
#
# TPM2TOOLS_TCTI names the TPM, which must be started up; what the script does
# to it does not stay within the script. Prints TAP.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export TSS2_LOG="${TSS2_LOG:-all+none}"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
# shellcheck source=tests/tpm/tap.sh
. "$here/tap.sh"
# Wrong passwords of an earlier subject do not count.
tpm2_dictionarylockout -Q -c
# shellcheck source=/dev/null
. "$here/$1.sh"
finish
