#!/bin/sh
# SPDX-License-Identifier: MIT
# virtee's snpguest (the sev crate) on a report and the certificates of an
# emulated chip: accepts them, refuses what was tampered with; ID blocks both ways.
set -u
# shellcheck source=tests/interop/interop.sh
. "${G_TEST_SRCDIR:?}/tests/interop/interop.sh"
need snpguest "cargo install snpguest"
one_chip

attestation()
{
    snpguest verify attestation "$work/certs" "$1"
}

accepted "certificate chain" snpguest verify certs "$work/certs"
accepted "report" attestation "$work/report"
report_parts >"$work/parts"
while read -r name offset; do
    flip "$work/report" "$offset" "$work/bad"
    refused "report with another $name" attestation "$work/bad"
done <"$work/parts"

"$evtpm" chip create --issuer "$work/chip" "$work/other" || exit 1
cp "$work/other/vcek.pem" "$work/certs"
refused "report under another chip's VCEK" attestation "$work/report"
"$evtpm" chip roll-tcb --tcb snp=25 "$work/chip" >/dev/null || exit 1
cp "$work/chip/vcek.pem" "$work/certs"
refused "report under the VCEK of a later TCB" attestation "$work/report"
"$build_dir/tests/interop/mkreport" "$work/chip" "$work/report" || exit 1
accepted "report of the later TCB" attestation "$work/report"
"$evtpm" chip create "$work/stranger" || exit 1
cp "$work/stranger/ark.pem" "$work/certs"
refused "certificate chain with another root" \
    snpguest verify certs "$work/certs"

# The key of a cloud provider signs in place of the chip's.
rm -rf "$work/chip" "$work/certs" "$work/report"
provider="a provider"
one_chip
cp "$work/chip/asvk.pem" "$work/chip/vlek.pem" "$work/certs"
rm "$work/certs/ask.pem" "$work/certs/vcek.pem"
accepted "VLEK: certificate chain" snpguest verify certs "$work/certs"
accepted "VLEK: report" attestation "$work/report"
flip "$work/report" 144 "$work/bad"
refused "VLEK: report with another measurement" attestation "$work/bad"
"$evtpm" chip create --issuer "$work/chip" --vlek another "$work/third" ||
    exit 1
cp "$work/third/asvk.pem" "$work/third/vlek.pem" "$work/certs"
refused "VLEK: report under another provider's" attestation "$work/report"
finish
