#!/bin/sh
# SPDX-License-Identifier: MIT
# evtpm test by libvirt: some scenarios of the others, by a daemon that it starts
# for them, and that is gone when it ends.
# needs: libvirtd, virsh
# shellcheck disable=SC2317 # functions are called through check
# shellcheck disable=SC2016 # eval expands
set -u
# shellcheck source=tests/tpm/tap.sh
. "${G_TEST_SRCDIR:-.}/tests/tpm/tap.sh"

build=$(cd "${G_TEST_BUILDDIR:-.}" && pwd)
evtpm=$build/harness/evtpm
PATH=$PATH:/usr/sbin
skip()
{
    echo "1..0 # SKIP $*"
    exit 0
}
for need in libvirtd virsh; do
    command -v "$need" >/dev/null || skip "$need is not installed"
done
reason=$("$evtpm" launch --backend libvirt --dry-run 2>&1 >/dev/null) ||
    skip "$reason"
reason=$(EVTPM_BUILD=$build "${G_TEST_SRCDIR:-.}/tests/e2e/with-libvirtd.sh" \
    true 2>&1) || skip "$reason"

work=$(mktemp -d)
child=
trap '[ -z "$child" ] || kill "$child"; rm -rf "$work"' EXIT
cd "$work" || exit 1
unset LIBVIRT_DEFAULT_URI EVTPM_BACKEND
# by which what a run started is known
EVTPM_MARK=$work
export EVTPM_MARK

# run ARGUMENT...: logs of its own, for those of this run have the same names.
run()
{
    "$evtpm" test --no-build --backend libvirt --report report "$@" >out 2>err
    status=$?
    cat out err
}

# left: processes that inherited the mark, but for this shell's.
left()
{
    for dir in /proc/[0-9]*; do
        if tr '\0' '\n' <"$dir/environ" 2>/dev/null |
            grep -qx "EVTPM_MARK=$work" &&
            grep -qa 'libvirtd\|qemu\|evtpm' "$dir/comm"; then
            cat "$dir/comm"
        fi
    done
}
nothing_left()
{
    left
    [ -z "$(left)" ]
}

smoke()
{
    run e2e/test-honest e2e/test-launch:/e2e/launch/exec
    [ "$status" -eq 0 ] && [ "$(tail -n 1 out)" = '6 passed, 0 failed, 0 skipped' ]
}
check 'scenarios pass' smoke
check 'the document says by what' \
    grep -q '"backend" : "libvirt"' report/results.json
check 'no process is left' nothing_left
check 'what holds for a process of ours is skipped, and why' eval \
    'run e2e/test-trouble:/e2e/trouble/sockets
     grep -qF "about QEMU as a process of ours: not by libvirt" out &&
     [ "$(tail -n 1 out)" = "0 passed, 0 failed, 1 skipped" ]'
check 'and the list says it before' eval \
    'run --list e2e/test-trouble
     grep -qF "[would skip /e2e/trouble/sockets: about QEMU as a process" out'

# A run is interrupted while its VM boots.
interrupted()
{
    rm -rf report
    "$evtpm" test --no-build --backend libvirt --report report e2e/test-disk \
        >out 2>err &
    child=$!
    for _ in $(seq 600); do
        ! grep -qs 'wait for the guest' report/logs/e2e/test-disk.log || break
        sleep 0.1
    done
    kill -TERM "$child"
    wait "$child"
    status=$?
    child=
    cat out err
    [ "$status" -eq 143 ] && [ "$(cat err)" = 'evtpm: interrupted' ] &&
        [ "$(tail -n 1 out)" = '0 passed, 0 failed, 0 skipped' ]
}
check 'an interrupted run says so' interrupted
check 'and leaves nothing either' nothing_left
finish
