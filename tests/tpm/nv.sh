# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2317 # functions are called through check
# NV indices of all types (TPM 2.0 Part 2, 13.2), their locks and policies.

printf 'thirty-two bytes of NV contents.' >nv.in
both='ownerread|ownerwrite|authread|authwrite'

ordinary()
{
    tpm2_nvdefine -Q -C o -s 32 -a "$both" 0x1500040 &&
        refuses 0x14A tpm2_nvread -Q -C o -o nv.out 0x1500040 &&
        tpm2_nvwrite -Q -C o -i nv.in 0x1500040 &&
        tpm2_nvread -Q -C o -s 32 -o nv.out 0x1500040 && cmp nv.in nv.out
}
check "an ordinary index is read after it was written, not before" ordinary
partly()
{
    printf XYZ | tpm2_nvwrite -Q -C o -i- --offset 4 0x1500040 &&
        tpm2_nvread -Q -C o -s 3 --offset 4 -o nv.out 0x1500040 &&
        prints XYZ cat nv.out
}
check "a part of it" partly
check "it is not defined twice" refuses 0x14C \
    tpm2_nvdefine -Q -C o -s 32 -a "$both" 0x1500040
check "it says what it is" eval 'tpm2_nvreadpublic 0x1500040 |
    grep "size: 32"'
check "undefined, it is gone" eval 'tpm2_nvundefine -Q -C o 0x1500040 &&
    refuses 0x18B tpm2_nvread -Q -C o -o nv.out 0x1500040'

number()
{
    tpm2_nvread -Q -C o -s 8 -o nv.out "$1" && xxd -p nv.out
}
counter()
{
    tpm2_nvdefine -Q -C o -s 8 -a "$both|nt=counter" 0x1500041 &&
        refuses 0x14A tpm2_nvread -Q -C o -o nv.out 0x1500041 &&
        tpm2_nvincrement -Q -C o 0x1500041 && first=$(number 0x1500041) &&
        tpm2_nvincrement -Q -C o 0x1500041 && second=$(number 0x1500041) &&
        [ "$((0x$second))" -eq "$((0x$first + 1))" ]
}
check "a counter counts" counter
check "a counter is not written" refuses 0x82 \
    eval 'printf 12345678 | tpm2_nvwrite -Q -C o -i- 0x1500041'
counter_remembers()
{
    last=$(number 0x1500041) && tpm2_nvundefine -Q -C o 0x1500041 &&
        tpm2_nvdefine -Q -C o -s 8 -a "$both|nt=counter" 0x1500041 &&
        tpm2_nvincrement -Q -C o 0x1500041 &&
        [ "$((0x$(number 0x1500041)))" -gt "$((0x$last))" ] &&
        tpm2_nvundefine -Q -C o 0x1500041
}
check "a counter that is made again goes on above the old one" counter_remembers

bits()
{
    tpm2_nvdefine -Q -C o -s 8 -a "$both|nt=bits" 0x1500042 &&
        tpm2_nvsetbits -Q -C o -i 0x1 0x1500042 &&
        prints 0000000000000001 number 0x1500042 &&
        tpm2_nvsetbits -Q -C o -i 0x8000000000000100 0x1500042 &&
        prints 8000000000000101 number 0x1500042 &&
        tpm2_nvundefine -Q -C o 0x1500042
}
check "bits are set and stay" bits

extend()
{
    tpm2_nvdefine -Q -C o -g sha256 -a "$both|nt=extend" 0x1500043 &&
        printf one >data && tpm2_nvextend -Q -C o -i data 0x1500043 &&
        tpm2_nvread -Q -C o -s 32 -o nv.out 0x1500043 &&
        { head -c 32 /dev/zero && printf one; } | sha256sum |
        cut -d' ' -f1 | xxd -r -p | cmp - nv.out &&
        tpm2_nvundefine -Q -C o 0x1500043
}
check "an index that is extended is SHA-256(old || data)" extend

