#!/bin/sh
# SPDX-License-Identifier: MIT
# Launch digests of IGVM files, as the igvm crate reads and measures them.
set -u
# shellcheck source=tests/interop/interop.sh
. "${G_TEST_SRCDIR:?}/tests/interop/interop.sh"
need cargo "Debian package cargo, or another Rust of 1.85 or later"
artifacts=${EVTPM_ARTIFACTS:-$build_dir/artifacts}
# The crates must be in Cargo's cache: nothing is fetched here.
cp -r "$source_dir/tests/interop/igvm" "$work/igvm"
(cd "$work/igvm" && timeout 200 cargo build --offline \
    --target-dir "$build_dir/tests/interop/igvm-target" >"$work/out" 2>&1) || {
    sed 's/^/# /' "$work/out"
    skip_all "the igvm crate cannot be built from Cargo's cache; docs/interop.md"
}

# check TEXT ARGUMENT...: a file of ours, measured by both.
check()
{
    text=$1
    shift
    ours=$("$evtpm" igvm build -o "$work/file.igvm" "$@" | cut -d' ' -f1)
    same "$text" "$ours" \
        "$("$build_dir/tests/interop/igvm-target/debug/interop-igvm" \
            "$work/file.igvm")"
}

check "SVSM alone" --no-firmware --no-vtpm
check "SVSM and vTPM" --no-firmware
check "debugging allowed" --no-firmware --no-vtpm --policy 0xb0000
if [ -e "$artifacts/OVMF.fd" ]; then
    firmware=$artifacts/OVMF.amdsev.fd
    head -c 70000 /dev/urandom >"$work/kernel"
    check "SVSM, vTPM, firmware" --firmware "$artifacts/OVMF.fd"
    check "with kernel hashes" --firmware "$firmware" \
        --kernel "$work/kernel" --append quiet
    check "firmware alone" --no-svsm --firmware "$firmware"
    check "firmware alone with kernel hashes" --no-svsm \
        --firmware "$firmware" --kernel "$work/kernel" --append quiet
else
    echo "# no firmware: make artifacts"
fi
digest=$("$evtpm" igvm build -o "$work/plain.igvm" --no-firmware --no-vtpm |
    cut -d' ' -f1)
"$evtpm" id-block --digest "$digest" --id-key "$work/key.pem" --make-keys \
    -o "$work/id" >/dev/null
check "with an ID block" --no-firmware --no-vtpm \
    --id-block "$work/id.id-block" --id-auth "$work/id.id-auth"
same "whose digest is that of the file without it" "$digest" "$ours"
finish
