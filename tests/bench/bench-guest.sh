#!/bin/sh
# SPDX-License-Identifier: MIT
# What emulated SEV-SNP costs a running guest: guest-load in a confidential VM
# with SVSM and in a plain one, same QEMU, firmware, kernel. Ratios of one run;
# RUNS (default 3) of each kind in turn, the quickest of each load counts.
set -eu
build=${1:?usage: bench-guest.sh BUILD_DIR}
art=${EVTPM_ARTIFACTS:-$build/artifacts}
runs=${RUNS:-3}
limit=180

for file in qemu-system-x86_64 OVMF.fd bzImage; do
    [ -e "$art/$file" ] || {
        echo "bench-guest: skipped: no $art/$file (make artifacts)"
        exit 0
    }
done

dir=$(mktemp -d)
qemu=
trap '[ -z "$qemu" ] || kill "$qemu" 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

mkdir -p "$dir/root/dev"
cp "$build/tests/bench/guest-load" "$dir/root/init"
(cd "$dir/root" && find . | cpio -o -H newc --quiet) >"$dir/initrd"
truncate -s 512M "$dir/disk"

# Chip and IGVM file as launch would take them.
command=$("$build/harness/evtpm" launch --print-command)
chip=$(printf '%s\n' "$command" | sed 's/.*id=sev0,chip=\([^, ]*\).*/\1/')
igvm=$(printf '%s\n' "$command" | sed 's/.*igvm-cfg,id=igvm0,file=\([^, ]*\).*/\1/')

# boot LOG OPTION...: until the guest has switched itself off.
boot()
{
    log=$1
    shift
    timeout "$limit" "$art/qemu-system-x86_64" -accel tcg "$@" \
        -m 512 -nodefaults -no-user-config -no-reboot -display none -vga none \
        -serial "file:$log" -kernel "$art/bzImage" -initrd "$dir/initrd" \
        -append 'console=ttyS0 quiet panic=-1 pci=lastbus=0' \
        -drive "if=none,id=disk0,file=$dir/disk,format=raw" \
        -device virtio-blk-pci,drive=disk0,romfile= 2>"$log.err" &
    qemu=$!
    while kill -0 "$qemu" 2>/dev/null; do
        sleep 0.2
    done
    wait "$qemu" || true
    qemu=
    grep -q 'load end' "$log" || {
        echo "bench-guest: the guest did not finish" >&2
        tail -n 5 "$log" "$log.err" >&2
        exit 1
    }
}

for i in $(seq "$runs"); do
    # fast strings would be slow ones there: each kind as it runs best
    boot "$dir/plain.$i" -machine q35,i8042=off -cpu EPYC-v4 \
        -bios "$art/OVMF.fd"
    boot "$dir/snp.$i" \
        -machine q35,i8042=off,confidential-guest-support=sev0,igvm-cfg=igvm0 \
        -cpu EPYC-v4,+erms,+fsrm \
        -object "sev-snp-emulated,id=sev0,chip=$chip" \
        -object "igvm-cfg,id=igvm0,file=$igvm"
done

# ratios that the project aims at
wanted='compute=1.05 sha256=1.05 aes-ctr=1.05 syscalls=1.1 disk-read=1.5 disk-direct=1.5'
echo "seconds in the guest, the best of $runs runs; ratio to plain TCG"
cat "$dir"/plain.*[0-9] | tr -d '\r' | sed -n 's/.*load \([a-z0-9-]*\) \([0-9.]*\)$/plain \1 \2/p' >"$dir/all"
cat "$dir"/snp.*[0-9] | tr -d '\r' | sed -n 's/.*load \([a-z0-9-]*\) \([0-9.]*\)$/snp \1 \2/p' >>"$dir/all"
awk -v wanted="$wanted" '
BEGIN {
    n = split(wanted, pairs, " ")
    for (i = 1; i <= n; i++) { split(pairs[i], p, "="); limit[p[1]] = p[2] }
}
{
    key = $1 " " $2
    if (!(key in best) || $3 < best[key]) best[key] = $3
    if ($1 == "plain" && !($2 in seen)) { seen[$2] = 1; order[++count] = $2 }
}
END {
    for (i = 1; i <= count; i++) {
        name = order[i]
        plain = best["plain " name]; snp = best["snp " name]
        printf "  %-10s %8.3f plain %8.3f SNP  %5.2f x", name, plain, snp, snp / plain
        print (name in limit) ? " (wanted: " limit[name] ")" : ""
    }
}' "$dir/all"
