#!/bin/sh
# SPDX-License-Identifier: MIT
# Emulated SEV-SNP without an IGVM file: QEMU measures firmware as computed offline, vCPU by vCPU,
# and refuses with one line and status 1 what cannot be started. QEMU is found as in qemu.sh.
set -u

# shellcheck source=tests/guest/qemu.sh
. "$(dirname "$0")/qemu.sh"
evtpm=$build/harness/evtpm

need_qemu
[ -e "$artifacts/OVMF.fd" ] || skip 'no OVMF: make artifacts fetches it'
make_work

# What the monitor is told: the VM ends as soon as it was launched.
commands='echo quit'

# Or after a reset, which is another launch. QEMU's own limit is start()'s.
reset_once() {
    echo system_reset
    for _ in $(seq 300); do
        [ "$(cat "$work"/trace* 2>/dev/null | grep -c 'launch digest')" -ge 2 ] && break
        sleep 0.1
    done
    echo quit
}

start() { # OBJECT_PROPERTIES OPTIONS...
    properties=$1
    shift
    $commands | timeout -k 5 60 "$qemu" -accel tcg \
        -machine q35,confidential-guest-support=sev0 \
        -object "sev-snp-emulated,id=sev0,chip=$chip$properties" \
        -cpu EPYC-v4 -m 256 -nodefaults -vga none -display none \
        -monitor stdio -serial none -parallel none "$@" >"$work/out" 2>"$work/err"
    status=$?
    messages "$work/err" | grep -v 'linuxboot_dma.bin' >"$work/messages"
}

measured() { # NAME DIGEST_OF_COMMAND
    [ "$status" -eq 0 ] && [ -n "$2" ] &&
        grep -qs "$2" "$work/trace" "$work/err"
    verdict $? "$1: QEMU measures $2"
}

digest() { # OPTIONS OF igvm measure...
    "$evtpm" igvm measure "$@" | cut -d' ' -f1
}

refused() { # NAME REGEXP
    [ "$status" -eq 1 ] && [ "$(wc -l <"$work/messages")" -eq 1 ] &&
        grep -Eq "$2" "$work/messages"
    good=$?
    verdict $good "$1: status 1 and one line that matches /$2/"
    if [ $good -ne 0 ]; then
        echo "# status $status"
        sed 's/^/#   /' "$work/messages"
    fi
}

trace="enable=snp_launch_finish,file=$work/trace"
ovmf=$artifacts/OVMF.fd
amdsev=$artifacts/OVMF.amdsev.fd
# Two files that QEMU takes for a kernel and an initrd
kernel=$artifacts/bzImage
echo initrd >"$work/initrd"

for cpus in 1 2 16; do
    rm -f "$work/trace"
    start '' -bios "$ovmf" -smp $cpus -trace "$trace"
    measured "$cpus vCPUs" "$(digest --bios "$ovmf" --cpus $cpus)"
done
commands=reset_once
rm -f "$work/trace"
start '' -bios "$ovmf" -smp 2 -trace "$trace"
[ "$status" -eq 0 ] && [ "$(grep -c "$(digest --bios "$ovmf" --cpus 2)" \
    "$work/trace")" -eq 2 ]
verdict $? "after a reset QEMU measures the same"
commands='echo quit'
if [ -e "$kernel" ]; then
    rm -f "$work/trace"
    start ,kernel-hashes=on -bios "$amdsev" -kernel "$kernel" \
        -initrd "$work/initrd" -append 'a b' -trace "$trace"
    measured "kernel hashes" "$(digest --bios "$amdsev" --kernel "$kernel" \
        --initrd "$work/initrd" --append 'a b')"
    rm -f "$work/trace"
    start ,kernel-hashes=on -bios "$amdsev" -kernel "$kernel" -trace "$trace"
    measured "kernel hashes, kernel alone" \
        "$(digest --bios "$amdsev" --kernel "$kernel")"
    start ,kernel-hashes=on -bios "$work/none" -kernel "$kernel"
    refused "no such firmware" "could not load PC BIOS"
fi

start ''
refused "no firmware" "IGVM file or from firmware"
start ,kernel-hashes=on -bios "$amdsev"
refused "hashes of no kernel" "kernel-hashes needs -kernel"
start '' -drive "if=pflash,format=raw,readonly=on,file=$ovmf"
refused "flash" "IGVM file or from firmware"
start '' -bios "$ovmf" -drive "if=pflash,format=raw,readonly=on,file=$ovmf"
refused "flash and -bios" "does not support flash drives"
head -c 4194304 /dev/zero >"$work/zeros"
start '' -bios "$work/zeros"
[ "$status" -eq 1 ] && grep -q "not found in pflash rom" "$work/messages"
verdict $? "firmware without SEV: status 1 and QEMU's message"

# patched OFFSET BYTES: a copy of the firmware with other bytes in its SEV metadata, whose sections
# of 12 bytes each start 16 bytes behind "ASEV": base, size, type.
patched() {
    cp "$ovmf" "$work/OVMF.fd" && chmod +w "$work/OVMF.fd"
    at=$(grep -abo ASEV "$work/OVMF.fd" | tail -n 1 | cut -d: -f1)
    # shellcheck disable=SC2059 # the bytes are a format
    printf "$2" | dd of="$work/OVMF.fd" bs=1 seek=$((at + $1)) conv=notrunc 2>/dev/null
    start '' -bios "$work/OVMF.fd"
}

patched 20 '\001'
refused "section of part of a page" "0x800000[+]0x9001, which is not whole"
patched 19 '\177'
refused "section where no RAM is" "0x7f800000[+]0x9000, which is not whole pages of RAM"
patched 28 '\000\000'
refused "two sections of one page" "names 0x800000 twice"
echo "1..$tests"
