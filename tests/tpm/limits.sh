# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2016,SC2317 # eval, and functions called, by check
# Clock and counters, dictionary attack, and the pressure of many objects.

# clock FIELD
clock()
{
    tpm2_readclock | sed -n "s/^ *$1: *//p"
}
moves_on()
{
    before=$(clock time) && tpm2_getrandom -Q -o random 16 &&
        tpm2_getrandom -Q -o random 16 &&
        [ "$(clock time)" -gt "$before" ]
}
check "time moves on" moves_on
check "no reset, no restart yet" eval 'prints 0 clock restart_count'
advance()
{
    now=$(clock clock) && tpm2_setclock -Q -c o $((now + 3600000)) &&
        [ "$(clock clock)" -ge $((now + 3600000)) ]
}
check "the clock is set an hour ahead" advance
check "it is not set back" refuses 0x1C4 tpm2_setclock -Q -c o 1
check "its rate is adjusted" eval 'tpm2_clockrateadjust -Q -c o s &&
    tpm2_clockrateadjust -Q -c o f'

# lockout: three failures, then even the right password has to wait
parameters()
{
    tpm2_dictionarylockout -Q -s -n 3 -t 1000 -l 1000 &&
        tpm2_getcap properties-variable |
        sed -n 's/^ *TPM2_PT_MAX_AUTH_FAIL: *//p' | grep -qi '^0x3$'
}
check "three tries are allowed" parameters
guarded()
{
    tpm2_createprimary -Q -C o -G ecc -c srk.ctx &&
        tpm2_create -Q -C srk.ctx -G ecc -p right -u g.pub -r g.priv &&
        tpm2_load -Q -C srk.ctx -u g.pub -r g.priv -c g.ctx &&
        echo message >message && tpm2_sign -Q -c g.ctx -p right -o sig message
}
check "a guarded key" guarded
for try in 1 2 3; do
    check "wrong password $try" refuses 0x98E \
        tpm2_sign -Q -c g.ctx -p wrong -o sig message
done
check "the right one is refused now: the TPM is locked" refuses 0x921 \
    tpm2_sign -Q -c g.ctx -p right -o sig message
check "what needs no such password works on" tpm2_getrandom -Q -o random 8
check "the lockout's owner unlocks" tpm2_dictionarylockout -Q -c
check "the right password does again" \
    tpm2_sign -Q -c g.ctx -p right -o sig message

# More objects than the TPM has room for (three): saved and loaded in turn.
many_contexts()
{
    for i in 1 2 3 4 5 6 7 8; do
        tpm2_createprimary -Q -C o -G "ecc256:ecdsa" -c "many$i.ctx" \
            -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign' \
            || return 1
    done
    for i in 8 3 5 1 7 2 6 4; do
        tpm2_sign -Q -c "many$i.ctx" -o many.sig message &&
            tpm2_verifysignature -Q -c many1.ctx -m message -s many.sig ||
            return 1
    done
}
check "eight saved keys are used in any order" many_contexts
check "a saved context with one byte changed is refused" eval \
    'printf x | dd of=many8.ctx bs=1 seek=80 conv=notrunc 2>/dev/null &&
    refused tpm2_sign -Q -c many8.ctx -o many.sig message'
many_sessions()
{
    for i in 1 2 3 4 5 6 7 8; do
        tpm2_startauthsession -Q --policy-session -S "session$i" || return 1
    done
    for i in 1 2 3 4 5 6 7 8; do
        tpm2_flushcontext "session$i" || return 1
    done
}
check "eight sessions at once" many_sessions

# at_once COUNT: clients that seal and unseal, each its own
client()
{
    mkdir -p "client$1" && cd "client$1" && i=0
    while [ "$i" -lt 3 ]; do
        printf '%s' "client $1, round $i" >in
        tpm2_createprimary -Q -C o -G ecc -c p.ctx &&
            tpm2_create -Q -C p.ctx -i in -u s.pub -r s.priv &&
            tpm2_load -Q -C p.ctx -u s.pub -r s.priv -c s.ctx &&
            tpm2_unseal -Q -c s.ctx -o out && cmp in out || return 1
        i=$((i + 1))
    done
    touch finished
}
at_once()
{
    clients=
    for c in 1 2 3 4; do
        (client "$c") &
        clients="$clients $!"
    done
    # shellcheck disable=SC2086 # a list; and the TPM may be a child, too
    wait $clients
    [ "$(find client? -name finished | wc -l)" -eq 4 ]
}
check "four clients at once, each gets its own secrets" at_once