# The second half of a pin index is the limit: both are 32 bits.
pin_fail()
{
    tpm2_nvdefine -Q -C o -s 8 -p right \
        -a 'ownerread|ownerwrite|authread|no_da|nt=pinfail' 0x1500044 &&
        printf '\000\000\000\000\000\000\000\002' |
        tpm2_nvwrite -Q -C o -i- 0x1500044 || return 1
    tpm2_nvread -Q -C 0x1500044 -P right -s 8 -o nv.out 0x1500044 &&
        refuses 0x9A2 tpm2_nvread -Q -C 0x1500044 -P wrong -s 8 0x1500044 &&
        prints 0000000100000002 number 0x1500044 &&
        refuses 0x9A2 tpm2_nvread -Q -C 0x1500044 -P wrong -s 8 0x1500044 &&
        refused tpm2_nvread -Q -C 0x1500044 -P right -s 8 0x1500044 &&
        tpm2_nvundefine -Q -C o 0x1500044
}
check "PIN fail: after two failures the right one does no more" pin_fail
pin_pass()
{
    tpm2_nvdefine -Q -C o -s 8 -p right \
        -a 'ownerread|ownerwrite|authread|no_da|nt=pinpass' 0x1500045 &&
        printf '\000\000\000\000\000\000\000\002' |
        tpm2_nvwrite -Q -C o -i- 0x1500045 || return 1
    tpm2_nvread -Q -C 0x1500045 -P right -s 8 -o nv.out 0x1500045 &&
        tpm2_nvread -Q -C 0x1500045 -P right -s 8 -o nv.out 0x1500045 &&
        prints 0000000200000002 number 0x1500045 &&
        refused tpm2_nvread -Q -C 0x1500045 -P right -s 8 0x1500045 &&
        tpm2_nvundefine -Q -C o 0x1500045
}
check "PIN pass: two uses, then no more" pin_pass

locks()
{
    tpm2_nvdefine -Q -C o -s 32 \
        -a "$both|write_stclear|read_stclear" 0x1500046 &&
        tpm2_nvwrite -Q -C o -i nv.in 0x1500046 &&
        tpm2_nvwritelock -Q -C o 0x1500046 &&
        refuses 0x148 tpm2_nvwrite -Q -C o -i nv.in 0x1500046 &&
        tpm2_nvread -Q -C o -s 32 -o nv.out 0x1500046 &&
        tpm2_nvreadlock -Q -C o 0x1500046 &&
        refuses 0x148 tpm2_nvread -Q -C o -s 32 0x1500046 &&
        tpm2_nvundefine -Q -C o 0x1500046
}
check "locks: against writing, then against reading" locks
certified()
{
    tpm2_nvdefine -Q -C o -s 32 -a "$both" 0x1500047 &&
        tpm2_nvwrite -Q -C o -i nv.in 0x1500047 &&
        tpm2_createprimary -Q -C e -G ecc:ecdsa-sha256:null -c signer.ctx \
            -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign' &&
        tpm2_nvcertify -Q -C signer.ctx -c o -g sha256 -s ecdsa --size 32 \
            --attestation nv.attest -o nv.sig 0x1500047 &&
        tpm2_verifysignature -Q -c signer.ctx -m nv.attest -s nv.sig &&
        xxd -p nv.attest | tr -d '\n' | grep -q "$(xxd -p -c 64 nv.in)" &&
        tpm2_nvundefine -Q -C o 0x1500047
}
check "contents are certified" certified
unwritten()
{
    tpm2_startauthsession -Q -S trial.ctx &&
        tpm2_policynvwritten -Q -S trial.ctx -L written.policy s &&
        tpm2_flushcontext trial.ctx &&
        tpm2_nvdefine -Q -C o -s 32 -L written.policy \
            -a 'ownerwrite|policyread' 0x1500048 &&
        tpm2_nvwrite -Q -C o -i nv.in 0x1500048 &&
        refused tpm2_nvread -Q -C 0x1500048 -s 32 0x1500048 &&
        tpm2_startauthsession -Q --policy-session -S policy.ctx &&
        tpm2_policynvwritten -Q -S policy.ctx s &&
        tpm2_nvread -Q -C 0x1500048 -P session:policy.ctx -s 32 -o nv.out \
            0x1500048 && tpm2_flushcontext policy.ctx && cmp nv.in nv.out &&
        tpm2_nvundefine -Q -C o 0x1500048
}
check "a policy is the only way to read" unwritten
large()
{
    dd if=/dev/zero bs=1 count=2048 2>/dev/null | tr '\000' x >large.in &&
        tpm2_nvdefine -Q -C o -s 2048 -a "$both" 0x1500049 &&
        tpm2_nvwrite -Q -C o -i large.in 0x1500049 &&
        tpm2_nvread -Q -C o -s 2048 -o large.out 0x1500049 &&
        cmp large.in large.out && tpm2_nvundefine -Q -C o 0x1500049
}
check "2,048 bytes, the most that an index has" large
check "one byte more is refused" refuses 0x2D5 \
    tpm2_nvdefine -Q -C o -s 2049 -a "$both" 0x150004a
