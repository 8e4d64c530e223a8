#!/bin/sh
# SPDX-License-Identifier: MIT
# The IGVM loader in QEMU: it measures what the library computes, and refuses bad files with one
# line, status 1 and nothing left behind. QEMU is found as in qemu.sh.
set -u

# shellcheck source=tests/guest/qemu.sh
. "$(dirname "$0")/qemu.sh"

need_qemu
make_work

start() { # FILE OPTIONS...
    file=$1
    shift
    timeout -k 5 30 "$qemu" -accel tcg \
        -machine q35,confidential-guest-support=sev0,igvm-cfg=igvm0 \
        -object "sev-snp-emulated,id=sev0,chip=$chip" \
        -object "igvm-cfg,id=igvm0,file=$file" \
        -cpu EPYC-v4 -m 64 -nodefaults -vga none -display none -no-reboot \
        -monitor none -serial none -parallel none -debugcon null \
        -device isa-debug-exit,iobase=0xf4,iosize=1 \
        "$@" >"$work/out" 2>&1 </dev/null
    status=$?
    messages "$work/out" >"$work/messages"
}

measured() { # GUEST
    start "$guests/$1.igvm" -trace enable=snp_launch_finish,file="$work/trace"
    expected=$("$guests/mkigvm" -m "$guests/$1.igvm")
    [ -n "$expected" ] && grep -q "$expected" "$work/trace" "$work/out"
    verdict $? "$1: QEMU measures $expected"
}

refused() { # NAME FILE STATUS REGEXP
    start "$2"
    [ "$status" -eq "$3" ]
    verdict $? "$1: status $3"
    [ "$(wc -l <"$work/messages")" -eq 1 ] && grep -Eq "$4" "$work/messages"
    good=$?
    verdict $good "$1: one line that matches /$4/"
    if [ "$status" -ne "$3" ] || [ $good -ne 0 ]; then
        echo "# status $status"
        sed 's/^/#   /' "$work/messages"
    fi
}

# Another firmware in a finished file: the digest is that of a file built with it.
composed() { # FIRMWARE
    "$guests/mkigvm" "$build/svsm/svsm.elf" -v "$build/svsm/vtpm/evtpm-vtpm" \
        -f "$guests/$1.fw" -o "$work/direct" &&
        "$guests/mkigvm" -r "$guests/svsm-crash.igvm" -f "$guests/$1.fw" \
            -o "$work/other" &&
        "$guests/mkigvm" -r "$guests/svsm-calls.igvm" -f "$guests/$1.fw" \
            -o "$work/composed"
    good=$?
    direct=$("$guests/mkigvm" -m "$work/direct")
    [ $good -eq 0 ] && [ -n "$direct" ] &&
        [ "$direct" = "$("$guests/mkigvm" -m "$work/composed")" ]
    verdict $? "$1 put into a file: the digest of one built with it"
    [ "$direct" != "$("$guests/mkigvm" -m "$work/other")" ]
    verdict $? "$1 put into another SVSM's file: another digest"
}

not_composed() { # NAME IGVM FIRMWARE REGEXP
    "$guests/mkigvm" -r "$2" -f "$3" -o "$work/none" 2>"$work/messages"
    [ $? -eq 1 ] && [ ! -e "$work/none" ] &&
        [ "$(wc -l <"$work/messages")" -eq 1 ] && grep -Eq "$4" "$work/messages"
    good=$?
    verdict $good "$1: one line that matches /$4/"
    [ $good -eq 0 ] || sed 's/^/#   /' "$work/messages"
}

base=$guests/launch.igvm
measured launch
measured modes
measured vmpl-switch
measured params

composed svsm-any
cat "$guests/svsm-any.fw" "$guests/svsm-any.fw" >"$work/large.fw"
head -c 65536 /dev/zero >"$work/zero.fw"
not_composed "a file without firmware" "$base" "$guests/svsm-any.fw" \
    "has 0 bytes below 4 GiB"
not_composed "a larger firmware" "$guests/svsm-calls.igvm" "$work/large.fw" \
    "has 65536 bytes below 4 GiB, the new one needs 131072"
not_composed "no firmware" "$guests/svsm-calls.igvm" "$work/zero.fw" \
    "new firmware: "
not_composed "no IGVM file" "$guests/svsm-any.fw" "$guests/svsm-any.fw" \
    "not an IGVM file"

refused "no file" "$work/none" 1 "No such file"
: >"$work/empty"
refused "empty file" "$work/empty" 1 "not an IGVM file"
head -c 20000 "$base" >"$work/cut"
refused "half a file" "$work/cut" 1 "its header says"
cp "$guests/launch.elf" "$work/elf"
refused "an ELF file" "$work/elf" 1 "not an IGVM file: magic"

# name|header type|offset|width|value|status|message
while IFS='|' read -r name type at width value code message <&3; do
    "$guests/badigvm" "$base" "$work/bad" "$type" "$at" "$width" "$value"
    refused "$name" "$work/bad" "$code" "$message"
done 3<<'CASES'
other platform|0x001|5|1|3|1|does not support this platform
policy without bit 17|0x101|0|8|0x10000|1|policy 0x10000
policy of a newer ABI|0x101|0|8|0x3ff00|1|policy 0x3ff00
unknown header|0x302|-8|4|0x3ee|1|unknown type and not optional
page not aligned|0x302|0|8|0x8000000800|1|PAGE_DATA.*not page aligned
page twice|0x302|0|8|0x8000002000|1|given contents twice
page over the APIC|0x302|0|8|0xfee00000|1|0xfee00000
page beyond physical addresses|0x302|0|8|0xff00000000000|1|0xff00000000000
region over the APIC|0x305|0|8|0xfec00000|1|0xfec00000
VMSA elsewhere|0x304|0|8|0x8000010000|1|VMSA at 0x8000010000
VMSA of vCPU 5|0x304|16|2|5|1|vCPU 5
VMSA without SVME|0|-3887|1|0x0d|64|launch VMSA: EFER.SVME
VMSA of VMPL1|0|-3894|1|1|64|launch VMSA: made for another VMPL
VMSA without SNP|0|-3152|1|0|64|launch VMSA: SEV_FEATURES
CASES
echo "1..$tests"
