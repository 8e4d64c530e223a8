#!/bin/sh
# SPDX-License-Identifier: MIT
# What SNP's instructions, exits and VMPL switches cost in microseconds, and
# what memory of the host an emulated VM takes beside its own, per GiB: the test
# guest "costs" with two sizes of RAM, of which it uses all, first private, then
# shared.
set -eu
build=${1:?usage: bench-costs.sh BUILD_DIR}
art=${EVTPM_ARTIFACTS:-$build/artifacts}
qemu=$art/qemu-system-x86_64
small=128 large=1152 # MiB, 1 GiB apart
limit=120

[ -x "$qemu" ] || {
    echo "bench-costs: skipped: no $qemu (make artifacts)"
    exit 0
}

dir=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
"$build/tests/guest/mkchip" "$dir/chip"

# run MIB: the guest's console in $dir/MIB, QEMU's peak of memory in $peak, KiB.
run()
{
    timeout "$limit" "$qemu" -accel tcg \
        -machine q35,confidential-guest-support=sev0,igvm-cfg=igvm0 \
        -object "sev-snp-emulated,id=sev0,chip=$dir/chip" \
        -object "igvm-cfg,id=igvm0,file=$build/tests/guest/costs.igvm" \
        -cpu EPYC-v4 -m "$1" -nodefaults -vga none -display none -no-reboot \
        -monitor none -serial none -parallel none -debugcon "file:$dir/$1" \
        -device isa-debug-exit,iobase=0xf4,iosize=1 \
        -pidfile "$dir/pid" 2>"$dir/err" &
    pid=$!
    peak=0
    while kill -0 "$pid" 2>/dev/null; do
        now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' \
            "/proc/$(cat "$dir/pid" 2>/dev/null)/status" 2>/dev/null) || :
        peak=${now:-$peak}
        sleep 0.02
    done
    status=0
    wait "$pid" || status=$?
    pid=
    [ "$status" -eq 33 ] || {
        echo "bench-costs: the guest failed, status $status" >&2
        cat "$dir/err" "$dir/$1" >&2
        exit 1
    }
}

run "$small"
peak_small=$peak
run "$large"
echo 'microseconds each'
sed -n 's/^# cost \([^ ]*\) \([0-9]*\)$/\1 \2/p' "$dir/$small" |
    awk '{ printf "  %-16s %8.2f\n", $1, $2 / 1000 }'
awk -v small="$peak_small" -v large="$peak" -v gib=1048576 'BEGIN {
    printf "memory of the host for 1 GiB of guest, private and shared in turn\n"
    printf "  %.1f MiB more than it (RMP alone: 2.0)\n", (large - small - gib) / 1024
}'
