#!/bin/sh
# SPDX-License-Identifier: MIT
# Launch digests of OVMF by -bios, as sev-snp-measure and snpguest compute them.
set -u
# shellcheck source=tests/interop/interop.sh
. "${G_TEST_SRCDIR:?}/tests/interop/interop.sh"
artifacts=${EVTPM_ARTIFACTS:-$build_dir/artifacts}
vcpu=EPYC-v4
[ -e "$artifacts/OVMF.fd" ] || skip_all "no firmware: make artifacts"
command -v sev-snp-measure >/dev/null || command -v snpguest >/dev/null ||
    skip_all "neither sev-snp-measure (pip) nor snpguest (cargo); docs/interop.md"
head -c 70000 /dev/urandom >"$work/kernel"
head -c 5000 /dev/urandom >"$work/initrd"

ours()
{
    "$evtpm" igvm measure --bios "$@" | cut -d' ' -f1
}

# both TEXT ARGUMENT...: arguments that the other programs have in common.
both()
{
    text=$1
    wanted=$2
    shift 2
    if command -v sev-snp-measure >/dev/null; then
        same "sev-snp-measure: $text" "$wanted" \
            "$(sev-snp-measure --mode snp --vcpu-type $vcpu "$@")"
    fi
    if command -v snpguest >/dev/null; then
        same "snpguest: $text" "0x$wanted" "$(snpguest generate measurement \
            --vcpu-type $vcpu --output-format hex "$@")"
    fi
}

for name in OVMF.fd OVMF.amdsev.fd; do
    firmware=$(readlink -f "$artifacts/$name")
    for cpus in 1 3; do
        both "$name, vCPUs: $cpus" "$(ours "$firmware" --cpus $cpus)" \
            --ovmf "$firmware" --vcpus $cpus
    done
    both "$name with kernel hashes" "$(ours "$firmware" --cpus 2 \
        --kernel "$work/kernel" --initrd "$work/initrd" --append 'a b')" \
        --ovmf "$firmware" --vcpus 2 \
        --kernel "$work/kernel" --initrd "$work/initrd" --append 'a b'
done
finish
