# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2317 # functions are called through check and trap
# Sourced by shell tests: a vTPM that several TPM tools talk to, and TAP lines.
# Leaves the test in an empty directory of its own, or ends it as skipped.
set -u

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

# power_on NAME: a new TPM of that name for the tools that follow. Descriptors 8
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

tests=0
failed=0
# check NAME COMMAND...: one TAP line
check()
{
    name=$1
    shift
    tests=$((tests + 1))
    if "$@" >"out" 2>&1; then
        echo "ok $tests - $name"
    else
        failed=1
        echo "not ok $tests - $name"
        sed 's/^/# /' out
    fi
}
refused()
{
    ! "$@"
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
finish()
{
    echo "1..$tests"
    exit "$failed"
}
