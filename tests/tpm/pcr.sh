# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2016,SC2317 # eval, and functions called, by check
# PCR banks, extends and events, and policies over PCRs.

pcr()
{
    tpm2_pcrread "$1" | sed -n 's/^ *[0-9]* *: 0x//p' | tr 'A-F' 'a-f'
}
# hashed BANK OLD NEW: what a PCR becomes
hashed()
{
    printf %s "$2$3" | xxd -r -p | "$1sum" | cut -d' ' -f1
}
# extends BANK DIGITS
extends()
{
    data=$(printf "%0$2d" 1234)
    old=$(pcr "$1:23") && tpm2_pcrextend "23:$1=$data" &&
        prints "$(hashed "$1" "$old" "$data")" pcr "$1:23"
}
for bank in sha1:40 sha256:64 sha384:96 sha512:128; do
    if [ -n "$(pcr "${bank%:*}:23")" ]; then
        check "${bank%:*}: a PCR is the hash of old and new" \
            extends "${bank%:*}" "${bank#*:}"
    fi
done
check "there is a SHA-256 bank" eval '[ -n "$(pcr sha256:23)" ]'
check "no bank extends another" eval 'old=$(pcr sha256:23) &&
    { [ -z "$(pcr sha384:23)" ] ||
        tpm2_pcrextend "23:sha384=$(printf %096d 1)"; } &&
    prints "$old" pcr sha256:23'
check "the application's PCR 23 is reset" eval 'tpm2_pcrreset -Q 23 &&
    prints "$(printf %064d 0)" pcr sha256:23'
check "PCR 16, for debugging, too" tpm2_pcrreset -Q 16
for index in 0 4 10 17; do
    check "PCR $index is not, at locality 0" refuses 0x907 \
        tpm2_pcrreset -Q "$index"
done
check "PCR 17 is not extended at locality 0" refuses 0x907 \
    tpm2_pcrextend "17:sha256=$(printf %064d 1)"
event()
{
    printf 'an event' >event && tpm2_pcrreset -Q 23 &&
        tpm2_pcrevent -Q 23 event && prints \
        "$(hashed sha256 "$(printf %064d 0)" \
            "$(sha256sum event | cut -d' ' -f1)")" pcr sha256:23
}
check "an event is hashed by the TPM" event

# The key or secret is for one value of PCR 23.
pcr_policy()
{
    tpm2_pcrreset -Q 23 && tpm2_createpolicy -Q --policy-pcr -l sha256:23 \
        -L pcr.policy && tpm2_createprimary -Q -C o -G ecc -c srk.ctx &&
        printf 'for this PCR' | tpm2_create -Q -C srk.ctx -i- -L pcr.policy \
            -a 'fixedtpm|fixedparent' -u p.pub -r p.priv &&
        tpm2_load -Q -C srk.ctx -u p.pub -r p.priv -c p.ctx &&
        prints 'for this PCR' tpm2_unseal -c p.ctx -p pcr:sha256:23
}
check "a secret is sealed to a PCR" pcr_policy
check "it stays shut without the policy" refused tpm2_unseal -c p.ctx
check "and with another value in the PCR" eval \
    'tpm2_pcrextend "23:sha256=$(printf %064d 1)" &&
    refuses 0x99D tpm2_unseal -Q -c p.ctx -p pcr:sha256:23'
check "it opens again with the value" eval 'tpm2_pcrreset -Q 23 &&
    prints "for this PCR" tpm2_unseal -c p.ctx -p pcr:sha256:23'
changed_meanwhile()
{
    tpm2_startauthsession -Q --policy-session -S policy.ctx &&
        tpm2_policypcr -Q -S policy.ctx -l sha256:23 &&
        tpm2_pcrextend "15:sha256=$(printf %064d 1)" || return 1
    status=0
    refuses 0x128 tpm2_unseal -Q -c p.ctx -p session:policy.ctx || status=1
    tpm2_flushcontext policy.ctx
    return "$status"
}
check "a policy session ends when any PCR changes" changed_meanwhile
authorized()
{
    tpm2_createprimary -Q -C o -G ecc:ecdsa -c owner.ctx \
        -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign' &&
        tpm2_readpublic -Q -c owner.ctx -n owner.name &&
        tpm2_startauthsession -Q -S trial.ctx &&
        tpm2_policyauthorize -Q -S trial.ctx -n owner.name -L auth.policy &&
        tpm2_flushcontext trial.ctx &&
        printf 'approved' | tpm2_create -Q -C srk.ctx -i- -L auth.policy \
            -a 'fixedtpm|fixedparent' -u a.pub -r a.priv &&
        tpm2_load -Q -C srk.ctx -u a.pub -r a.priv -c a.ctx &&
        tpm2_sign -Q -c owner.ctx -g sha256 -o approval pcr.policy &&
        tpm2_verifysignature -Q -c owner.ctx -g sha256 -m pcr.policy \
            -s approval -t ticket &&
        tpm2_startauthsession -Q --policy-session -S policy.ctx &&
        tpm2_policypcr -Q -S policy.ctx -l sha256:23 &&
        tpm2_policyauthorize -Q -S policy.ctx -i pcr.policy -n owner.name \
            -t ticket && prints approved tpm2_unseal -c a.ctx \
        -p session:policy.ctx && tpm2_flushcontext policy.ctx
}
check "a PCR value that somebody approved later opens as well" authorized
