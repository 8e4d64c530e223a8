#!/bin/sh
# SPDX-License-Identifier: MIT
# ID blocks: those that snpguest and sev-snp-measure make are taken for a file,
# the keys' digests are equal.
set -u
# shellcheck source=tests/interop/interop.sh
. "${G_TEST_SRCDIR:?}/tests/interop/interop.sh"
command -v snpguest >/dev/null || command -v snp-create-id-block >/dev/null ||
    skip_all "neither snpguest (cargo) nor sev-snp-measure (pip); docs/interop.md"
cd "$work" || exit 1

# build ARGUMENT...: the smallest file of ours.
build()
{
    "$evtpm" igvm build --no-firmware --no-vtpm "$@"
}

digest=$(build -o new.igvm | cut -d' ' -f1)
"$evtpm" id-block --igvm new.igvm --id-key id.pem --author-key author.pem \
    --make-keys -o ours >ours.txt || exit 1
accepted "our own block" build -o new.igvm --id-block ours.id-block --id-auth ours.id-auth

if command -v snpguest >/dev/null; then
    same "snpguest: digest of the ID key" \
        "0x$(sed -n 's/^ID key digest *//p' ours.txt)" \
        "$(snpguest generate key-digest id.pem)"
    snpguest generate id-block id.pem author.pem "0x$digest" \
        --policy 0x30000 -i theirs.id-block -a theirs.id-auth >out 2>&1
    accepted "snpguest's block" \
        build -o new.igvm --id-block theirs.id-block --id-auth theirs.id-auth
    same "snpguest: the block itself" "$(cat ours.id-block)" \
        "$(cat theirs.id-block)"
    snpguest generate id-block id.pem author.pem "0x0${digest#?}" \
        --policy 0x30000 -i wrong.id-block -a wrong.id-auth >out 2>&1
    refused "snpguest's block for another digest" \
        build -o new.igvm --id-block wrong.id-block --id-auth wrong.id-auth
    refused "signatures of another block" \
        build -o new.igvm --id-block theirs.id-block --id-auth wrong.id-auth
fi
if command -v snp-create-id-block >/dev/null; then
    snp-create-id-block --measurement "$(printf '%s' "$digest" |
        sed 's/../\\x&/g' | xargs -0 printf '%b' | base64 -w0)" \
        --idkey id.pem --authorkey author.pem >made.txt 2>&1
    # "id-block=BASE64,id-auth=BASE64", then digests of the keys
    tr ',' '\n' <made.txt >lines.txt
    sed -n 's/^id-block=//p' lines.txt >made.id-block
    sed -n 's/^id-auth=//p' lines.txt >made.id-auth
    accepted "sev-snp-measure's block" \
        build -o new.igvm --id-block made.id-block --id-auth made.id-auth
    same "sev-snp-measure: the block itself" "$(cat ours.id-block)" \
        "$(cat made.id-block)"
fi
finish
