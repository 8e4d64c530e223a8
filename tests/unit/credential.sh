#!/bin/sh
# SPDX-License-Identifier: MIT
# Credentials that lib/credential.c makes, opened by the vTPM program.
# shellcheck disable=SC2317,SC2154 # called through check; set by vtpm-lib.sh
# shellcheck disable=SC2016 # eval expands
set -u

make=$(cd "${G_TEST_BUILDDIR:-.}" && pwd)/tests/unit/make-credential
# shellcheck source=tests/unit/vtpm-lib.sh
. "${G_TEST_SRCDIR:-.}/tests/unit/vtpm-lib.sh"

# activate CREDENTIAL OUT: by the EK, for the key ak.ctx
activate()
{
    tpm2_flushcontext -t &&
        tpm2_startauthsession --policy-session -S session &&
        tpm2_policysecret -S session -c e || return
    status=0
    tpm2_activatecredential -c "${3-ak.ctx}" -C ek.ctx -i "$1" -o "$2" \
        -P session:session || status=$?
    tpm2_flushcontext session
    return "$status"
}
opens()
{
    rm -f returned
    activate "$1" returned && cmp "$2" returned
}
# flip FILE OFFSET: one bit
flip()
{
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    {
        head -c "$2" "$1"
        # shellcheck disable=SC2059 # an octal escape
        printf "\\$(printf %03o $((byte ^ 1)))"
        tail -c +$(($2 + 2)) "$1"
    } >flipped
}
flip_refused()
{
    flip credential "$1"
    ! activate flipped returned
}

power_on one
check "startup" tpm2_startup -c
check "keys" eval 'tpm2_createek -G rsa -c ek.ctx -u ek.pub &&
    tpm2_createak -C ek.ctx -c ak.ctx -u ak.pub -n ak.name -G ecc -s ecdsa \
        -g sha256 &&
    tpm2_createak -C ek.ctx -c other.ctx -u other.pub -n other.name -G ecc \
        -s ecdsa -g sha256'
head -c 32 /dev/urandom >secret
head -c 1 /dev/urandom >short
check "32 bytes are protected" "$make" ek.pub ak.name secret credential
check "the TPM opens them" opens credential secret
check "1 byte is protected" "$make" ek.pub ak.name short credential.short
check "the TPM opens it" opens credential.short short
check "the file is as long as tpm2_makecredential's" eval \
    'tpm2_makecredential -T none -u ek.pub -s secret \
        -n "$(od -An -tx1 -v ak.name | tr -d " \n")" -o theirs &&
    [ "$(wc -c <credential)" -eq "$(wc -c <theirs)" ]'
check "theirs is opened too" opens theirs secret
check "not for another key of the same TPM" \
    refused activate credential returned other.ctx
# magic 4, version 4, size 2, HMAC 2 + 32, ciphertext 34, size 2, seed 256
check "a bit of the HMAC" flip_refused 12
check "a bit of the ciphertext" flip_refused 50
check "a bit of the seed" flip_refused 200
check "unflipped, it is opened again" opens credential secret

# Another name algorithm, key size and cipher than the default template's
check "a larger key" eval 'tpm2_flushcontext -t &&
    tpm2_createprimary -C e -g sha384 -G rsa3072:aes256cfb -c large.ctx \
        -a "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt" &&
    tpm2_readpublic -c large.ctx -o large.pub'
head -c 48 /dev/urandom >secret48
check "48 bytes are protected" "$make" large.pub ak.name secret48 large
check "the TPM opens them by that key" eval \
    'tpm2_activatecredential -c ak.ctx -C large.ctx -i large -o returned &&
        cmp secret48 returned'
power_off

power_on two
check "another TPM" eval 'tpm2_startup -c && tpm2_createek -G rsa -c ek.ctx \
    -u ek2.pub && tpm2_createak -C ek.ctx -c ak.ctx -u ak2.pub -n ak2.name \
    -G ecc -s ecdsa -g sha256'
check "does not open it" refused activate credential returned
check "and opens its own" eval '"$make" ek2.pub ak2.name secret own &&
    opens own secret'
power_off

finish
