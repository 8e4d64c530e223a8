# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2317 # functions are called through check
# TAP lines for shell tests. POSIX sh; also sourced in guests, by busybox.

tests=0
failed=0
# check NAME COMMAND...: one TAP line; before a failure what was printed
check()
{
    name=$1
    shift
    tests=$((tests + 1))
    if "$@" >result 2>&1; then
        echo "ok $tests - $name"
    else
        failed=1
        sed 's/^/# /' result
        echo "not ok $tests - $name"
    fi
}
refused()
{
    ! "$@"
}
# refuses CODE COMMAND...: the TPM's response code in the tool's complaint
refuses()
{
    code=$1
    shift
    ! "$@" >refusal 2>&1 || return 1
    cat refusal
    grep -qi "($code)" refusal
}
# prints TEXT COMMAND...: all of standard output
prints()
{
    wanted=$1
    shift
    seen=$("$@") || return 1
    echo "$seen"
    [ "$seen" = "$wanted" ]
}
same()
{
    cmp "$1" "$2"
}
different()
{
    ! cmp -s "$1" "$2"
}
finish()
{
    echo "1..$tests"
    exit "$failed"
}
