# SPDX-License-Identifier: GPL-2.0-or-later
# For the scripts that build QEMU: its source, the series, what is added to it.
# shellcheck shell=sh
#
# The caller sets here, top, work, log and named_source, and has read
# images/common.sh.
# shellcheck disable=SC2154,SC2034

series=10.0
python=/usr/bin/python3
meson_needed=1.5
options="--target-list=x86_64-softmmu --without-default-features
--enable-system --enable-tcg --enable-kvm --enable-slirp --enable-tools
--enable-gnutls --disable-docs --disable-install-blobs --disable-werror
--disable-debug-info --enable-trace-backends=log"

# libevtpm_files: what QEMU compiles of libevtpm, and the headers that this and
# the overlay include. No others: an edit of those would build QEMU again.
libevtpm_files()
{
    (
        cd "$top"
        # shellcheck disable=SC2046 # names without blanks
        gcc -MM -MG -I. -Iinclude \
            $(sed -n "s/^ *'\(lib\/[a-z0-9_]*\.c\)'.*/\1/p" \
                "$here/overlay/libevtpm/meson.build") \
            $(grep -rhoE '#include "(lib|evtpm)/[a-z0-9_]+\.h"' \
                "$here/overlay" | cut -d'"' -f2 | sort -u |
                sed 's|^evtpm/|include/&|')
    ) | sed 's|[:\\]||g' | tr ' ' '\n' | grep -E '^(lib|include)/.*\.[ch]$' | sort -u
}

# source_identity: content for a tarball; names, sizes and times for a tree.
source_identity()
{
    if [ -d "$named_source" ]; then
        find "$named_source" -type f -printf '%P %s %T@\n' | sort
    elif [ -f "$named_source" ]; then
        sha256sum <"$named_source"
    else
        basename "$debian_source"
    fi
}

find_source()
{
    case $named_source in
    '')
        debian_source=$("$top/images/apt" source trixie qemu "$series.*") ||
            die "no QEMU source: configure --with-qemu-source=DIR|TARBALL"
        ;;
    *)
        [ -e "$named_source" ] || die "no QEMU source at $named_source"
        ;;
    esac
}

# unpack_source: into $work/src.
unpack_source()
{
    mkdir -p "$work/src"
    if [ -d "$named_source" ]; then
        say "QEMU source: directory $named_source"
        quietly "$log" cp -a "$named_source/." "$work/src/"
    elif [ -n "$named_source" ]; then
        say "QEMU source: $named_source"
        quietly "$log" tar -xf "$named_source" -C "$work/src" \
            --strip-components=1
    else
        say "QEMU source: Debian ${debian_source##*/}"
        rmdir "$work/src"
        quietly "$log" dpkg-source --no-check -x "$debian_source"/*.dsc \
            "$work/src"
    fi
    version=$(cat "$work/src/VERSION" 2>/dev/null || echo unknown)
    case $version in
    "$series".*) ;;
    *) die "the QEMU source is $version: the patches are for $series" ;;
    esac
}

apply_patches()
{
    for patch in "$here"/*.patch; do
        [ -e "$patch" ] || continue
        quietly "$log" patch -d "$work/src" -p1 -N -s -i "$patch" ||
            die "${patch##*/} does not apply to QEMU $version"
    done
}

# own_files: "FILE DESTINATION" of every file that is added to QEMU's.
own_files()
{
    (cd "$here/overlay" && find . -type f) | sed 's|^\./||' | sort |
        while read -r file; do
            printf '%s %s\n' "$here/overlay/$file" "$file"
        done
    libevtpm_files | while read -r file; do
        printf '%s %s\n' "$top/$file" "libevtpm/$file"
    done
}

# add_own_files: only those that changed, for ninja looks at their times.
add_own_files()
{
    own_files >"$work/files.new"
    while read -r file destination; do
        if ! cmp -s "$file" "$work/src/$destination"; then
            mkdir -p "$(dirname "$work/src/$destination")"
            cp "$file" "$work/src/$destination"
        fi
    done <"$work/files.new"
    if [ -e "$work/files" ]; then
        cut -d' ' -f2 "$work/files.new" >"$work/wanted"
        cut -d' ' -f2 "$work/files" | grep -vxF -f "$work/wanted" |
            while read -r gone; do
                rm -f "$work/src/$gone"
            done
    fi
    mv "$work/files.new" "$work/files"
}

# find_meson: the machine's when new enough, else the backport's, unpacked.
# QEMU's configure looks for a module of the Python that it is told to use.
find_meson()
{
    if "$python" -c 'import sys, mesonbuild.coredata as c
have = [int(n) for n in c.version.split(".")[:2]]
sys.exit(have < [int(n) for n in sys.argv[1].split(".")])' \
        "$meson_needed" 2>/dev/null; then
        return
    fi
    meson=$("$top/images/apt" fetch bookworm-backports meson)
    PYTHONPATH=$meson/usr/lib/python3/dist-packages
    export PYTHONPATH
}

configure_qemu()
{
    mkdir "$work/build"
    cd "$work/build"
    # shellcheck disable=SC2086 # a list of options
    quietly "$log" nice ../src/configure --python="$python" --cc="$cc" \
        --prefix=/usr $options || die "QEMU does not configure: see $log"
}
