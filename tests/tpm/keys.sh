# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2317 # functions are called through check
# RSA, ECC, keyed hash and symmetric keys: made, loaded, used, and each use
# undone or checked by another command.

printf 'a message that is signed\n' >message
printf 'another message that is not\n' >other
check "storage key" tpm2_createprimary -Q -C o -G ecc -c srk.ctx

# child NAME ALGORITHM [OPTION...]: under the storage key, loaded
child()
{
    child=$1
    algorithm=$2
    shift 2
    tpm2_create -Q -C srk.ctx -G "$algorithm" -u "$child.pub" \
        -r "$child.priv" "$@" &&
        tpm2_load -Q -C srk.ctx -u "$child.pub" -r "$child.priv" \
            -c "$child.ctx"
}
# signs NAME HASH SCHEME
signs()
{
    tpm2_sign -Q -c "$1.ctx" -g "$2" -s "$3" -o "$1.sig" message &&
        tpm2_verifysignature -Q -c "$1.ctx" -g "$2" -m message -s "$1.sig" &&
        refuses 0x2DB tpm2_verifysignature -Q -c "$1.ctx" -g "$2" \
            -m other -s "$1.sig"
}
check "RSA-2048 key" child rsa rsa2048
check "RSA signs by RSASSA" signs rsa sha256 rsassa
check "RSA signs by RSAPSS" signs rsa sha256 rsapss
check "RSA signs SHA-384" signs rsa sha384 rsassa
check "P-256 key" child p256 ecc256
check "P-256 signs" signs p256 sha256 ecdsa
check "P-384 key" child p384 ecc384
check "P-384 signs SHA-384" signs p384 sha384 ecdsa
check "a P-256 key that signs by ECSchnorr" child schnorr ecc256:ecschnorr
check "ECSchnorr signs" signs schnorr sha256 ecschnorr
check "no RSA key of 1,000 bits" refused child x rsa1000

rsa_encrypts()
{
    tpm2_rsaencrypt -Q -c rsa.ctx -s "$1" -o cipher message &&
        ! cmp -s cipher message &&
        tpm2_rsadecrypt -Q -c rsa.ctx -s "$1" -o plain cipher &&
        cmp plain message
}
check "RSA encrypts by OAEP" rsa_encrypts oaep
check "RSA encrypts by RSAES" rsa_encrypts rsaes

key_agreement()
{
    child dh ecc256:ecdh &&
        tpm2_ecdhkeygen -Q -c dh.ctx -u dh.point -o dh.secret &&
        tpm2_ecdhzgen -Q -c dh.ctx -u dh.point -o dh.again &&
        cmp dh.secret dh.again
}
check "ECDH: both sides get the same secret" key_agreement

hmac_of_a_known_key()
{
    printf key >hmac.key
    child hmac hmac:sha256 || return 1
    tpm2_hmac -c hmac.ctx --hex message >hmac.one &&
        tpm2_hmac -c hmac.ctx --hex message >hmac.two &&
        tpm2_hmac -c hmac.ctx --hex other >hmac.three &&
        cmp hmac.one hmac.two && ! cmp -s hmac.one hmac.three &&
        [ "$(wc -c <hmac.one)" -ge 64 ]
}
check "HMAC key" hmac_of_a_known_key

# encrypts MODE: there and back, and what comes between is neither
encrypts()
{
    child "aes$1" "aes128$1" || return 1
    tpm2_getrandom -o iv 16 && tpm2_getrandom -o text 64 &&
        tpm2_encryptdecrypt -Q -c "aes$1.ctx" -t iv -o cipher text &&
        ! cmp -s cipher text &&
        tpm2_encryptdecrypt -Q -d -c "aes$1.ctx" -t iv -o plain cipher &&
        cmp plain text
}
for mode in cfb cbc ctr ofb; do
    check "AES-128 in $mode" encrypts "$mode"
done
check "AES-256 key" child aes256 aes256cfb

check "hash" eval 'tpm2_hash -Q -g sha256 -o hash message &&
    sha256sum message | cut -d" " -f1 | xxd -r -p | cmp - hash'
check "a hash of more than a command holds, by a sequence" eval \
    'dd if=/dev/zero of=long bs=1000 count=20 2>/dev/null &&
    tpm2_hash -Q -g sha512 -o hash long &&
    sha512sum long | cut -d" " -f1 | xxd -r -p | cmp - hash'

check "a key's password is asked for" eval 'child locked ecc256 -p secret &&
    refuses 0x98E tpm2_sign -Q -c locked.ctx -o x.sig message'
check "and does" tpm2_sign -Q -c locked.ctx -p secret -o x.sig message
check "the password changes" eval 'tpm2_changeauth -Q -C srk.ctx \
    -c locked.ctx -p secret -r locked2.priv secret2 &&
    tpm2_load -Q -C srk.ctx -u locked.pub -r locked2.priv -c locked2.ctx &&
    tpm2_sign -Q -c locked2.ctx -p secret2 -o x.sig message'
check "the old one does no more" refuses 0x98E \
    tpm2_sign -Q -c locked2.ctx -p secret -o x.sig message

damaged_private()
{
    cp p256.priv damaged.priv
    printf x | dd of=damaged.priv bs=1 seek=40 conv=notrunc 2>/dev/null
    refuses 0x1DF tpm2_load -Q -C srk.ctx -u p256.pub -r damaged.priv \
        -c x.ctx
}
check "a private part with one byte changed is refused" damaged_private
check "a public part of another key is refused" refuses 0x1DF \
    tpm2_load -Q -C srk.ctx -u p384.pub -r p256.priv -c x.ctx

persists()
{
    tpm2_evictcontrol -Q -C o -c p256.ctx 0x81000021 &&
        tpm2_sign -Q -c 0x81000021 -o x.sig message &&
        tpm2_verifysignature -Q -c p256.ctx -m message -s x.sig &&
        tpm2_evictcontrol -Q -C o -c 0x81000021 &&
        refuses 0x18B tpm2_readpublic -Q -c 0x81000021
}
check "a key becomes persistent, and is taken back" persists
