#!/bin/sh
# SPDX-License-Identifier: MIT
# How long a VM takes to Linux userspace and to verified attestation, beside the
# same QEMU, firmware, kernel and initramfs in plain TCG. Ratios of one run;
# RUNS (default 3) boots of each kind in turn, the quickest counts.
set -eu
build=${1:?usage: bench-boot.sh BUILD_DIR}
art=${EVTPM_ARTIFACTS:-$build/artifacts}
runs=${RUNS:-3}
ready='evtpm: userspace ready'
limit=120

for file in qemu-system-x86_64 OVMF.fd bzImage initramfs.img; do
    [ -e "$art/$file" ] || {
        echo "bench-boot: skipped: no $art/$file (make artifacts)"
        exit 0
    }
done

dir=$(mktemp -d)
qemu=
end()
{
    [ -z "$qemu" ] || kill -9 "$qemu" 2>/dev/null || true
    evtpm stop bench >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap end EXIT
trap 'exit 130' INT TERM

now_ms()
{
    echo $(($(date +%s%N) / 1000000))
}

# wait_ready LOG BEGAN: milliseconds from BEGAN until the console says so.
wait_ready()
{
    until grep -qs "$ready" "$1"; do
        [ $(($(now_ms) - $2)) -lt $((limit * 1000)) ] || {
            echo "bench-boot: no userspace within $limit s: $1" >&2
            tail -n 5 "$1" >&2
            return 1
        }
        sleep 0.02
    done
    echo $(($(now_ms) - $2))
}

plain()
{
    rm -f "$dir/plain.log"
    began=$(now_ms)
    "$art/qemu-system-x86_64" -accel tcg -machine q35,i8042=off -cpu EPYC-v4 -m 512 \
        -nodefaults -no-user-config -no-reboot -display none -vga none \
        -bios "$art/OVMF.fd" -serial "file:$dir/plain.log" \
        -kernel "$art/bzImage" -initrd "$art/initramfs.img" \
        -append 'console=ttyS0 quiet panic=-1 pci=lastbus=0' 2>/dev/null &
    qemu=$!
    time_plain=$(wait_ready "$dir/plain.log" "$began")
    kill -9 "$qemu"
    wait "$qemu" 2>/dev/null || true
    qemu=
}

evtpm()
{
    XDG_RUNTIME_DIR=$dir "$build/harness/evtpm" "$@"
}

# launch OPTIONS...: milliseconds to userspace in $time.
launch()
{
    rm -rf "$dir/evtpm/log"
    began=$(now_ms)
    evtpm launch --name bench --detach --timeout "$limit" "$@" \
        >/dev/null 2>"$dir/launch.err" &
    launch=$!
    time=$(wait_ready "$dir/evtpm/log/bench/console.log" "$began")
    wait "$launch" || {
        cat "$dir/launch.err" >&2
        return 1
    }
}

without_svsm()
{
    launch --no-svsm
    time_bare=$time
    evtpm stop bench >/dev/null 2>&1
}

confidential()
{
    launch
    time_snp=$time
    evtpm attest bench >/dev/null
    time_attested=$(($(now_ms) - began))
    evtpm stop bench >/dev/null 2>&1
}

least()
{
    [ "$1" -eq 0 ] || [ "$2" -lt "$1" ] && echo "$2" || echo "$1"
}

best_plain=0 best_bare=0 best_snp=0 best_attested=0
for _ in $(seq "$runs"); do
    plain
    without_svsm
    confidential
    best_plain=$(least "$best_plain" "$time_plain")
    best_bare=$(least "$best_bare" "$time_bare")
    best_snp=$(least "$best_snp" "$time_snp")
    best_attested=$(least "$best_attested" "$time_attested")
done
awk -v p="$best_plain" -v b="$best_bare" -v s="$best_snp" -v a="$best_attested" -v n="$runs" 'BEGIN {
    printf "best of %d boots of each kind\n", n
    printf "  plain TCG to userspace            %6.2f s\n", p / 1000
    printf "  launch to userspace, SNP alone    %6.2f s  %5.2f x plain (wanted: 1.3)\n", b / 1000, b / p
    printf "  launch to userspace, SNP and vTPM %6.2f s  %5.2f x plain (wanted: 2)\n", s / 1000, s / p
    printf "  launch to verified attestation    %6.2f s  %5.2f x plain (wanted: within 10 s)\n", a / 1000, a / p
}'
