#!/bin/sh
# SPDX-License-Identifier: MIT
# Run a command with a libvirtd of its own, of which nothing stays.
#
# usage: with-libvirtd.sh [--required] [--own-user] COMMAND [ARGUMENT...]
#
# LIBVIRT_DEFAULT_URI names it to the command. As root it is the system daemon,
# in a process and mount namespace whose end ends all that it started; as
# another user the session daemon. The status is the command's; when there can
# be no daemon 77, with --required 1, and a line on standard error.
#
# QEMU runs as root under the system daemon here, so that it may read what its
# caller may; with --own-user, as the daemon has it by default.
set -eu
required=
own_user=

skip()
{
    echo "with-libvirtd: $*" >&2
    [ -z "$required" ] || exit 1
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
    if [ "$(id -u)" -eq 0 ] && [ -z "$own_user" ]; then
        cat >>"$1/qemu.conf" <<'CONF'
user = "root"
group = "root"
dynamic_ownership = 0
CONF
    fi
}

# A new network namespace has it, but down.
raise_loopback()
{
    # AF_INET, SOCK_DGRAM; SIOCSIFFLAGS of a struct ifreq: up, running
    perl -e 'socket(S, 2, 2, 0) or die "socket: $!";
        my $up = pack("a16 s x22", "lo", 0x41);
        ioctl(S, 0x8914, $up) or die "lo: $!"'
}

# The daemon insists on a user and a group that only the package of its system
# service makes. That one puts the user into the group kvm, too: where there is a
# /dev/kvm, libvirt asks QEMU anew at each look what it can if its user may not
# open it.
add_account()
{
    for base in passwd group; do
        if ! getent "$base" libvirt-qemu >/dev/null; then
            cp "/etc/$base" "/run/$base"
            case $base in
            passwd) echo 'libvirt-qemu:x:64055:64055::/nonexistent:/bin/false' ;;
            group) echo 'libvirt-qemu:x:64055:' ;;
            esac >>"/run/$base"
            sed -i '/^kvm:/s/[^:]$/&,/; /^kvm:/s/$/libvirt-qemu/' "/run/$base"
            mount --bind "/run/$base" "/etc/$base"
        fi
    done
}

# The second half for root: inside of the namespaces.
as_system()
{
    dir_of_mine=/run/evtpm-libvirtd
    raise_loopback
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir /run/lock
    mkdir -m 700 "$dir_of_mine"
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
    # short: sockets have a name of 107 bytes at most
    dir_of_mine=$(mktemp -d /tmp/evtpm-lv-XXXXXX)
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
    # and if we are killed, the command is, and the daemon when it is idle
    libvirtd --daemon --timeout 30 --pid-file "$dir_of_mine/pid" \
        2>"$dir_of_mine/libvirtd.log" ||
        { cat "$dir_of_mine/libvirtd.log" >&2; skip "libvirtd does not start"; }
    setpriv --pdeathsig KILL "$@"
}

while :; do
    case ${1-} in
    --required) required=--required ;;
    --own-user) own_user=--own-user ;;
    *) break ;;
    esac
    shift
done
if [ "${1-}" = --inside ]; then
    shift
    as_system "$@"
    exit
fi
[ $# -ge 1 ] || { echo "usage: with-libvirtd.sh COMMAND..." >&2; exit 2; }
find_daemon
if [ "$(id -u)" -ne 0 ]; then
    as_session "$@"
    exit
fi
unshare --mount --pid --net --fork true 2>/dev/null ||
    skip "this root may not unshare mounts and processes"
exec unshare --mount --pid --net --fork --kill-child --mount-proc \
    "$0" ${required:+"$required"} ${own_user:+"$own_user"} --inside "$@"
