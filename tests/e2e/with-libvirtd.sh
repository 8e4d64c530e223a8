#!/bin/sh
# SPDX-License-Identifier: MIT
# Run a command with a libvirtd of its own, of which nothing stays.
#
# usage: with-libvirtd.sh COMMAND [ARGUMENT...]
#
# LIBVIRT_DEFAULT_URI names it to the command. As root it is the system daemon,
# in a process and mount namespace whose end ends all that it started; as
# another user the session daemon. The status is the command's, or 77 with a
# line on standard error when there can be no daemon.
set -eu

skip()
{
    echo "with-libvirtd: $*" >&2
    exit 77
}

find_daemon()
{
    PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
    export PATH
    command -v libvirtd >/dev/null || skip "no libvirtd"
    command -v virsh >/dev/null || skip "no virsh"
}

# write_configuration DIRECTORY: nothing of the machine's services is asked for.
write_configuration()
{
    mkdir -p "$1"
    cat >"$1/libvirtd.conf" <<CONF
auth_unix_rw = "none"
auth_unix_ro = "none"
log_outputs = "3:file:$dir_of_mine/libvirtd.log"
CONF
    cat >"$1/qemu.conf" <<'CONF'
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
remember_owner = 0
CONF
    [ "$(id -u)" -ne 0 ] ||
        printf '%s = "root"\n' user group >>"$1/qemu.conf"
}

# The daemon insists on a user and a group that only the package of its system
# service makes.
add_account()
{
    for base in passwd group; do
        if ! getent "$base" libvirt-qemu >/dev/null; then
            cp "/etc/$base" "/run/$base"
            case $base in
            passwd) echo 'libvirt-qemu:x:64055:64055::/nonexistent:/bin/false' ;;
            group) echo 'libvirt-qemu:x:64055:' ;;
            esac >>"/run/$base"
            mount --bind "/run/$base" "/etc/$base"
        fi
    done
}

# The second half for root: inside of the namespaces.
as_system()
{
    mount -t tmpfs tmpfs /run
    mkdir /run/lock
    for dir in /etc/libvirt /var/lib/libvirt /var/cache/libvirt \
        /var/log/libvirt; do
        if [ -d "$dir" ]; then
            mount -t tmpfs tmpfs "$dir"
        fi
    done
    write_configuration /etc/libvirt
    add_account
    libvirtd --daemon --pid-file "$dir_of_mine/pid" \
        2>"$dir_of_mine/libvirtd.log" ||
        { cat "$dir_of_mine/libvirtd.log" >&2; skip "libvirtd does not start"; }
    LIBVIRT_DEFAULT_URI=qemu:///system
    export LIBVIRT_DEFAULT_URI
    "$@"
}

end_session()
{
    for vm in $(virsh list --name 2>/dev/null); do
        virsh destroy "$vm" >/dev/null 2>&1 || :
    done
    [ ! -e "$dir_of_mine/pid" ] || kill "$(cat "$dir_of_mine/pid")" || :
    rm -rf "$dir_of_mine"
}

as_session()
{
    EVTPM_CACHE=${EVTPM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/evtpm}
    XDG_RUNTIME_DIR=$dir_of_mine/run
    XDG_CONFIG_HOME=$dir_of_mine/etc
    XDG_CACHE_HOME=$dir_of_mine/cache
    # by name, because tests move XDG_RUNTIME_DIR
    LIBVIRT_DEFAULT_URI="qemu:///session?socket=$dir_of_mine/run/libvirt/libvirt-sock"
    export EVTPM_CACHE XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_CACHE_HOME \
        LIBVIRT_DEFAULT_URI
    mkdir -m 700 "$XDG_RUNTIME_DIR" "$XDG_CONFIG_HOME" "$XDG_CACHE_HOME"
    write_configuration "$XDG_CONFIG_HOME/libvirt"
    trap end_session EXIT
    trap 'exit 129' HUP INT TERM
    libvirtd --daemon --pid-file "$dir_of_mine/pid" \
        2>"$dir_of_mine/libvirtd.log" ||
        { cat "$dir_of_mine/libvirtd.log" >&2; skip "libvirtd does not start"; }
    "$@"
}

if [ "${1-}" = --inside ]; then
    dir_of_mine=$2
    shift 2
    as_system "$@"
    exit
fi
[ $# -ge 1 ] || { echo "usage: with-libvirtd.sh COMMAND..." >&2; exit 2; }
find_daemon
# short: sockets have a name of 107 bytes at most
dir_of_mine=$(mktemp -d /tmp/evtpm-lv-XXXXXX)
if [ "$(id -u)" -ne 0 ]; then
    as_session "$@"
    exit
fi
trap 'rm -rf "$dir_of_mine"' EXIT
unshare --mount --pid --net --fork true 2>/dev/null ||
    skip "this root may not unshare mounts and processes"
unshare --mount --pid --net --fork --kill-child --mount-proc \
    "$0" --inside "$dir_of_mine" "$@"
