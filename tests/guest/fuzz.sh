#!/bin/sh
# SPDX-License-Identifier: MIT
# The fuzzing guest, one VM a seed: QEMU must end in a documented way, with at most one line, and
# never by a signal, an assertion or a hang. QEMU is found as in run-guest.sh.
#
# EVTPM_FUZZ_SEEDS="FIRST LAST"  other seeds than the few of CI
# EVTPM_FUZZ_LIMIT=SECONDS       for each of them (5)
# A guest that waits for what never comes is no failure if QEMU still obeys SIGTERM.
set -u

build=${G_TEST_BUILDDIR:-$PWD}
qemu=${EVTPM_QEMU:-${EVTPM_ARTIFACTS:-$build/artifacts}/qemu-system-x86_64}
guests=$build/tests/guest
chip=$guests/chip
seeds=${EVTPM_FUZZ_SEEDS:-1 24}
limit=${EVTPM_FUZZ_LIMIT:-5}
tests=0
ends=

if [ ! -x "$qemu" ]; then
    echo "1..0 # SKIP no QEMU with the emulation: make artifacts builds it"
    exit 0
fi
if [ ! -d "$chip" ] && ! "$guests/mkchip" "$chip"; then
    echo "Bail out! no chip directory"
    exit 1
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

start() { # SEED
    timeout -k 5 "$limit" "$qemu" -accel tcg -cpu EPYC-v4 -m 64 -smp 2 \
        -machine q35,confidential-guest-support=sev0,igvm-cfg=igvm0 \
        -object "sev-snp-emulated,id=sev0,chip=$chip" \
        -object "igvm-cfg,id=igvm0,file=$guests/fuzz.igvm" \
        -uuid "$(printf '%08x-0000-0000-0000-000000000000' "$1")" \
        -nodefaults -vga none -display none -no-reboot \
        -monitor none -serial none -parallel none \
        -debugcon "file:$work/console" \
        -device isa-debug-exit,iobase=0xf4,iosize=1 \
        >"$work/out" 2>&1 </dev/null
    status=$?
    grep -v -e "warning: TCG doesn't support requested feature" \
        -e 'WARNING: ASan.*makecontext' "$work/out" \
        >"$work/messages"
}

# good_end: 33 all verdicts; 0 the guest reset the machine; 60 to 65 and why; 124 the guest waits
good_end() {
    grep -q '^ok 1 - ' "$work/console" || return 1
    ! grep -q '^not ok' "$work/console" || return 1
    ! grep -Eqi 'sanitizer|runtime error|assert' "$work/messages" || return 1
    case $status in
    33) grep -q '^1\.\.' "$work/console" && [ ! -s "$work/messages" ] ;;
    0) [ ! -s "$work/messages" ] ;;
    6[0-5])
        [ "$(wc -l <"$work/messages")" -eq 1 ] &&
            grep -q 'SNP guest ended: vCPU' "$work/messages"
        ;;
    124) grep -q 'terminating on signal 15' "$work/messages" ;;
    *) false ;;
    esac
}

first=${seeds% *}
last=${seeds#* }
while [ "$first" -le "$last" ]; do
    : >"$work/console"
    start "$first"
    good_end
    good=$?
    tests=$((tests + 1))
    ends="$ends $status"
    if [ $good -eq 0 ]; then
        echo "ok $tests - seed $first: ends with status $status"
    else
        echo "not ok $tests - seed $first: ends with status $status"
        tail -n 3 "$work/console" | cut -c1-300 | sed 's/^/#   /'
        head -n 12 "$work/messages" | cut -c1-300 | sed 's/^/#   /'
    fi
    first=$((first + 1))
done

# The control: the seeds differ, so not all VMs end alike.
tests=$((tests + 1))
if [ "$(echo "$ends" | tr ' ' '\n' | sed 1d | sort -u | wc -l)" -gt 1 ] || [ $tests -lt 5 ]; then
    echo "ok $tests - the seeds lead to different ends"
else
    echo "not ok $tests - the seeds lead to different ends"
fi
echo "1..$tests"
