#!/bin/sh
# SPDX-License-Identifier: MIT
# libvirt's daemons and users that are not root: a session, whose daemon libvirt
# itself starts, of somebody without any privilege; and the system's daemon,
# whose QEMU runs as the user that it has by default.
# needs: libvirtd, virsh, setpriv
# shellcheck disable=SC2317 # functions are called through check
# shellcheck disable=SC2016 # eval expands
set -u

self=$(readlink -f "$0")
source=$(cd "${G_TEST_SRCDIR:-.}" && pwd)
# shellcheck source=tests/tpm/tap.sh
. "$source/tests/tpm/tap.sh"

# uid NAME: of the process that runs this domain.
uid()
{
    for dir in /proc/[0-9]*; do
        if tr '\0' '\n' <"$dir/cmdline" 2>/dev/null |
            grep -q "^guest=$1,"; then
            sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' "$dir/status"
            return
        fi
    done
}

launch()
{
    [ "$("$evtpm" launch --name "$1" -m 384 --detach)" = "$1" ]
}

# running LIST: these domains and no others, one a line.
running()
{
    virsh list --all --name
    [ "$(virsh list --all --name | sed '/^$/d')" = "$1" ]
}

# attested NAME: by what the VM itself says, and by all links.
attested()
{
    "$evtpm" attest --evidence-out "$1.json" "$1" && [ -s "$1.json" ]
}

# ---- as somebody: HOME and XDG_RUNTIME_DIR are new and empty ----

socket_there()
{
    [ -S "$XDG_RUNTIME_DIR/libvirt/libvirt-sock" ]
}

as_somebody()
{
    check 'this is not root, nor can it become that' eval \
        '[ "$(id -u)" -ne 0 ] &&
         grep -q "^CapBnd:[[:space:]]*0*$" /proc/self/status'
    check 'no daemon runs for the session' refused socket_there
    check 'a VM starts' launch s
    check 'by the daemon that libvirt started' socket_there
    check 'virsh sees it in the session' running s
    check 'its QEMU is of the same user' eval '[ "$(uid s)" = "$(id -u)" ]'
    check 'it is attested' attested s
    check 'its console was kept' grep -q 'userspace ready' \
        "$XDG_RUNTIME_DIR/evtpm/log/s/console.log"
    check 'it is stopped' "$evtpm" stop s
    check 'and gone' running ''
}

# ---- as root, with the system's daemon ----

# denied: the start fails, with one line that names what could not be read.
denied()
{
    "$evtpm" launch --name d -m 384 --exec true >out 2>err
    status=$?
    cat out err
    [ "$status" -eq 1 ] && [ ! -s out ] && [ "$(grep -c ^evtpm: err)" -eq 1 ] &&
        grep -q "^evtpm: libvirt cannot start \"d\": .*$EVTPM_CACHE/.*Permission denied" err
}

as_root()
{
    check 'the daemon has a user of its own' eval \
        'user=$(id -u libvirt-qemu) && [ "$user" -gt 0 ]'
    check 'what that user may not read is named' denied
    check 'and nothing is left' running ''
    chmod -R a+rX "$EVTPM_CACHE"
    check 'what it may read starts' launch r
    check 'QEMU is of that user' eval '[ "$(uid r)" = "$user" ]'
    check 'it is attested' attested r
    check 'its console was kept' grep -q 'userspace ready' \
        "$XDG_RUNTIME_DIR/evtpm/log/r/console.log"
    check 'it is stopped' "$evtpm" stop r
    check 'and gone' running ''
    check 'kernel and initramfs are root'"'"'s again' eval \
        '[ "$(stat -c %u "$EVTPM_ARTIFACTS"/bzImage \
            "$EVTPM_ARTIFACTS"/initramfs.img | sort -u)" = 0 ]'
}

# ---- both ----

