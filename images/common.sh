# SPDX-License-Identifier: MIT
# Shared by the scripts that make artefacts: cache, messages, locks, hashes.
# shellcheck shell=sh

cache=${EVTPM_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/evtpm}
prog=${0##*/}

say()
{
    printf '%s\n' "evtpm: $*" >&2
}

die()
{
    printf '%s\n' "$prog: $*" >&2
    exit 1
}

# need_space DIR MIB: refuse to start what cannot end.
need_space()
{
    free=$(df -Pk "$1" | awk 'NR == 2 { print int($4 / 1024) }')
    [ "$free" -ge "$2" ] ||
        die "no space: $1 has $free MiB free, $2 MiB are needed"
}

# make_cache: the cache directory, its marker for backup programs, and old
# temporary directories of builds that were killed.
make_cache()
{
    mkdir -p "$cache/tmp" "$cache/lock" 2>/dev/null ||
        die "cannot write to the cache $cache (set EVTPM_CACHE)"
    [ -w "$cache/tmp" ] ||
        die "cannot write to the cache $cache (set EVTPM_CACHE)"
    find "$cache/tmp" -mindepth 1 -maxdepth 1 -mtime +1 \
        -exec rm -rf {} + 2>/dev/null || :
}

# lock NAME: held until the script ends, so that two runs do not collide.
lock()
{
    exec 9>"$cache/lock/$1"
    flock -n 9 || {
        say "waiting for another run that makes $1"
        flock 9
    }
}

# scratch NAME: a temporary directory in the cache (same file system as the
# result, which is renamed into place); removed however the script ends.
scratch()
{
    tmp=$(mktemp -d "$cache/tmp/$1.XXXXXX") || die "no space in $cache"
    trap 'rm -rf "$tmp"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# quietly LOG COMMAND...: output goes to the log; its end is shown on failure.
quietly()
{
    quiet_log=$1
    shift
    "$@" >>"$quiet_log" 2>&1 </dev/null || {
        tail -n 15 "$quiet_log" >&2
        if grep -q 'No space left on device' "$quiet_log"; then
            die "no space left in $cache"
        fi
        return 1
    }
}

# hash_of FILE... <stdin: short hash of the files' contents and standard input.
hash_of()
{
    {
        cat
        for hash_file do
            sha256sum <"$hash_file"
        done
    } | sha256sum | cut -c1-16
}

# publish DIR NAME: the finished directory appears under its final name at once.
publish()
{
    rm -rf "${cache:?}/$2"
    mv -T "$1" "$cache/$2"
}

# prune PREFIX KEEP: the newest KEEP entries stay; a hit counts as use.
prune()
{
    find "$cache" -mindepth 1 -maxdepth 1 -name "$1-*" -printf '%T@ %p\n' |
        sort -rn | awk -v keep="$2" 'NR > keep { print $2 }' |
        while read -r old; do
            rm -rf "$old"
        done
}

# first_suite PACKAGE SUITE...: unpacked from the first suite that has it.
first_suite()
{
    wanted=$1
    shift
    for suite do
        status=0
        # shellcheck disable=SC2154 # every script that uses this sets it
        "$images/apt" fetch "$suite" "$wanted" || status=$?
        case $status in
        0) return ;;
        3) ;;
        *) exit "$status" ;;
        esac
    done
    die "no suite offers $wanted"
}

# use_ccache DIR: compilers through ccache where it is installed, with its own
# store, so that a changed line does not mean compiling everything again. What
# is built in DIR does not depend on its path.
use_ccache()
{
    # shellcheck disable=SC2034 # for the caller
    cc=gcc
    if command -v ccache >/dev/null; then
        # shellcheck disable=SC2034
        cc='ccache gcc'
        CCACHE_DIR=$cache/ccache
        CCACHE_MAXSIZE=3G
        CCACHE_BASEDIR=$1
        CCACHE_NOHASHDIR=1
        export CCACHE_DIR CCACHE_MAXSIZE CCACHE_BASEDIR CCACHE_NOHASHDIR
    fi
}
