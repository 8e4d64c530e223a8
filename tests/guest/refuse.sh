#!/bin/sh
# SPDX-License-Identifier: MIT
# What an emulated SEV-SNP guest cannot be combined with: each is refused when QEMU starts, with one
# line and status 1; what only a monitor can ask for is refused there. QEMU is found as in
# qemu.sh.
set -u

# shellcheck source=tests/guest/qemu.sh
. "$(dirname "$0")/qemu.sh"

need_qemu
make_work

run_qemu() { # OPTIONS...
    timeout -k 5 60 "$qemu" -nodefaults -vga none -display none -no-reboot \
        -serial none -parallel none -debugcon null \
        -device isa-debug-exit,iobase=0xf4,iosize=1 "$@" >"$work/out" 2>&1
    status=$?
    messages "$work/out" >"$work/messages"
}

# The working command line, with what a row adds to it; later options win.
start() { # MACHINE OBJECT OPTIONS...
    machine=$1
    object=$2
    shift 2
    case " $* " in
    *' -accel '*) accel= ;;
    *) accel='-accel tcg' ;;
    esac
    # shellcheck disable=SC2086  # two words or none
    run_qemu $accel -cpu EPYC-v4 -m 64 -monitor none \
        -machine "q35,confidential-guest-support=sev0,igvm-cfg=igvm0$machine" \
        -object "sev-snp-emulated,id=sev0,chip=$chip$object" \
        -object "igvm-cfg,id=igvm0,file=$guests/launch.igvm" \
        "$@" </dev/null
}

refused() { # NAME REGEXP
    [ "$status" -eq 1 ]
    good=$?
    verdict $good "$1: status 1"
    if ! { [ "$(wc -l <"$work/messages")" -eq 1 ] &&
        grep -Eq -e "$2" "$work/messages"; }; then
        good=1
        verdict 1 "$1: one line that matches /$2/"
    else
        verdict 0 "$1: one line that matches /$2/"
    fi
    if [ "$good" -ne 0 ]; then
        echo "# status $status"
        sed 's/^/#   /' "$work/messages"
    fi
}

# The control: without anything added the guest runs, also where a row comes close to a refusal.
while IFS='|' read -r name machine object options <&3; do
    # shellcheck disable=SC2086  # the options are words
    start "$machine" "$object" $options
    [ "$status" -eq 33 ] && [ ! -s "$work/messages" ]
    verdict $? "$name: runs"
done 3<<'CASES'
the command line|||
machine type pc|,type=pc||
SMM off|,smm=off,vmport=off||
one TCG thread|||-accel tcg,thread=single
TCG, an instruction at a time|||-accel tcg,one-insn-per-tb=on
counted instructions|||-icount shift=auto
maximum of memory is what there is|||-m 64,maxmem=64M
the C-bit's position|,mem-merge=on|,cbitpos=51,reduced-phys-bits=1|
a memory backend|,memory-backend=m||-object memory-backend-ram,id=m,size=64M
CPU model max|||-cpu max
IOMMU|||-device intel-iommu
CASES

zeros=$(head -c 96 /dev/zero | base64 -w0)
short=$(head -c 31 /dev/zero | base64 -w0)
while IFS='|' read -r name machine object options message <&3; do
    object=$(echo "$object" | sed "s/ZEROS/$zeros/; s/SHORT/$short/")
    # shellcheck disable=SC2086  # the options are words
    start "$machine" "$object" $options
    refused "$name" "$message"
