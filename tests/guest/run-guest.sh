#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs test guests by name (no name: all of guests.list) and turns what they say into TAP.
#
# Logs stay in tests/guest/logs in the build directory; under evtpm test they are temporary, and it keeps
# those of a guest that failed.
# EVTPM_SVSM_IGVM=FILE: svsm-any runs on the SVSM of that IGVM file, by mkigvm -r.
set -u

source=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/guest/qemu.sh
. "$source/qemu.sh"
logs=$guests/logs
[ -z "${EVTPM_TEST_LOGS:-}" ] || logs=$TMPDIR/guest
pid=

stop() {
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null
    fi
}
trap stop EXIT
trap 'exit 1' HUP INT TERM

# What helps whoever reads a failure
explain() { # NAME
    stay=${EVTPM_TEST_LOGS:-$logs/$1}
    echo "# the last lines of the guest's console ($stay/console):"
    tail -n 5 "$logs/$1/console" 2>/dev/null | sed 's/^/#   /'
    echo "# QEMU's messages ($stay/stderr):"
    tail -n 5 "$logs/$1/stderr" | sed 's/^/#   /'
}

# The file to start; another SVSM's gets the test firmware first
igvm_file() { # NAME
    if [ "$1" != svsm-any ] || [ -z "${EVTPM_SVSM_IGVM:-}" ]; then
        echo "$guests/$1.igvm"
        return
    fi
    "$guests/mkigvm" -r "$EVTPM_SVSM_IGVM" -f "$guests/$1.fw" \
        -o "$logs/$1/igvm" && echo "$logs/$1/igvm"
}

start_qemu() { # NAME LIMIT OPTIONS...
    name=$1
    limit=$2
    shift 2
    file=$(igvm_file "$name") || exit 1
    properties=
    case ${1:-} in
    sev:*)
        properties=,${1#sev:}
        shift
        ;;
    esac
    timeout -k 5 "$limit" "$qemu" -accel tcg \
        -machine q35,confidential-guest-support=sev0,igvm-cfg=igvm0 \
        -object "sev-snp-emulated,id=sev0,chip=$chip$properties" \
        -object "igvm-cfg,id=igvm0,file=$file" \
        -cpu EPYC-v4 -m 64 -nodefaults -vga none -display none -no-reboot \
        -monitor none -serial none -parallel none \
        -debugcon "file:$logs/$name/console" \
        -device isa-debug-exit,iobase=0xf4,iosize=1 \
        "$@" >"$logs/$name/stderr" 2>&1 </dev/null &
    pid=$!
    wait "$pid"
    status=$?
    pid=
}

# The guest's own verdicts: counted only where it is to run to its end.
guest_verdicts() { # NAME
    said=0
    while IFS= read -r line; do
        case $line in
        'ok '*)
            verdict 0 "$1: ${line#ok * - }"
            said=$((said + 1))
            ;;
        'not ok '*)
            verdict 1 "$1: ${line#not ok * - }"
            said=$((said + 1))
            ;;
        1..*)
            [ "$said" -gt 0 ] && [ "${line#1..}" -eq "$said" ]
            verdict $? "$1: all $said verdicts arrived"
            ;;
        *)
            echo "# $1: ${line#\# }"
            ;;
        esac
    done <"$logs/$1/console"
}

run() { # NAME STATUS MESSAGE OPTIONS LIMIT
    rm -rf "${logs:?}/$1"
    mkdir -p "$logs/$1"
    : >"$logs/$1/console"
    # shellcheck disable=SC2086  # the options are words
    start_qemu "$1" "$5" $4
    if [ "$2" -eq 33 ]; then
        guest_verdicts "$1"
    else
        sed "s/^/# $1: /" "$logs/$1/console"
    fi
    case $status in
    124 | 137) text="$1: ends within $5 s" ;;
    *) text="$1: ends with status $2" ;;
    esac
    [ "$status" -eq "$2" ]
    verdict $? "$text"
    [ "$status" -eq "$2" ] || echo "# $1: status $status"
    messages "$logs/$1/stderr" >"$logs/$1/messages"
    if [ -n "$3" ]; then
        grep -Eq "$3" "$logs/$1/messages"
        good=$?
        verdict $good "$1: QEMU's message matches /$3/"
    else
        [ ! -s "$logs/$1/messages" ]
        good=$?
        verdict $good "$1: QEMU has nothing to say"
    fi
    if [ "$status" -ne "$2" ] || [ $good -ne 0 ]; then
        explain "$1"
    fi
}

need_qemu
while IFS='|' read -r name status message options limit <&3; do
    case $name in
    '' | '#'*) continue ;;
    esac
    if [ $# -gt 0 ]; then
        case " $* " in
        *" $name "*) ;;
        *) continue ;;
        esac
    fi
    run "$name" "$status" "$message" "$options" "$limit"
done 3<"$source/guests.list"
echo "1..$tests"
[ "$tests" -gt 0 ]
