#!/bin/sh
# SPDX-License-Identifier: MIT
# VMs as domains of a real libvirtd that is started for this: by evtpm's
# commands and by virsh.
# needs: libvirtd, virsh
# shellcheck disable=SC2317 # functions are called through check
# shellcheck disable=SC2016 # what the guest expands
set -u

build=$(cd "${G_TEST_BUILDDIR:-.}" && pwd)
source=$(cd "${G_TEST_SRCDIR:-.}" && pwd)
evtpm=$build/harness/evtpm
PATH=$PATH:/usr/sbin

if [ "${1-}" != --inside ]; then
    for need in libvirtd virsh; do
        if ! command -v "$need" >/dev/null; then
            echo "1..0 # SKIP $need is not installed"
            exit 0
        fi
    done
    # also where it was built without libvirt, or without QEMU
    if ! reason=$("$evtpm" launch --backend libvirt --dry-run 2>&1 >/dev/null); then
        echo "1..0 # SKIP $reason"
        exit 0
    fi
    # found before libvirt's session gets directories of its own
    log=$(mktemp)
    EVTPM_BUILD=$build "$source/tests/e2e/with-libvirtd.sh" "$0" --inside 2>"$log"
    status=$?
    if [ "$status" -eq 77 ]; then
        echo "1..0 # SKIP $(cat "$log")"
        status=0
    else
        sed 's/^/# /' "$log"
    fi
    rm -f "$log"
    exit "$status"
fi

EVTPM_BACKEND=libvirt
export EVTPM_BACKEND
work=$(mktemp -d)
child=
trap '[ -z "$child" ] || kill -9 "$child"; rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir -m 700 run
XDG_RUNTIME_DIR=$work/run
export XDG_RUNTIME_DIR

tests=0
failed=0
check()
{
    name=$1
    shift
    tests=$((tests + 1))
    if "$@" >result 2>&1; then
        echo "ok $tests - $name"
    else
        failed=1
        echo "not ok $tests - $name"
        sed 's/^/# /' result
        tail -n 5 run/evtpm/log/*/*.log 2>/dev/null | sed 's/^/# /'
    fi
}

# until COMMAND...: for at most two minutes.
until_true()
{
    for _ in $(seq 1200); do
        "$@" && return
        sleep 0.1
    done
    return 1
}

domains()
{
    [ "$(virsh list --name "$@" | tr -d '[:space:]')" = "$expected" ]
}

# refused TEXT COMMAND...: status 1, this one line.
refused()
{
    text=$1
    shift
    "$@" >out 2>err
    status=$?
    cat err
    [ "$status" -eq 1 ] && [ "$(cat err)" = "evtpm: $text" ]
}

# ek FILE: the endorsement key that evidence is of.
ek()
{
    sed -n 's/.*"ek_public" *: *"\([^"]*\)".*/\1/p' "$1"
}

by_exec()
{
    "$evtpm" launch --name x -m 384 --exec \
        'cat /sys/class/tpm/tpm0/tpm_version_major; echo wrong >&2; exit 7' \
        >out 2>err
    status=$?
    cat out err
    [ "$status" -eq 7 ] && [ "$(cat out)" = 2 ] && [ "$(cat err)" = wrong ]
}
check 'a command in the guest: output and status' by_exec
expected=
check 'and no domain stays' domains --all
check 'the console was kept' grep -q 'userspace ready' run/evtpm/log/x/console.log

# Printed XML: libvirt's schema takes it, and so does the daemon.
printed()
{
    "$evtpm" xml --name x -m 384 "$@" >x.xml && virt-xml-validate x.xml domain &&
        virsh define --validate x.xml && virsh undefine x
}
check 'the variable chooses what would be run' sh -c \
    "'$evtpm' launch --dry-run | head -n 1 | grep -q '^<domain '"
truncate -s 1M disk.raw
check 'printed XML is valid' printed
check 'of a plain guest' printed --no-svsm
check 'by -bios with hashes' printed --no-svsm --bios --kernel-hashes
check 'with a disk' printed --disk disk.raw

# With a shell on its console, to which virsh connects.
define()
{
    artifacts=${EVTPM_ARTIFACTS:-$build/artifacts}
    [ "$("$evtpm" launch --name web -m 384 --define \
        --kernel "$artifacts/bzImage" --initrd "$artifacts/initramfs.img" \
        --append 'console=ttyS0 quiet panic=-1 pci=lastbus=0 evtpm.shell=1')" \
        = web ]
}
check 'a domain is defined and runs' define
expected=web
check 'virsh lists it' domains

