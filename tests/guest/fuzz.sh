#!/bin/sh
# SPDX-License-Identifier: MIT
# The fuzzing guest, one VM a seed: QEMU must end in a documented way, with at most one line, and
# never by a signal, an assertion or a hang. QEMU is found as in qemu.sh.
#
# EVTPM_FUZZ_SEEDS="FIRST LAST"  other seeds than the few of CI
# EVTPM_FUZZ_LIMIT=SECONDS       for each of them (5)
# A guest that waits for what never comes is no failure if QEMU still obeys SIGTERM.
set -u

# shellcheck source=tests/guest/qemu.sh
. "$(dirname "$0")/qemu.sh"
seeds=${EVTPM_FUZZ_SEEDS:-1 24}
limit=${EVTPM_FUZZ_LIMIT:-5}
ends=

need_qemu
make_work

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
    messages "$work/out" >"$work/messages"
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
