# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2317 # functions are called through check and trap
# Sourced by shell tests: a vTPM that several TPM tools talk to; tests/tpm/tap.sh.
# Leaves the test in an empty directory of its own, or ends it as skipped.
set -u

# shellcheck source=tests/tpm/tap.sh
. "${G_TEST_SRCDIR:-.}/tests/tpm/tap.sh"

build=${G_TEST_BUILDDIR:-.}
program=$(cd "$build" && pwd)/svsm/vtpm/evtpm-vtpm
relay=$(cd "$build" && pwd)/tests/unit/vtpm-relay

if ! command -v tpm2_createek >/dev/null; then
    echo "1..0 # SKIP tpm2-tools is not installed"
    exit 0
fi

work=$(mktemp -d)
pid=
cleanup()
{
    [ -z "$pid" ] || kill "$pid" 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work" || exit 1

# power_on PATH: a new TPM with FIFOs PATH.in and PATH.out. Descriptors 8
# and 9 hold its FIFOs open, so it lives while no tool is connected.
power_on()
{
    mkfifo "$1.in" "$1.out"
    exec 8<>"$1.in" 9<>"$1.out"
    "$program" <"$1.in" >"$1.out" 2>"$1.log" 8>&- 9>&- &
    pid=$!
    TPM2TOOLS_TCTI="cmd:$relay $1.in $1.out"
    export TPM2TOOLS_TCTI
}
power_off()
{
    exec 8>&- 9>&-
    wait "$pid"
}

# control CODE SIZE FILE: the answer to a control frame, without its header.
# The lock is the relay's: the last tool's may still be flushing.
control()
{
    flock 8
    # shellcheck disable=SC2059,SC1003 # octal escapes
    printf '\340\001\000\000\000\012\000\000\000\'"$1" >&8
    head -c "$2" <&9 | tail -c +11 >"$3"
    flock -u 8
}