if [ "${1-}" = --inside ]; then
    cd "$3" || exit 1
    evtpm=${3%/*}/evtpm
    EVTPM_BACKEND=libvirt
    export EVTPM_BACKEND
    "$2"
    finish
fi

skip()
{
    echo "1..0 # SKIP $*"
    exit 0
}
PATH=$PATH:/usr/sbin
export PATH
for need in libvirtd virsh setpriv; do
    command -v "$need" >/dev/null || skip "$need is not installed"
done
[ "$(id -u)" -eq 0 ] ||
    skip 'root alone becomes somebody else (the libvirt test has a session of yours)'
unshare --mount --pid --net --fork true 2>/dev/null ||
    skip 'this root may not unshare mounts and processes'
build=$(cd "${G_TEST_BUILDDIR:-.}" && pwd)
artifacts=${EVTPM_ARTIFACTS:-$build/artifacts}
[ -e "$artifacts/qemu-system-x86_64" ] || skip 'QEMU is not built'
reason=$("$build/harness/evtpm" launch --backend libvirt --dry-run 2>&1 \
    >/dev/null) || skip "$reason"

# What the others may read, wherever the originals lie: libvirt changes the
# owner of some. Short, for sockets.
work=$(mktemp -d /tmp/evtpm-lu-XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP INT TERM
chmod 755 "$work"
mkdir "$work/artifacts" "$work/somebody" "$work/root"
cp "$build/harness/evtpm" "$build/svsm/svsm.elf" \
    "$build/svsm/vtpm/evtpm-vtpm" "$artifacts"/*Image "$artifacts"/*.img \
    "$artifacts"/*.fd "$work/artifacts"
mv "$work/artifacts/evtpm" "$work"
qemu=$(readlink -f "$artifacts/qemu-system-x86_64")
cp -r "${qemu%/bin/*}" "$work/qemu"
ln -s ../qemu/bin/qemu-system-x86_64 "$work/artifacts"
chmod -R a+rX "$work/artifacts" "$work/qemu" "$work/evtpm"
# A chip for each: the root keys, which take long to make, are those of the
# usual one, if there is one.
usual=${EVTPM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/evtpm}/chip/default
for dir in somebody root; do
    mkdir -m 700 "$work/$dir/run" "$work/$dir/home" "$work/$dir/cache"
    if [ -e "$usual/ark.pem" ]; then
        mkdir -m 700 "$work/$dir/cache/chip"
        "$work/evtpm" chip create --issuer "$usual" \
            "$work/$dir/cache/chip/default" >/dev/null || exit 1
    fi
done
chown -R nobody "$work/somebody"

# part NAME COMMAND...: its TAP, counted on.
count=0
failed=0
part()
{
    echo "# $1"
    shift
    "$@" >"$work/tap" 2>"$work/err" || failed=1
    sed 's/^/# /' "$work/err"
    awk -v n="$count" '/^(not )?ok / {
        at = match($0, /ok [0-9]+/) + RLENGTH
        print ($1 == "not" ? "not " : "") "ok " ++n substr($0, at)
        next } !/^1\.\./' "$work/tap"
    part=$(grep -cE '^(not )?ok ' "$work/tap")
    [ "$part" -gt 0 ] || { failed=1; echo '# nothing ran'; }
    count=$((count + part))
}
part session unshare --mount --pid --net --fork --kill-child --mount-proc \
    setpriv --reuid nobody --regid nogroup --clear-groups --no-new-privs \
    --inh-caps=-all --bounding-set=-all \
    env -i PATH="$PATH" HOME="$work/somebody/home" LC_ALL=C \
    XDG_RUNTIME_DIR="$work/somebody/run" G_TEST_SRCDIR="$source" \
    EVTPM_ARTIFACTS="$work/artifacts" EVTPM_CACHE="$work/somebody/cache" \
    LIBVIRT_DEFAULT_URI=qemu:///session \
    "$self" --inside as_somebody "$work/somebody"
part system env HOME="$work/root/home" LC_ALL=C \
    XDG_RUNTIME_DIR="$work/root/run" G_TEST_SRCDIR="$source" \
    EVTPM_ARTIFACTS="$work/artifacts" EVTPM_CACHE="$work/root/cache" \
    "$source/tests/e2e/with-libvirtd.sh" --required --own-user \
    "$self" --inside as_root "$work/root"
echo "1..$count"
exit "$failed"
