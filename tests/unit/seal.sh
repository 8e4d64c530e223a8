#!/bin/sh
# SPDX-License-Identifier: MIT
# What lib/seal.c seals for an EK and PCR values, imported and unsealed by the
# vTPM program under tpm2-tools.
# shellcheck disable=SC2317,SC2154 # called through check; set by vtpm-lib.sh
# shellcheck disable=SC2016 # eval expands
set -u

seal=$(cd "${G_TEST_BUILDDIR:-.}" && pwd)/tests/unit/seal-data
# shellcheck source=tests/unit/vtpm-lib.sh
. "${G_TEST_SRCDIR:-.}/tests/unit/vtpm-lib.sh"

# by_ek COMMAND...: with a session that the EK's policy holds for
by_ek()
{
    tpm2_startauthsession --policy-session -S session &&
        tpm2_policysecret -S session -c e || return
    status=0
    "$@" -C ek.ctx -P session:session || status=$?
    tpm2_flushcontext session
    return "$status"
}
import()
{
    tpm2_flushcontext -t && by_ek tpm2_import -i "$1" -u object.pub \
        -s object.seed -r object.priv &&
        by_ek tpm2_load -u object.pub -r object.priv -c object.ctx
}
# unseal PCRS
unseal()
{
    tpm2_startauthsession --policy-session -S session || return
    status=0
    { tpm2_policypcr -S session -l "sha256:$1" &&
        tpm2_unseal -c object.ctx -p session:session -o unsealed; } || status=$?
    tpm2_flushcontext session
    return "$status"
}
# pcr NUMBER: NUMBER=HEX, as seal-data takes it
pcr()
{
    printf '%s=%s' "$1" "$(tpm2_pcrread "sha256:$1" -o pcr.bin >&2 &&
        od -An -v -tx1 pcr.bin | tr -d ' \n')"
}
said()
{
    text=$1
    shift
    ! "$@" 2>said && cat said && grep -q "$text" said
}

power_on one
check "startup" tpm2_startup -c
check "a key" tpm2_createek -G rsa -c ek.ctx -u ek.pub
head -c 32 /dev/urandom >data
check "PCR 5 and 7 are extended" tpm2_pcrextend \
    5:sha256="$(printf '55%.0s' $(seq 32))" 7:sha256="$(printf '77%.0s' $(seq 32))"
check "32 bytes are sealed to PCRs 0, 5 and 7" eval '"$seal" ek.pub data \
    object.pub object.dup object.seed "$(pcr 0)" "$(pcr 5)" "$(pcr 7)"'
check "the TPM imports them" import object.dup
check "and unseals them" eval 'unseal 0,5,7 && cmp data unsealed'
check "not to an empty password" refused tpm2_unseal -c object.ctx
check "not to other PCRs" refused unseal 0,5
check "still to these" eval 'unseal 0,5,7 && cmp data unsealed'
check "PCR 8 is extended" tpm2_pcrextend 8:sha256="$(printf '88%.0s' $(seq 32))"
check "which does not matter" eval 'unseal 0,5,7 && cmp data unsealed'
check "PCR 7 is extended" tpm2_pcrextend 7:sha256="$(printf '88%.0s' $(seq 32))"
check "and nothing is unsealed" refused unseal 0,5,7

head -c 128 /dev/urandom >data
check "128 bytes are sealed to another value of PCR 7" eval '"$seal" ek.pub \
    data object.pub object.dup object.seed "$(pcr 7)"'
check "and unsealed" eval 'import object.dup && unseal 7 && cmp data unsealed'
check "32 bytes are sealed to PCR 9, which is zero" eval '"$seal" ek.pub data \
    object.pub object.dup object.seed "$(pcr 9)" && import object.dup'
check "PCR 10 of the same value does not do" refused unseal 10
check "PCR 9 does" eval 'unseal 9 && cmp data unsealed'
cp object.dup changed.dup
printf x | dd of=changed.dup bs=1 seek=60 conv=notrunc status=none
check "a changed duplicate is not imported" refused import changed.dup
check "the unchanged one is" import object.dup
head -c 129 /dev/zero >long
: >none
check "129 bytes are refused" said '1 to 128 bytes can be sealed, not 129' \
    "$seal" ek.pub long a b c "0=$(printf '00%.0s' $(seq 32))"
check "no byte is refused" said '1 to 128 bytes can be sealed, not 0' \
    "$seal" ek.pub none a b c "0=$(printf '00%.0s' $(seq 32))"
check "no PCR is refused" said 'sealing needs PCRs' "$seal" ek.pub data a b c
power_off

power_on two
check "another TPM" eval 'tpm2_startup -c &&
    tpm2_createek -G rsa -c ek.ctx -u other.pub'
check "does not import it" refused import object.dup
power_off

finish
