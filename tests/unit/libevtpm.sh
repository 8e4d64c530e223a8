#!/bin/sh
# SPDX-License-Identifier: MIT
# libevtpm as it is installed: a program that knows of it by pkg-config only verifies evidence,
# with the shared library and with the static one; headers, symbols and version agree.
# shellcheck disable=SC2317 # functions are called through check
set -u

source=$(cd "${G_TEST_SRCDIR:-.}" && pwd)
build=$(cd "${G_TEST_BUILDDIR:-.}" && pwd)
cc=${CC:-gcc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip()
{
    echo "1..0 # SKIP $1"
    exit 0
}
command -v pkg-config >/dev/null || skip "there is no pkg-config"
command -v nm >/dev/null || skip "there is no nm"

tests=0
failed=0
check()
{
    title=$1
    shift
    tests=$((tests + 1))
    if "$@" >"$work/result" 2>&1; then
        echo "ok $tests - $title"
    else
        failed=1
        echo "not ok $tests - $title"
        sed 's/^/# /' "$work/result"
    fi
}

# The .pc file names the prefix that configure was given; here it lies below DESTDIR.
pc()
{
    PKG_CONFIG_PATH=$libdir/pkgconfig pkg-config --define-variable=prefix="$prefix" "$@" evtpm
}

installs()
{
    env -u MAKEFLAGS -u MAKELEVEL make -s -C "$build" install-libevtpm \
        DESTDIR="$work/root"
}

find_prefix()
{
    pcfile=$(find "$work/root" -name evtpm.pc)
    [ -n "$pcfile" ] || return 1
    libdir=$(dirname "$(dirname "$pcfile")")
    prefix=$work/root$(sed -n 's/^prefix=//p' "$pcfile")
}

build_shared()
{
    # shellcheck disable=SC2046 # words of flags
    $cc -std=c11 -Wall -Wextra -Werror "$source/tests/unit/libevtpm-consumer.c" \
        -o "$work/shared" $(pc --cflags --libs)
}

# libevtpm's archive with the other libraries as they are
build_static()
{
    # shellcheck disable=SC2046 # words of flags and names
    libs=$(pkg-config --libs $(pc --print-requires) \
        $(pc --print-requires-private))
    # shellcheck disable=SC2046,SC2086 # words of flags
    $cc -std=c11 "$source/tests/unit/libevtpm-consumer.c" -o "$work/static" \
        $(pc --cflags) -L"$libdir" -l:libevtpm.a $libs &&
        ! ldd "$work/static" | grep libevtpm
}

run()
{
    program=$1
    wanted=$2
    words=$3
    LD_LIBRARY_PATH=$libdir "$work/$program" "$work/evidence" >"$work/out" 2>&1
    status=$?
    cat "$work/out"
    [ "$status" -eq "$wanted" ] && grep -q "$words" "$work/out"
}

# One byte of the report's measurement, and back
alter()
{
    printf '\133' |
        dd of="$work/evidence/report" bs=1 seek=144 conv=notrunc 2>/dev/null
}
restore()
{
    cp "$work/report" "$work/evidence/report"
}

exported()
{
    nm "$@" --defined-only -g | sed -n 's/^[0-9a-f]* [TDRB] //p' |
        sed 's/@.*//' | sort -u
}
mapped()
{
    sed -n 's/^    \([a-z][a-z0-9_]*\);$/\1/p' "$source/lib/libevtpm.map" | sort
}
declared()
{
    # shellcheck disable=SC2046 # words of flags
    for header in "$prefix"/include/libevtpm/lib/*.h; do
        echo "#include \"lib/$(basename "$header")\""
    done | $cc -E -P $(pc --cflags) -x c - | tr '\n' ' ' |
        grep -oE '\b(evtpm|snp)_[a-z0-9_]+ *(\(|\[EVTPM_EVIDENCE|\[12\];)' |
        sed 's/[^a-z0-9_].*//' | sort -u
}
same()
{
    "$1" >"$work/a" && [ -s "$work/a" ] && "$2" >"$work/b" &&
        diff "$work/a" "$work/b"
}
shared_symbols()
{
    # the version's own name is a symbol as well
    exported -D "$libdir/libevtpm.so.0" | grep -v '^LIBEVTPM'
}
static_symbols()
{
    exported "$libdir/libevtpm.a"
}

versions_agree()
{
    pc_version=$(pc --modversion)
    header=$(sed -n 's/^#define LIBEVTPM_VERSION_[A-Z]* //p' \
        "$prefix/include/libevtpm/libevtpm.h" | paste -sd.)
    program=$("$build/harness/evtpm" --version)
    echo "$pc_version $header $program"
    [ "$pc_version" = "$header" ] && [ "evtpm $header" = "$program" ]
}

no_paths()
{
    ! grep -rn "$source\|$build" "$prefix/include/libevtpm" "$pcfile"
}

check "make install-libevtpm" installs
check "evtpm.pc is there" find_prefix
mkdir "$work/evidence"
check "evidence to verify" "$build/tests/unit/write-evidence" "$work/evidence"
cp "$work/evidence/report" "$work/report"
check "a program builds by pkg-config, without a warning" build_shared
check "it verifies evidence" run shared 0 "none: all links hold"
alter
check "and refuses it altered" run shared 24 "report-signature: the report was altered"
restore
check "it builds with the static library" build_static
check "that verifies as well" run static 0 "none: all links hold"
alter
check "and refuses as well" run static 24 "report-signature: "
check "the shared library exports what the map says" same mapped shared_symbols
check "so does the static one" same mapped static_symbols
check "the map is what the headers declare" same mapped declared
check "one version everywhere" versions_agree
check "no path of this tree in what is installed" no_paths
echo "1..$tests"
exit $failed
