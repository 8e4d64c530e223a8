# SPDX-License-Identifier: MIT
# Shared by the scripts that make disk images: unified kernel images. The caller
# has sourced common.sh and set $tmp.
# shellcheck shell=sh

# uki_section NAME FILE: objcopy's arguments, at the next free page of the
# program.
uki_section()
{
    offset=$(((offset + 0xfff) & ~0xfff))
    arguments="$arguments --add-section .$1=$2
        --change-section-vma .$1=$(printf 0x%x "$((base + offset))")"
    offset=$((offset + $(stat -c %s "$2")))
}

# unified_image STUB OSREL COMMAND_LINE KERNEL INITRD OUT: systemd's stub,
# followed by what it starts.
unified_image()
{
    base=$((0x$(objdump -p "$1" | awk '$1 == "ImageBase" { print $2 }')))
    offset=$(objdump -h "$1" | awk '
        $2 ~ /^\./ { print "0x" $4, "0x" $3 }' | while read -r vma size; do
        echo $((vma + size - base))
    done | sort -n | tail -n 1)
    # shellcheck disable=SC2154 # scratch() sets it
    printf '%s' "$3" >"$tmp/cmdline"
    arguments=
    uki_section osrel "$2"
    uki_section cmdline "$tmp/cmdline"
    uki_section linux "$4"
    uki_section initrd "$5"
    # shellcheck disable=SC2086 # a list
    objcopy $arguments "$1" "$6" || die "cannot make the UEFI program"
}

# uki_stub: systemd's, of this machine's release.
uki_stub()
{
    boot=$(first_suite systemd-boot-efi own)
    stub=$(find "$boot" -name linuxx64.efi.stub)
    [ -n "$stub" ] || die "systemd-boot-efi has no linuxx64.efi.stub"
    printf '%s\n' "$stub"
}

# fat_with_program IMAGE PROGRAM [LABEL]: a FAT file system in the file, which
# has its size; firmware starts the program. mtools mounts nothing.
fat_with_program()
{
    mtools=$(first_suite mtools own)/usr/bin
    "$mtools/mformat" -i "$1" -F -v "${3:-EVTPM}" -N 65767470 :: &&
        "$mtools/mmd" -i "$1" ::EFI ::EFI/BOOT &&
        "$mtools/mcopy" -i "$1" "$2" ::EFI/BOOT/BOOTX64.EFI
}