done 3<<'CASES'
KVM|||-accel kvm|sev-snp-emulated runs with -accel tcg
KVM, then TCG|||-accel kvm -accel tcg|sev-snp-emulated runs with -accel tcg
qtest|||-accel qtest -global apic-common.vapic=off|accelerator does not support confidential guest sev-snp-emulated
machine type microvm|||-machine microvm|igvm-cfg
machine type isapc|,type=isapc|||needs machine type q35 or pc
SMM|,smm=on|||does not support SMM
vmport|,vmport=on|||does not support vmport
memory hotplug, slots|||-m 64,slots=2,maxmem=256M|does not support memory hotplug
memory hotplug, maxmem|||-m 64,maxmem=128M|does not support memory hotplug|maxmem
nvdimm|,nvdimm=on|||does not support nvdimm
pc-dimm|||-object memory-backend-ram,id=m,size=64M -device pc-dimm,memdev=m|-device pc-dimm
virtio-mem|||-object memory-backend-ram,id=m,size=64M -device virtio-mem-pci,memdev=m|not prepared for memory devices
locked memory|||-overcommit mem-lock=on|does not support locked memory
CPU hotplug|||-smp 1,maxcpus=2|does not support CPU hotplug
too many vCPUs|||-smp 256|up to 255 vCPUs, not 256
incoming migration|||-incoming defer|does not support migration \(-incoming\)
only what can migrate|||-only-migratable|Migration is not implemented
record|||-icount shift=1,rr=record,rrfile=/dev/null|does not support record/replay
CPU model of another maker|||-cpu Haswell|CPU model of AMD's
CPU model without long mode|||-cpu EPYC-v4,-lm|CPU model with lm
CPU model without NX|||-cpu EPYC-v4,-nx|CPU model with nx
CPU model without PAE|||-cpu EPYC-v4,-pae|CPU model with pae
CPU model without APIC|||-cpu EPYC-v4,-apic|CPU model with apic
CPU model without MSRs|||-cpu EPYC-v4,-msr|CPU model with msr
CPU model of the host|||-cpu host|requires KVM
C-bit elsewhere||,cbitpos=47||C-bit at 51, not at 47
no physical address bit lost||,reduced-phys-bits=0||from 1 to 63, not 0
64 physical address bits lost||,reduced-phys-bits=64||from 1 to 63, not 64
VCEK disabled||,vcek-disabled=on||has no VLEK, which vcek-disabled needs
ID block of no base64||,id-block=!!||Base64
ID block too short||,id-block=SHORT||31 not equal to 96
ID block without its signature||,id-block=ZEROS||lacks an ECDSA P-384 key
host data too short||,host-data=SHORT||31 not equal to 32
workarounds too long||,guest-visible-workarounds=ZEROS||96 exceeds max of 16
unknown property||,nonsense=1||Invalid parameter 'nonsense'
firmware beside the IGVM file|||-bios /dev/null|igvm-cfg and -bios exclude each other
object that is no guest type|,confidential-guest-support=igvm0|||Invalid parameter type
object that does not exist|,confidential-guest-support=other|||'other' not found
object that is no IGVM file|,igvm-cfg=sev0|||Invalid parameter type for 'igvm-cfg'
CASES

# ---- The chip directory ----

chip_refused() { # NAME DIRECTORY REGEXP
    run_qemu -accel tcg -cpu EPYC-v4 -m 64 -monitor none \
        -machine q35,confidential-guest-support=sev0,igvm-cfg=igvm0 \
        -object "sev-snp-emulated,id=sev0$2" \
        -object "igvm-cfg,id=igvm0,file=$guests/launch.igvm" </dev/null
    refused "$1" "$3"
}

# One file of a good directory becomes something else.
chip_with() { # FILE
    rm -rf "$work/mixed"
    cp -R "$chip" "$work/mixed"
    rm -f "$work/mixed/$1"
}

"$guests/mkchip" "$work/other" || echo "Bail out! no second chip"
chip_refused "no chip" "" "'chip' is missing"
chip_refused "chip directory missing" ",chip=$work/none" \
    "chip directory '.*/none'.*No such file"
mkdir "$work/empty"
chip_refused "chip directory empty" ",chip=$work/empty" "ark.pem: No such file"
chip_refused "chip directory is a file" ",chip=$0" "Not a directory"
for file in ark.pem ask.pem vcek.pem vcek-key.pem root.key; do
    chip_with $file
    chip_refused "chip without $file" ",chip=$work/mixed" "$file: No such file"
    mkfifo "$work/mixed/$file"
    chip_refused "chip, $file a FIFO" ",chip=$work/mixed" \
        "$file: not a regular file"
    chip_with $file
    head -c 50 "$chip/$file" >"$work/mixed/$file"
    chip_refused "chip, $file cut" ",chip=$work/mixed" "$file: "
done
for file in ark.pem ask.pem vcek.pem vcek-key.pem; do
    chip_with $file
    cp "$work/other/$file" "$work/mixed/$file"
    case $file in
    ark.pem) why='ASK by the ARK|ASK does not verify' ;;
    ask.pem) why='ASK does not verify by the ARK|VCEK does not verify' ;;
    *) why='vcek-key.pem is not the key of vcek.pem' ;;
    esac
    chip_refused "chip, $file of another" ",chip=$work/mixed" "$why"
done
chip_with vcek.pem
cp "$work/other/vcek.pem" "$work/other/vcek-key.pem" "$work/mixed"
chip_refused "chip, VCEK of another" ",chip=$work/mixed" \
    "VCEK does not verify by the ASK"

# ---- The IGVM file ----

igvm_refused() { # NAME FILE REGEXP
    start "" "" -object "igvm-cfg,id=other,file=$2" -machine igvm-cfg=other
    refused "$1" "$3"
}

