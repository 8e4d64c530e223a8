#!/bin/sh
# SPDX-License-Identifier: MIT
# TLS with a key that the vTPM keeps, by OpenSSL's TPM provider.
# shellcheck disable=SC2317,SC2154 # called through check; set by vtpm-lib.sh
set -u

# shellcheck source=tests/unit/vtpm-lib.sh
. "${G_TEST_SRCDIR:-.}/tests/unit/vtpm-lib.sh"

provider='-provider tpm2 -provider default'
power_on "$work/tls"
TPM2OPENSSL_TCTI=$TPM2TOOLS_TCTI
export TPM2OPENSSL_TCTI
tpm2_startup -c
# shellcheck disable=SC2086 # a list
if ! openssl list -providers $provider >/dev/null 2>&1; then
    echo "1..0 # SKIP OpenSSL has no TPM provider (package tpm2-openssl)"
    exit 0
fi

# key NAME: in the TPM, and a certificate that it signed
key()
{
    # shellcheck disable=SC2086 # a list
    openssl genpkey $provider -propquery '?provider=tpm2' -algorithm EC \
        -pkeyopt group:P-256 -out "$1.key" &&
        openssl req $provider -propquery '?provider=tpm2' -x509 \
            -key "$1.key" -subj "/CN=$1" -days 1 -out "$1.pem" &&
        grep -q 'BEGIN TSS2 PRIVATE KEY' "$1.key"
}
# server COUNT: serves that many connections in the background
server()
{
    # Both stay open: the server ends with its input, and must be able to talk.
    mkfifo said typed
    exec 6<>typed 7<>said
    # The key is the TPM's; hashes and session keys are better made here.
    timeout 60 openssl s_server -provider default -provider tpm2 \
        -cert vtpm.pem -key vtpm.key -unix socket -naccept "$1" \
        -tls1_3 <&6 >&7 2>server.log 8>&- 9>&- &
    server=$!
    grep -m 1 -q ACCEPT <&7
}
# client CA: connects, and tells what came of it
client()
{
    echo Q | timeout 30 openssl s_client -unix socket -tls1_3 \
        -CAfile "$1.pem" -verify_return_error 2>&1 | tee client.log
}
verified()
{
    client vtpm && grep -q 'Verify return code: 0 (ok)' client.log &&
        grep -q 'New, TLSv1.3' client.log
}
unverified()
{
    client other && grep -q 'verify error:' client.log &&
        ! grep -q 'return code: 0' client.log
}

check "a key in the TPM, and its certificate" key vtpm
check "another" key other
check "a TLS server takes its key from the TPM" server 2
check "a handshake by that key" verified
check "who expects another key refuses it" unverified
wait "$server"
# The key's file is of no use to whoever has no such TPM.
power_off
power_on "$work/elsewhere"
TPM2OPENSSL_TCTI=$TPM2TOOLS_TCTI
tpm2_startup -c
# shellcheck disable=SC2086 # a list
check "in another TPM the key's file is nothing" refused openssl pkeyutl \
    $provider -propquery '?provider=tpm2' -sign -inkey vtpm.key \
    -rawin -in vtpm.pem -out signature
power_off
finish
