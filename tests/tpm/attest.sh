# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2016,SC2317 # eval, and functions called, by check
# Attestation: quotes, certified keys and creation, signed time, credentials.

attester='fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign'
check "attestation key" tpm2_createprimary -Q -C e -G ecc:ecdsa-sha256:null \
    -c ak.ctx -a "$attester"
check "its public part" tpm2_readpublic -Q -c ak.ctx -o ak.pub
# quoted NONCE
quoted()
{
    tpm2_quote -Q -c ak.ctx -l sha256:0,7,23 -q abcdef -m q.msg -s q.sig \
        -o q.pcrs -g sha256 &&
        tpm2_checkquote -Q -u ak.pub -m q.msg -s q.sig -f q.pcrs -q "$1"
}
check "a quote verifies" quoted abcdef
check "not for another nonce" refused quoted abcdee
check "nor with one byte changed" eval 'quoted abcdef && printf x |
    dd of=q.msg bs=1 seek=50 conv=notrunc 2>/dev/null &&
    refused tpm2_checkquote -Q -u ak.pub -m q.msg -s q.sig -f q.pcrs -q abcdef'
# names FILE NAME_FILE: the attestation has the name in it
names()
{
    xxd -p "$1" | tr -d '\n' | grep -q "$(xxd -p -c 100 "$2")"
}
certified()
{
    tpm2_createprimary -Q -C o -G ecc -c srk.ctx &&
        tpm2_create -Q -C srk.ctx -G rsa -u c.pub -r c.priv \
            -d c.hash -t c.ticket &&
        tpm2_load -Q -C srk.ctx -u c.pub -r c.priv -c c.ctx &&
        tpm2_readpublic -Q -c c.ctx -n c.name &&
        tpm2_certify -Q -c c.ctx -C ak.ctx -g sha256 -o c.attest -s c.sig &&
        tpm2_verifysignature -Q -c ak.ctx -m c.attest -s c.sig &&
        names c.attest c.name
}
check "a key is certified" certified
creation()
{
    tpm2_certifycreation -Q -C ak.ctx -c c.ctx -d c.hash -t c.ticket \
        -g sha256 -o n.sig --attestation n.attest &&
        tpm2_verifysignature -Q -c ak.ctx -m n.attest -s n.sig &&
        names n.attest c.name
}
check "its creation is certified" creation
check "not with another creation hash" eval \
    'printf %064d 7 | xxd -r -p >x.hash && refuses 0x4E0 \
    tpm2_certifycreation -Q -C ak.ctx -c c.ctx -d x.hash -t c.ticket \
    -g sha256 -o x.sig --attestation x.attest'
check "an attestation key signs nothing else that looks like one" eval \
    'refused tpm2_sign -Q -c ak.ctx -o x.sig c.attest'
signed_time()
{
    tpm2_gettime -Q -c ak.ctx -q abcd -o t.sig --attestation t.attest &&
        tpm2_verifysignature -Q -c ak.ctx -m t.attest -s t.sig
}
check "time is signed" signed_time

credential()
{
    tpm2_createek -Q -G "$1" -c ek.ctx -u ek.pub &&
        tpm2_createak -Q -C ek.ctx -G ecc -g sha256 -s ecdsa -c cak.ctx \
            -u cak.pub -n cak.name && echo 'a secret' >secret &&
        tpm2_makecredential -Q -u ek.pub -s secret \
            -n "$(xxd -p -c 100 cak.name)" -o credential &&
        activate && cmp secret activated
}
activate()
{
    tpm2_startauthsession -Q --policy-session -S policy.ctx &&
        tpm2_policysecret -Q -S policy.ctx -c e || return 1
    status=0
    tpm2_activatecredential -Q -c cak.ctx -C ek.ctx -i credential \
        -o activated -P session:policy.ctx || status=1
    tpm2_flushcontext policy.ctx
    return "$status"
}
check "RSA: a credential for this key is opened" credential rsa
check "ECC: a credential for this key is opened" credential ecc
check "one for another key is not" eval \
    'tpm2_makecredential -Q -u ek.pub -s secret \
    -n "000b$(printf %064d 1)" -o credential && refused activate'