mkfifo "$work/fifo"
igvm_refused "IGVM file is a FIFO" "$work/fifo" "not a regular file"
igvm_refused "IGVM file is a device" /dev/zero "not a regular file"
igvm_refused "IGVM file is a directory" "$work" "not a regular file"
truncate -s 5G "$work/large"
igvm_refused "IGVM file is too large" "$work/large" "at most 1073741824"

# ---- What a monitor asks for ----

# Each command's answer matches, and QEMU ends by the "quit" that follows it.
asked() { # NAME REGEXP COMMAND...
    name=$1
    message=$2
    shift 2
    printf '%s\n' "$@" quit | run_qemu -accel tcg -cpu EPYC-v4 -m 64 -S \
        -machine q35,confidential-guest-support=sev0,igvm-cfg=igvm0 \
        -object "sev-snp-emulated,id=sev0,chip=$chip" \
        -object "igvm-cfg,id=igvm0,file=$guests/launch.igvm" \
        -drive "if=none,id=d,file=$work/disk,format=qcow2" -monitor stdio
    # run_qemu was in a subshell
    grep -Eq -e "$message" "$work/out" &&
        ! grep -q 'Assertion\|terminating on signal' "$work/out" &&
        tail -n 1 "$work/out" | grep -q 'quit'
    good=$?
    verdict $good "$name: answer matches /$message/"
    [ $good -eq 0 ] || tail -n 4 "$work/out" | cut -c1-200 | sed 's/^/#   /'
}

# A snapshot of a machine without SEV-SNP on the disk
image=${qemu%/*}/qemu-img
[ -x "$image" ] || image=$(dirname "$(readlink -f "$qemu")")/qemu-img
"$image" create -q -f qcow2 "$work/disk" 64M
head -c 65536 /dev/zero >"$work/bios"
printf 'savevm plain\nquit\n' | run_qemu -accel tcg -cpu EPYC-v4 -m 64 -S \
    -machine q35,smm=off,vmport=off -bios "$work/bios" -monitor stdio \
    -drive "if=none,id=d,file=$work/disk,format=qcow2"
"$image" snapshot -l "$work/disk" | grep -q plain
verdict $? "a snapshot of a machine without SEV-SNP can be made"

asked "info snp" "launch digest: not finished" "info snp"
asked "migrate" "Migration is not implemented" "migrate exec:cat"
asked "savevm" "Migration is not implemented" "savevm one"
asked "loadvm" "vCPUs.*cannot be" "loadvm plain"
asked "device_add pc-dimm" "slots" \
    "object_add memory-backend-ram,id=m,size=64M" "device_add pc-dimm,memdev=m"
asked "device_add CPU" "Error: .*socket-id" \
    "device_add EPYC-v4-x86_64-cpu,socket-id=1,core-id=0,thread-id=0"
asked "info registers" "registers of this guest are private" "info registers"
asked "info mem" "page tables of this guest are private" "info mem"
asked "info tlb" "page tables of this guest are private" "info tlb"
asked "x" "Cannot access memory" "x /4x 0x8000000000"
asked "gva2gpa" "Unmapped" "gva2gpa 0x8000002000"
asked "memsave" "Invalid addr|failed|Error" \
    "memsave 0x8000002000 64 \"$work/memory\""
start "" "" -drive "if=none,id=d,file=$work/disk,format=qcow2" -loadvm plain
refused "loadvm at start" "vCPUs.*cannot be"
printf 'system_reset\n' | run_qemu -accel tcg -cpu EPYC-v4 -m 64 -S \
    -machine q35,confidential-guest-support=sev0,igvm-cfg=igvm0 \
    -object "sev-snp-emulated,id=sev0,chip=$chip" \
    -object "igvm-cfg,id=igvm0,file=$guests/launch.igvm" -monitor stdio
! grep -q 'Assertion\|terminating on signal' "$work/out"
verdict $? "system_reset: ends the VM that shall not reboot"
# The monitor starts the VM then, whose guest ends it.
printf 'system_reset\ncont\n' >"$work/in"
run_qemu -accel tcg -cpu EPYC-v4 -m 64 -S \
    -machine q35,confidential-guest-support=sev0,igvm-cfg=igvm0 \
    -object "sev-snp-emulated,id=sev0,chip=$chip" \
    -object "igvm-cfg,id=igvm0,file=$guests/launch.igvm" -monitor stdio \
    -action reboot=reset <"$work/in"
[ "$status" -eq 33 ]
verdict $? "system_reset before the start: nothing to undo"
echo "1..$tests"
