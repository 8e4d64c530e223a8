#!/bin/sh
# SPDX-License-Identifier: MIT
# The vTPM program under tpm2-tools: what people and the guest will use on it.
# shellcheck disable=SC2317,SC2154 # called through check; set by vtpm-lib.sh
set -u

# shellcheck source=tests/unit/vtpm-lib.sh
. "${G_TEST_SRCDIR:-.}/tests/unit/vtpm-lib.sh"

# Without a relay: each tool has a TPM of its own.
check "cmd: transport starts the program" \
    tpm2_startup -c -T "cmd:$program"
check "a TPM that was not started up gives no random numbers" \
    refused tpm2_getrandom 8 -T "cmd:$program"

power_on "$work/one"
check "startup" tpm2_startup -c
check "random numbers" tpm2_getrandom -o random 32
check "RSA endorsement key" \
    tpm2_createek -G rsa -c ek.ctx -u ek.pub -f tpmt
check "ECC endorsement key" \
    tpm2_createek -G ecc -c ecc.ctx -u ecc.pub -f tpmt
control 001 324 told-rsa.pub
control 002 132 told-ecc.pub
check "the SVSM's frame tells the RSA key of createek" same ek.pub told-rsa.pub
check "the SVSM's frame tells the ECC key of createek" same ecc.pub told-ecc.pub

check "attestation key" \
    tpm2_createak -C ek.ctx -c ak.ctx -u ak.pub -n ak.name -G rsa -s rsassa \
    -g sha256
check "PCRs extend" \
    tpm2_pcrextend "16:sha256=$(printf %064d 0)"
check "quote" \
    tpm2_quote -c ak.ctx -l sha256:0,16 -q abcd -m quote -s signature -o pcrs
check "the quote verifies" \
    tpm2_checkquote -u ak.pub -m quote -s signature -f pcrs -q abcd
check "the quote does not verify for another nonce" \
    refused tpm2_checkquote -u ak.pub -m quote -s signature -f pcrs -q abce

echo secret >secret
check "seal" eval 'tpm2_createprimary -C o -c primary.ctx &&
    tpm2_create -C primary.ctx -i secret -u seal.pub -r seal.priv'
check "unseal" eval 'tpm2_load -C primary.ctx -u seal.pub -r seal.priv \
    -c seal.ctx && tpm2_unseal -c seal.ctx -o unsealed && cmp secret unsealed'
check "NV index" eval 'tpm2_nvdefine 0x1500001 -s 7 &&
    tpm2_nvwrite 0x1500001 -i secret && tpm2_nvread 0x1500001 -o nv &&
    cmp secret nv'
check "persistent handle" \
    tpm2_evictcontrol -C o -c primary.ctx 0x81000001

# Powered off and on: another TPM. The controls for each line are above.
check "the program ends with its input, without error" power_off
power_on "$work/two"
check "startup of the second TPM" tpm2_startup -c
check "its endorsement key" tpm2_createek -G rsa -c ek2.ctx -u ek2.pub -f tpmt
check "its endorsement key is another" different ek.pub ek2.pub
check "the NV index is gone" refused tpm2_nvread 0x1500001
check "the persistent handle is gone" refused tpm2_readpublic -c 0x81000001
check "the sealed object does not load" eval \
    'tpm2_createprimary -C o -c primary2.ctx &&
     ! tpm2_load -C primary2.ctx -u seal.pub -r seal.priv -c seal2.ctx'
check "nothing was logged" eval '! grep . one.log two.log'

finish
