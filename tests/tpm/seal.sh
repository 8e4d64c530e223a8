# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2016,SC2317 # eval, and functions called, by check
# Sealing; import and duplication of keys; a key for a disk.

check "storage key" tpm2_createprimary -Q -C o -G ecc -c srk.ctx
# sealed SIZE
sealed()
{
    tpm2_getrandom -o random 32 && : >secret
    while [ "$(wc -c <secret)" -lt "$1" ]; do
        cat random >>secret
    done
    head -c "$1" secret >part && tpm2_create -Q -C srk.ctx -i part \
        -u seal.pub -r seal.priv &&
        tpm2_load -Q -C srk.ctx -u seal.pub -r seal.priv -c seal.ctx &&
        tpm2_unseal -Q -c seal.ctx -o unsealed && cmp part unsealed
}
check "1 byte is sealed" sealed 1
check "128 bytes, the most, are sealed" sealed 128
check "129 are refused" refused sealed 129
check "a sealed object does not load under another parent" eval \
    'tpm2_createprimary -Q -C o -G rsa -c other.ctx && sealed 32 &&
    refuses 0x1DF tpm2_load -Q -C other.ctx -u seal.pub -r seal.priv -c x.ctx'
wrong_password()
{
    printf secret | tpm2_create -Q -C srk.ctx -i- -p right -u w.pub \
        -r w.priv -a 'fixedtpm|fixedparent|userwithauth|noda' &&
        tpm2_load -Q -C srk.ctx -u w.pub -r w.priv -c w.ctx &&
        refuses 0x9A2 tpm2_unseal -Q -c w.ctx -p wrong &&
        prints secret tpm2_unseal -c w.ctx -p right
}
check "the password opens, another does not" wrong_password

# The raw key is 32 bytes that a tool outside might have made.
import_symmetric()
{
    tpm2_getrandom -o outside 16 && tpm2_import -Q -C srk.ctx -G aes \
        -i outside -u i.pub -r i.priv &&
        tpm2_load -Q -C srk.ctx -u i.pub -r i.priv -c i.ctx &&
        tpm2_getrandom -o iv 16 && printf 'sixteen letters.' >text &&
        tpm2_encryptdecrypt -Q -c i.ctx -t iv -o cipher text &&
        tpm2_encryptdecrypt -Q -d -c i.ctx -t iv -o plain cipher &&
        cmp text plain
}
check "a symmetric key from outside is imported" import_symmetric

# From one parent to another, both here; the policy names the command.
duplicate()
{
    tpm2_startauthsession -Q -S trial.ctx &&
        tpm2_policycommandcode -Q -S trial.ctx -L dup.policy \
            TPM2_CC_Duplicate && tpm2_flushcontext trial.ctx &&
        tpm2_create -Q -C srk.ctx -G ecc -p moved -L dup.policy -u d.pub \
            -r d.priv -a 'sensitivedataorigin|userwithauth|decrypt|sign' &&
        tpm2_load -Q -C srk.ctx -u d.pub -r d.priv -c d.ctx &&
        tpm2_create -Q -C other.ctx -G ecc -u np.pub -r np.priv -a \
            'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt' &&
        tpm2_load -Q -C other.ctx -u np.pub -r np.priv -c np.ctx &&
        tpm2_startauthsession -Q --policy-session -S policy.ctx &&
        tpm2_policycommandcode -Q -S policy.ctx TPM2_CC_Duplicate &&
        tpm2_duplicate -Q -C np.ctx -c d.ctx -G null \
            -p session:policy.ctx -r dup.priv -s dup.seed &&
        tpm2_flushcontext policy.ctx &&
        tpm2_import -Q -C np.ctx -u d.pub -i dup.priv -r moved.priv \
            -s dup.seed -L dup.policy &&
        tpm2_load -Q -C np.ctx -u d.pub -r moved.priv -c moved.ctx &&
        echo message >message &&
        tpm2_sign -Q -c moved.ctx -p moved -o sig message &&
        tpm2_verifysignature -Q -c d.ctx -m message -s sig
}
check "a key moves to another parent and signs there" duplicate
check "a changed seed is refused" eval \
    'cp dup.seed bad.seed && printf x |
    dd of=bad.seed bs=1 seek=40 conv=notrunc 2>/dev/null &&
    refused tpm2_import -Q -C np.ctx -u d.pub -i dup.priv -r x.priv \
    -s bad.seed -L dup.policy'
check "a key that is fixed to its parent does not move" eval \
    'tpm2_create -Q -C srk.ctx -G ecc -L dup.policy -u f.pub -r f.priv &&
    tpm2_load -Q -C srk.ctx -u f.pub -r f.priv -c f.ctx &&
    tpm2_startauthsession -Q --policy-session -S policy.ctx &&
    tpm2_policycommandcode -Q -S policy.ctx TPM2_CC_Duplicate &&
    { refused tpm2_duplicate -Q -C np.ctx -c f.ctx -G null \
        -p session:policy.ctx -r x.priv -s x.seed; s=$?;
    tpm2_flushcontext policy.ctx; [ $s = 0 ]; }'
