# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2317 # functions are called through check
# Sessions: HMAC, bound and salted ones, policies, audit, encrypted parameters.

check "key for sessions" eval 'tpm2_createprimary -Q -C o -G ecc -c srk.ctx &&
    tpm2_create -Q -C srk.ctx -G ecc -p secret -u s.pub -r s.priv &&
    tpm2_load -Q -C srk.ctx -u s.pub -r s.priv -c s.ctx'
echo message >message

# session OPTION...: starts one in session.ctx
session()
{
    tpm2_startauthsession -Q -S session.ctx "$@"
}
# used COMMAND...: with session.ctx, which goes whatever comes
used()
{
    status=0
    "$@" || status=$?
    tpm2_flushcontext session.ctx >/dev/null 2>&1 || :
    return "$status"
}
hmac_session()
{
    session --hmac-session &&
        used tpm2_sign -Q -c s.ctx -p session:session.ctx+secret -o sig message
}
check "an HMAC session authorizes" hmac_session
wrong_hmac()
{
    session --hmac-session &&
        used refuses 0x98E tpm2_sign -Q -c s.ctx \
            -p session:session.ctx+other -o sig message
}
check "an HMAC session with another password does not" wrong_hmac
salted()
{
    session --hmac-session --tpmkey-context srk.ctx &&
        used tpm2_sign -Q -c s.ctx -p session:session.ctx+secret -o sig message
}
check "a session that is salted" salted
bound()
{
    session --hmac-session --bind-context s.ctx --bind-auth secret &&
        used tpm2_sign -Q -c s.ctx -p session:session.ctx+secret -o sig message
}
check "a session that is bound to the key" bound
encrypted()
{
    session --hmac-session --tpmkey-context srk.ctx &&
        tpm2_sessionconfig -Q session.ctx --enable-encrypt --enable-decrypt &&
        used tpm2_getrandom -Q -S session.ctx -o random 32 &&
        [ "$(wc -c <random)" -eq 32 ]
}
check "encrypted parameters: random numbers" encrypted
encrypted_secret()
{
    echo 'not for the bus' >secret
    session --hmac-session --tpmkey-context srk.ctx &&
        tpm2_sessionconfig -Q session.ctx --enable-encrypt --enable-decrypt &&
        tpm2_create -Q -C srk.ctx -P session:session.ctx -i secret \
            -u e.pub -r e.priv &&
        used tpm2_load -Q -C srk.ctx -u e.pub -r e.priv -c e.ctx &&
        tpm2_unseal -Q -c e.ctx -o unsealed && cmp secret unsealed
}
check "encrypted parameters: a secret" encrypted_secret
audited()
{
    session --audit-session && tpm2_sessionconfig -Q session.ctx \
        --enable-audit &&
        tpm2_getrandom -Q -S session.ctx --cphash cp --rphash rp -o random 8 &&
        tpm2_createprimary -Q -C e -G ecc:ecdsa-sha256:null -c audit.ctx \
            -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign' &&
        used tpm2_getsessionauditdigest -Q -c audit.ctx -m audit.msg \
            -s audit.sig -S session.ctx &&
        tpm2_verifysignature -Q -c audit.ctx -m audit.msg -s audit.sig
}
check "an audit session's digest is signed" audited
unknown_session()
{
    session --hmac-session && cp session.ctx gone.ctx &&
        tpm2_flushcontext session.ctx &&
        refused tpm2_sign -Q -c s.ctx -p session:gone.ctx+secret -o sig message
}
check "a session that was flushed is no more" unknown_session

# policy FILE COMMAND...: what a trial session says that COMMAND comes to
policy()
{
    into=$1
    shift
    tpm2_startauthsession -Q -S trial.ctx && "$@" -S trial.ctx -L "$into" &&
        tpm2_flushcontext trial.ctx
}
policy_secret()
{
    policy secret.policy tpm2_policysecret -Q -c o &&
        policy authvalue.policy tpm2_policyauthvalue -Q &&
        policy password.policy tpm2_policypassword -Q &&
        policy command.policy tpm2_policycommandcode -Q TPM2_CC_Sign || return 1
    # TPM2_PolicyPassword is to give the digest of TPM2_PolicyAuthValue
    cmp authvalue.policy password.policy && ! cmp -s secret.policy command.policy
}
check "policies have digests" policy_secret
with_command_policy()
{
    tpm2_create -Q -C srk.ctx -G ecc -L command.policy -u c.pub -r c.priv \
        -a 'fixedtpm|fixedparent|sensitivedataorigin|sign' &&
        tpm2_load -Q -C srk.ctx -u c.pub -r c.priv -c c.ctx &&
        session --policy-session &&
        tpm2_policycommandcode -Q -S session.ctx TPM2_CC_Sign &&
        used tpm2_sign -Q -c c.ctx -p session:session.ctx -o sig message
}
check "a policy for one command lets that one pass" with_command_policy
other_command()
{
    session --policy-session &&
        tpm2_policycommandcode -Q -S session.ctx TPM2_CC_Certify &&
        used refuses 0x99D tpm2_sign -Q -c c.ctx -p session:session.ctx \
            -o sig message
}
check "a policy for another command does not" other_command
check "the key's password is no way around the policy" refused \
    tpm2_sign -Q -c c.ctx -o sig message

policy_or()
{
    policy or.policy tpm2_policyor -Q -l sha256:command.policy,secret.policy &&
        tpm2_create -Q -C srk.ctx -G ecc -L or.policy -u o.pub -r o.priv \
            -a 'fixedtpm|fixedparent|sensitivedataorigin|sign' &&
        tpm2_load -Q -C srk.ctx -u o.pub -r o.priv -c o.ctx &&
        session --policy-session &&
        tpm2_policysecret -Q -S session.ctx -c o &&
        tpm2_policyor -Q -S session.ctx \
            -l sha256:command.policy,secret.policy &&
        used tpm2_sign -Q -c o.ctx -p session:session.ctx -o sig message
}
check "one branch of a policy suffices" policy_or
policy_or_none()
{
    session --policy-session &&
        tpm2_policyauthvalue -Q -S session.ctx &&
        used refuses 0x1C4 tpm2_policyor -Q -S session.ctx \
            -l sha256:command.policy,secret.policy
}
check "none of the branches does not" policy_or_none
policy_signed()
{
    tpm2_createprimary -Q -C o -G ecc:ecdsa-sha256:null -c signer.ctx \
        -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign' &&
        session --policy-session && : >qualifier &&
        printf '\000\000\000\000' >to-sign &&
        tpm2_sign -Q -c signer.ctx -o signed.sig to-sign &&
        used tpm2_policysigned -Q -S session.ctx -c signer.ctx -g sha256 \
            -s signed.sig -L signed.policy &&
        [ "$(wc -c <signed.policy)" -eq 32 ]
}
check "a policy that somebody signs" policy_signed
policy_signed_other()
{
    printf '\000\000\000\001' >to-sign &&
        tpm2_sign -Q -c signer.ctx -o signed.sig to-sign &&
        session --policy-session && used refused tpm2_policysigned -Q \
            -S session.ctx -c signer.ctx -g sha256 -s signed.sig
}
check "a signature of something else is refused" policy_signed_other
