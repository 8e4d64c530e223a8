# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2317 # functions are called through check
# Hierarchies: seeds, authorizations, what a clear takes away. TPM_PLATFORM=closed
# says that firmware keeps the platform hierarchy to itself, as UEFI's does.

# primary HIERARCHY ALGORITHM NAME [ATTRIBUTES]
primary()
{
    tpm2_createprimary -Q -C "$1" -G "$2" -c "$3.ctx" ${4:+-a "$4"} &&
        tpm2_readpublic -Q -c "$3.ctx" -n "$3.name"
}
same_primary_again()
{
    primary o ecc owner && primary o ecc owner2 &&
        cmp owner.name owner2.name
}
hierarchies_differ()
{
    primary e ecc endorsement && primary n ecc null || return 1
    sha256sum owner.name endorsement.name null.name | cut -d' ' -f1 |
        sort -u >names
    [ "$(wc -l <names)" -eq 3 ]
}
algorithms_differ()
{
    primary o rsa rsa && primary o ecc384 ecc384 &&
        primary o ecc:ecdsa-sha256:null ecdsa 'sensitivedataorigin|userwithauth|sign' || return 1
    sha256sum owner.name rsa.name ecc384.name ecdsa.name |
        cut -d' ' -f1 | sort -u >names
    [ "$(wc -l <names)" -eq 4 ]
}
unique_is_part_of_the_seed()
{
    # 16 bits of size, then a buffer of the key's size
    { printf '\004\000abcd' && head -c 506 /dev/zero; } >unique &&
        tpm2_createprimary -Q -C o -G rsa -u unique \
        -c unique.ctx && tpm2_readpublic -Q -c unique.ctx -n unique.name &&
        ! cmp -s unique.name rsa.name
}

check "an owner primary is the same each time" same_primary_again
check "each hierarchy has its own primary" hierarchies_differ
check "RSA, P-256, P-384 and a signing template differ" algorithms_differ
check "the unique field changes the primary" unique_is_part_of_the_seed

check "the owner gets a password" tpm2_changeauth -Q -c o secret
check "the owner's password is asked for" refuses 0x9A2 \
    tpm2_createprimary -Q -C o -G ecc -c x.ctx
check "another password does not do" refuses 0x9A2 \
    tpm2_createprimary -Q -C o -P other -G ecc -c x.ctx
check "the password does" tpm2_createprimary -Q -C o -P secret -G ecc -c x.ctx
check "the owner's password goes" tpm2_changeauth -Q -c o -p secret
check "no password is asked for any more" \
    tpm2_createprimary -Q -C o -G ecc -c x.ctx

disabled_owner()
{
    tpm2_hierarchycontrol -Q -C p shEnable clear &&
        refuses 0x185 tpm2_createprimary -Q -C o -G ecc -c x.ctx
}
clear_control()
{
    tpm2_clearcontrol -Q -C p s && refuses 0x120 tpm2_clear -Q -c p &&
        tpm2_clearcontrol -Q -C p c
}
if [ "${TPM_PLATFORM-}" = closed ]; then
    check "nobody makes a platform primary" refuses 0x9A2 \
        tpm2_createprimary -Q -C p -G ecc -c x.ctx
    check "nobody switches a hierarchy off" refuses 0x9A2 \
        tpm2_hierarchycontrol -Q -C p shEnable clear
    check "nobody clears for the platform" refuses 0x9A2 tpm2_clear -Q -c p
else
    check "the platform's primary is another" eval \
        'primary p ecc platform && ! cmp -s platform.name owner.name'
    check "a hierarchy that is switched off has no primaries" disabled_owner
    check "it can be switched on again" \
        tpm2_hierarchycontrol -Q -C p shEnable set
    check "a clear that is switched off is refused" clear_control
fi
check "the owner's primary is still the same" eval \
    'primary o ecc again && cmp owner.name again.name'
check "clear" tpm2_clear -Q -c l
check "after a clear the owner's primary is another" eval \
    'primary o ecc cleared && ! cmp -s owner.name cleared.name'
check "the endorsement key stays" eval \
    'primary e ecc again && cmp endorsement.name again.name'
if [ "${TPM_PLATFORM-}" != closed ]; then
    check "the platform's key stays" eval \
        'primary p ecc again && cmp platform.name again.name'
fi
