#!/bin/sh
# SPDX-License-Identifier: MIT
# Google's go-sev-guest: on a report and certificates of an emulated chip, and
# against the local key server.
set -u
# shellcheck source=tests/interop/interop.sh
. "${G_TEST_SRCDIR:?}/tests/interop/interop.sh"
need go "Debian package golang-go, or another Go"
# The module must be in Go's cache: nothing is fetched here.
cp "$source_dir"/tests/interop/go/* "$work"
(cd "$work" && GOPROXY=off GOFLAGS=-mod=mod GONOSUMDB='*' \
    timeout 200 go build -o interop . >out 2>&1) || {
    sed 's/^/# /' "$work/out"
    grep -q -e 'GOPROXY=off' -e 'module lookup disabled' "$work/out" &&
        skip_all "go-sev-guest is not in Go's module cache; docs/interop.md"
    skip_all "the Go program does not compile here"
}
one_chip
cp "$work/report" "$work/certs"
mkfifo "$work/url"
"$evtpm" kds --chip "$work/chip" --listen 127.0.0.1:0 >"$work/url" &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
read -r url <"$work/url"
"$work/interop" "$work/certs" "$url"
