# SPDX-License-Identifier: MIT
# Shared by the scripts that make initramfs archives: Debian's programs with the
# libraries that they link to, copied from unpacked packages in $packages to the
# tree $root; and the guest's own programs. The caller has sourced common.sh.
# shellcheck shell=sh
# shellcheck disable=SC2154 # callers set root, packages, images, tmp

libdir=usr/lib/x86_64-linux-gnu
top=$(dirname "$images")

# in_tree FILE: where the packages have it; some still use the paths from
# before /usr was merged.
in_tree()
{
    for found in "$packages/$1" "$packages/${1#usr/}"; do
        if [ -e "$found" ]; then
            printf '%s\n' "$found"
            return
        fi
    done
    die "no package has $1"
}

# add FILE: once, with the ELF files that it needs.
add()
{
    if [ -e "$root/$1" ]; then
        return
    fi
    mkdir -p "$root/${1%/*}"
    cp "$(in_tree "$1")" "$root/$1"
    add_needed "$1"
}

# needed_by FILE: what the ELF file links to.
needed_by()
{
    objdump -p "$1" 2>/dev/null | awk '$1 == "NEEDED" { print $2 }'
}

# add_needed FILE: what the ELF file in the tree links to.
add_needed()
{
    for need in $(needed_by "$root/$1"); do
        case $need in
        ld-linux-x86-64.so.2) add_loader ;;
        *) add_library "$need" ;;
        esac
    done
}

# add_library NAME: callers may have other ideas about some.
add_library()
{
    add "$libdir/$1"
}

add_loader()
{
    mkdir -p "$root/usr/lib64"
    cp "$(in_tree "$libdir/ld-linux-x86-64.so.2")" "$root/usr/lib64/"
}

directories()
{
    mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/tmp" \
        "$root/root" "$root/etc" "$root/usr/bin" "$root/usr/sbin" \
        "$root/usr/lib/modules" "$root/var"
    ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root/"
    ln -s ../run "$root/var/run"
}

# add_busybox: with a link for each of its programs.
add_busybox()
{
    add usr/bin/busybox
    "$root/usr/bin/busybox" --list-full | while read -r applet; do
        applet=usr/${applet#usr/}
        case $applet in
        usr/bin/* | usr/sbin/*) ;;
        *) continue ;;
        esac
        if [ ! -e "$root/$applet" ]; then
            ln -s ../bin/busybox "$root/$applet"
        fi
    done
}

# archive FILE: the tree as an initramfs. The same tree gives the same bytes.
archive()
{
    chmod -R u=rwX,go=rX "$root"
    if [ -d "$root/usr/bin" ]; then
        chmod 755 "$root/init" "$root"/usr/bin/* "$root"/usr/sbin/*
    fi
    find "$root" -exec touch -h -d @0 {} +
    (cd "$root" && find . | sort |
        cpio -o -H newc -R 0:0 --reproducible --quiet) >"$tmp/cpio" ||
        die "cannot write the archive (no space in $cache?)"
    zstd -q -f -19 -T1 -o "$1" "$tmp/cpio" ||
        die "cannot compress the archive (no space in $cache?)"
}

# agent_sources: evtpm-agent is made of these; headers beside them.
agent_sources()
{
    for source in "$top"/agent/*.c; do
        [ "${source##*/}" = post.c ] || printf '%s\n' "$source"
    done
    printf '%s\n' "$top/lib/blob.c" "$top/lib/error.c" "$top/lib/evidence.c" \
        "$top/lib/file.c"
}

# post_sources: evtpm-post likewise.
post_sources()
{
    printf '%s\n' "$top/agent/post.c" "$top/agent/kernel_file.c" \
        "$top/lib/blob.c" "$top/lib/error.c"
}

# agent_inputs: what both depend on, for hash_of.
agent_inputs()
{
    printf '%s\n' "$top"/agent/*.[ch] "$top"/lib/blob.[ch] \
        "$top"/lib/error.[ch] "$top"/lib/evidence.[ch] "$top"/lib/file.[ch]
}

# compile OUT SOURCES LIBRARY...: a program of the guest, as small as it gets.
compile()
{
    out=$1
    list=$2
    shift 2
    # shellcheck disable=SC2086 # a list
    (cd "$top" && gcc -std=gnu11 -D_GNU_SOURCE -Os -s -Wl,--build-id=none \
        -Wl,--as-needed -I. -Iinclude -o "$out" $list "$@") ||
        die "${out##*/} does not compile (apt-get install libtss2-dev libssl-dev)"
}

# compile_agent OUT: the guest's side of an attestation.
compile_agent()
{
    compile "$1" "$(agent_sources | sed "s|^$top/||")" \
        -ltss2-esys -ltss2-tctildr -ltss2-mu -ltss2-rc -lcrypto
}

# compile_post OUT: and what carries it.
compile_post()
{
    compile "$1" "$(post_sources | sed "s|^$top/||")" -lssl -lcrypto
}

# packages_behind PROGRAM...: Debian packages of what they link to, as this
# machine has it, and of the TPM's driver, which is opened by name.
packages_behind()
{
    {
        echo libtss2-tcti-device.so.0
        for program do
            needed_by "$program"
        done
    } | sort -u | while read -r need; do
        dpkg-query -S "*/$need" 2>/dev/null | sed -n 's/:.*//p' | head -n 1
    done | sort -u
}