# virsh wants a terminal, and talks to the domain's.
virsh_console()
{
    mkfifo keys
    script -qefc 'virsh console --force web' typescript <keys >screen 2>&1 &
    child=$!
    exec 8>keys
    { until_true grep -q 'userspace ready' screen && printf '\n' >&8 &&
        until_true grep -q '# ' screen &&
        printf 'echo $((6 * 7)) is it\n' >&8 &&
        until_true grep -q '42 is it' screen && printf '\035' >&8; } ||
        kill "$child"
    wait "$child"
    status=$?
    child=
    exec 8>&-
    tail -n 5 screen
    [ "$status" -eq 0 ] && grep -q '42 is it' screen
}
if command -v script >/dev/null; then
    check 'virsh console: what is typed reaches its shell' virsh_console
    check 'and its quit key leaves the domain running' domains
else
    tests=$((tests + 1))
    echo "ok $tests - virsh console # SKIP no script(1)"
fi
check 'evtpm ps lists it' sh -c \
    "'$evtpm' ps --json | grep -q '\"name\" : \"web\"'"
check 'its name is taken' refused 'a VM named "web" is running already' \
    "$evtpm" launch --name web --exec true
check 'QEMU alone knows nothing of it' refused \
    'no VM named "web" is running (see evtpm ps)' \
    "$evtpm" attest --backend qemu web
check 'it is attested' "$evtpm" attest -o first.json web

by_reboot()
{
    "$evtpm" reboot web && "$evtpm" attest -o second.json web &&
        [ -n "$(ek first.json)" ] && [ -n "$(ek second.json)" ] &&
        [ "$(ek first.json)" != "$(ek second.json)" ]
}
check 'after evtpm reboot it is attested for another key' by_reboot
check 'evtpm stop ends it' "$evtpm" stop web
expected=
check 'it does not run' domains
expected=web
check 'it is still defined' domains --all
check 'its name is taken as well' refused \
    'libvirt has a domain "web" already (virsh start or undefine it)' \
    "$evtpm" launch --name web --exec true

by_virsh()
{
    virsh start web && until_true "$evtpm" attest -t 20 -o third.json web &&
        [ "$(ek second.json)" != "$(ek third.json)" ]
}
check 'virsh start brings it back, with a third key' by_virsh

# reboots NEW OLD VIRSH...: the same domain runs on, with another key.
reboots()
{
    new=$1
    old=$2
    shift 2
    id=$(virsh domid web) || return 1
    virsh "$@" web && until_true another_key || return 1
    [ "$(virsh domid web)" = "$id" ]
}

another_key()
{
    "$evtpm" attest -t 20 -o "$new" web && [ "$(ek "$old")" != "$(ek "$new")" ]
}
check 'virsh reset launches it anew' reboots fourth.json third.json reset
check 'virsh reboot does, by the guest' \
    reboots fifth.json fourth.json reboot --mode agent
check 'virsh destroy ends it' virsh destroy web
check 'and evtpm sees that' refused \
    'no VM named "web" is running (see evtpm ps)' "$evtpm" stop web
check 'virsh undefine forgets it' virsh undefine web
expected=
check 'nothing is left' domains --all

# What was not detached ends with the command, even if that is killed.
killed()
{
    "$evtpm" launch --name k -m 384 --exec true &
    child=$!
    expected=k
    until_true domains && kill -9 "$child"
    wait "$child"
    child=
    expected=
    until_true domains --all
}
check 'a killed command leaves no domain' killed

foreign()
{
    sed 's/<metadata>/<description>/; s/<.metadata>/<\/description>/
         /evtpm:vm/d; s/<name>.*<.name>/<name>other<\/name>/' >other.xml <<XML
$("$evtpm" xml -m 384)
XML
    virsh create other.xml &&
        refused 'the domain "other" is none of evtpm'"'"'s' \
            "$evtpm" stop other
    status=$?
    virsh destroy other
    return "$status"
}
check 'a domain of others is left alone' foreign

# The console: what the guest writes comes, the quit key ends it.
console()
{
    mkfifo in
    "$evtpm" launch --name c -m 384 <in >con 2>err &
    child=$!
    exec 8>in
    until_true grep -q . con && printf '\035' >&8
    exec 8>&-
    wait "$child"
    status=$?
    child=
    cat err
    [ "$status" -eq 0 ] && grep -q 'evtpm: ended' err && [ -s con ]
}
check 'the console is relayed until its quit key' console
expected=
check 'and its domain is gone' domains --all
check 'without a daemon: one line' refused \
    "libvirt qemu:///system?socket=/nowhere: Failed to connect socket to '/nowhere': No such file or directory" \
    "$evtpm" ps --connect 'qemu:///system?socket=/nowhere'
echo "1..$tests"
exit "$failed"
