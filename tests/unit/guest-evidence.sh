#!/bin/sh
# SPDX-License-Identifier: MIT
# evtpm-agent and images/guest/evtpm-evidence against the vTPM program. The
# kernel's report directory is played by a directory whose files are made by our
# own mkdir; the agent here is one that asks it too (play-configfs.c).
# shellcheck disable=SC2317 # functions are called through check and trap
# shellcheck disable=SC2016,SC2034 # eval expands, and uses
set -u

build=$(cd "${G_TEST_BUILDDIR:-.}" && pwd)
source=$(cd "${G_TEST_SRCDIR:-.}" && pwd)
script=$source/images/guest/evtpm-evidence
agent=$build/agent/evtpm-agent-sanitized
program=$build/svsm/vtpm/evtpm-vtpm
relay=$build/tests/unit/vtpm-relay
wrap=$build/tests/unit/wrap-secret
makecredential=$build/tests/unit/make-credential

if ! command -v tpm2_createek >/dev/null; then
    echo '1..0 # SKIP tpm2-tools is not installed'
    exit 0
fi
work=$(mktemp -d)
pid=
cleanup()
{
    [ -z "$pid" ] || kill "$pid" 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work" || exit 1

mkfifo in out
exec 8<>in 9<>out
"$program" <in >out 2>log 8>&- 9>&- &
pid=$!
EVTPM_TCTI="cmd:$relay $work/in $work/out"
EVTPM_TSM=$work/tsm
EVTPM_SECURITYFS=$work/security
export EVTPM_TCTI EVTPM_TSM EVTPM_SECURITYFS
mkdir -p tsm play security/tpm0 security/ima
printf 'event log' >security/tpm0/binary_bios_measurements
printf 'ima log' >security/ima/binary_runtime_measurements

# The directory that plays configfs: attributes exist from the start, and go.
cat >play/mkdir <<'EOF'
#!/bin/sh
/bin/mkdir "$@" || exit
case $1 in
*/tsm/*)
    cd "$1" || exit
    echo 3 >generation
    : >inblob
    [ -e "$FAKE/no-svsm" ] || : >service_provider
    : >service_guid
    cp "$FAKE/report" outblob
    printf manifest >manifestblob
    [ ! -e "$FAKE/certificates" ] || cp "$FAKE/certificates" auxblob
    ;;
esac
EOF
cat >play/rmdir <<'EOF'
#!/bin/sh
cp "$1/inblob" "$1/service_provider" "$1/service_guid" "$FAKE/" 2>/dev/null
rm -r "$1"
EOF
chmod +x play/mkdir play/rmdir
head -c 1184 /dev/zero >report
FAKE=$work
PATH=$work/play:$PATH
export FAKE PATH

tests=0
failed=0
check()
{
    name="$title: $1"
    shift
    tests=$((tests + 1))
    if "$@" >result 2>&1; then
        echo "ok $tests - $name"
    else
        failed=1
        echo "not ok $tests - $name"
        sed 's/^/# /' result
    fi
}

# field DOCUMENT NAME FILE: a base64 member, decoded
field()
{
    sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p" "$1" | base64 -d >"$3"
}

# refused TEXT COMMAND...: one line with that text, and no output
refused()
{
    text=$1
    shift
    if "$@" >stdout 2>stderr; then
        echo "accepted"
        return 1
    fi
    cat stderr
    grep -q "$text" stderr && [ "$(wc -l <stderr)" -eq 1 ] && [ ! -s stdout ]
}

# cut_at SIZE: the credential's first bytes, and nothing after them
cut_at()
{
    head -c "$1" credential | base64 -w0
}

# cuts_refused STEP: the credential ends too early, at each STEP-th byte
cuts_refused()
{
    at=1
    while [ "$at" -lt "$(wc -c <credential)" ]; do
        refused CREDENTIAL "$evidence" collect "$nonce" "$(cut_at "$at")" ||
            { echo "at $at bytes" && return 1; }
        at=$((at + $1))
    done
}

# patched OFFSET OCTAL: the credential with another byte there
patched()
{
    {
        head -c "$1" credential
        printf %b "\\0$2"
        tail -c +$(($1 + 2)) credential
    } | base64 -w0
}

no_sessions()
{
    for kind in loaded saved; do
        tpm2_getcap -T "$EVTPM_TCTI" "handles-$kind-session" >"$kind" ||
            return 1
        cat "$kind"
        [ ! -s "$kind" ] || return 1
    done
}

# checks TITLE PROGRAM: everything that both programs do alike
checks()
{
    title=$1
    evidence=$2
    EVTPM_STATE=$work/state.$title
    export EVTPM_STATE

    nonce=$(head -c 64 /dev/urandom | base64 -w0)
    check 'collect before ak is refused' \
        refused 'no attestation key' "$evidence" collect "$nonce" "$nonce"
    check 'ak' eval '"$evidence" ak >ak.json'
    field ak.json ek_public ek.pub
    field ak.json ak_public ak.pub
    field ak.json ak_name ak.name

    # The relying party's side, without a TPM
    printf '0123456789abcdef' >secret
    check 'the keys serve to make a credential' \
        tpm2_makecredential -T none -u ek.pub -s secret \
        -n "$(od -An -tx1 -v ak.name | tr -d ' \n')" -o credential
    credential=$(base64 -w0 credential)
    check 'collect' eval \
        '"$evidence" collect "$nonce" "$credential" >evidence.json'
    check 'the evidence is one line' [ "$(wc -l <evidence.json)" -eq 1 ]

    field evidence.json credential_secret returned
    check 'the TPM returned the secret' cmp secret returned
    echo "$nonce" | base64 -d >nonce
    check 'the report was asked for with the nonce' cmp nonce inblob
    check 'by the SVSM' grep -qx svsm service_provider
    check 'about its vTPM' \
        grep -qx c476f1eb-0123-45a5-9641-b4e7dde5bfe3 service_guid
    field evidence.json certificates aux
    check 'certificates are the host'"'"'s' cmp certificates aux
    field evidence.json event_log events
    check 'the event log is there' cmp security/tpm0/binary_bios_measurements events
    field evidence.json ima_log ima
    check 'the IMA log is there' cmp security/ima/binary_runtime_measurements ima
    field evidence.json attest attest
    field evidence.json signature signature
    qualifier=$(sha256sum nonce | cut -d' ' -f1)
    check 'the quote verifies with the nonce' \
        tpm2_checkquote -u ak.pub -m attest -s signature -q "$qualifier"
    check 'all 24 PCRs are there' \
        [ "$(grep -o '"[0-9]*":"[0-9a-f]\{64\}"' evidence.json | wc -l)" -eq 24 ]

    check 'a credential for another key is refused' eval \
        'tpm2_createak -T "$EVTPM_TCTI" -C "$EVTPM_STATE/ek.ctx" -c other.ctx -G rsa \
            -s rsassa -g sha256 -u other.pub -n other.name &&
         tpm2_makecredential -T none -u ek.pub -s secret \
            -n "$(od -An -tx1 -v other.name | tr -d " \n")" -o wrong &&
         refused activatecredential "$evidence" collect "$nonce" \
            "$(base64 -w0 wrong)"'
    check 'a short nonce is refused' \
        refused 'not 64 bytes' "$evidence" collect AAAA "$credential"
    check 'a long nonce is refused' refused 'not 64 bytes' \
        "$evidence" collect "$(head -c 65 /dev/zero | base64 -w0)" "$credential"
    check 'a nonce that is not base64 is refused' \
        refused 'not base64' "$evidence" collect '!' "$credential"
    mv certificates elsewhere
    check 'a host without certificates' eval \
        '"$evidence" collect "$nonce" "$credential" |
            grep -q "\"certificates\":\"\""'
    mv elsewhere certificates
    touch no-svsm
    check 'a guest without SVSM is told' \
        refused 'no SVSM' "$evidence" collect "$nonce" "$credential"
    rm no-svsm
    head -c 100 full >report
    check 'a short report is refused' \
        refused '100 bytes' "$evidence" collect "$nonce" "$credential"
    cp full report
    check 'nothing is left in configfs' [ -z "$(ls tsm)" ]
    check 'the state is for its owner alone' \
        [ -z "$(find "$EVTPM_STATE" -prune -perm /077)" ]
}

# unwraps FILE: the secret is printed, byte for byte
unwraps()
{
    "$evidence" unwrap "$1" >unwrapped && cmp released unwrapped
}

# changed MEMBER: the answer with another character in it, at its 300th
changed()
{
    awk -v mark="\"$1\":\"" '{
        at = index($0, mark) + length(mark) + 300
        print substr($0, 1, at - 1) \
            (substr($0, at, 1) == "A" ? "B" : "A") substr($0, at + 1)
    }' answer >altered
    ! cmp -s answer altered
}

# pcr NUMBER: NUMBER=HEX
pcr()
{
    tpm2_pcrread -T "$EVTPM_TCTI" "sha256:$1" -o pcr.bin >/dev/null &&
        echo "$1=$(od -An -v -tx1 pcr.bin | tr -d ' \n')"
}

# secrets TITLE: what the relying party releases comes out, or nothing does
secrets()
{
    title=$1
    evidence=$2
    EVTPM_STATE=$3
    if [ "$title" = evtpm-evidence ] && ! command -v openssl >/dev/null; then
        tests=$((tests + 1))
        echo "ok $tests - $title: unwrap # SKIP openssl is not installed"
        return
    fi
    head -c 300 /dev/urandom >released
    check 'a secret is wrapped' eval '"$wrap" "$EVTPM_STATE/ek.pub" \
        "$EVTPM_STATE/ak.name" released >answer'
    check 'unwrap' unwraps answer
    check 'unwrap of the standard input' eval 'unwraps - <answer'
    check 'a changed envelope is refused' eval 'changed envelope &&
        refused "does not open" "$evidence" unwrap altered'
    check 'a changed credential is refused' eval 'changed credential &&
        refused activatecredential "$evidence" unwrap altered'
    echo '{"version":1,"verdict":"refused"}' >no-secret
    check 'an answer without a secret is told' \
        refused 'no secret was released' "$evidence" unwrap no-secret
    : >no-secret
    check 'an empty answer is told' \
        refused 'no secret was released' "$evidence" unwrap no-secret
    check 'no file is told' refused 'none: No such file' "$evidence" unwrap none
    printf '0123456789abcdef0123456789abcdef' >key
    printf 'unauthenticated' | openssl cms -encrypt -binary -aes-256-cbc \
        -secretkey "$(od -An -v -tx1 key | tr -d ' \n')" -secretkeyid 00 \
        -outform DER -out cbc
    "$makecredential" "$EVTPM_STATE/ek.pub" "$EVTPM_STATE/ak.name" key made
    printf '{"credential":"%s","envelope":"%s"}\n' "$(base64 -w0 made)" \
        "$(base64 -w0 cbc)" >unauthenticated
    check 'an envelope that is only encrypted is refused' \
        refused envelope "$evidence" unwrap unauthenticated
    check 'a secret is wrapped to PCRs' eval '"$wrap" "$EVTPM_STATE/ek.pub" \
        "$EVTPM_STATE/ak.name" released "$(pcr 3)" "$(pcr 11)" >answer &&
        ! grep -q "[^\\]\"credential" answer'
    check 'unwrap of that' unwraps answer
    check 'a changed envelope of that is refused' eval 'changed envelope &&
        refused "does not open" "$evidence" unwrap altered'
    check 'a changed seed is refused' eval 'changed seed &&
        refused import "$evidence" unwrap altered'
    sed 's/"pcrs":"3,11"/"pcrs":"3,10"/' answer >altered
    check 'other PCRs are refused' refused unseal "$evidence" unwrap altered
    sed 's/"pcrs":"3,11"/"pcrs":"3,x"/' answer >altered
    check 'PCRs that are none are refused' \
        refused malformed "$evidence" unwrap altered
    check 'unwrap again' unwraps answer
    tpm2_pcrextend -T "$EVTPM_TCTI" 11:sha256="$(printf '11%.0s' $(seq 32))"
    check 'not when a PCR has changed' \
        refused unseal "$evidence" unwrap answer
    for kind in loaded saved; do # as above
        tpm2_flushcontext -T "$EVTPM_TCTI" "--$kind-session"
    done
    check 'neither key nor secret is left' eval \
        '[ ! -e "$EVTPM_STATE/key" ] && [ ! -e "$EVTPM_STATE/unwrapped" ]'
}

# hostile: what the agent parses itself
hostile()
{
    check 'a credential cut off at any byte is refused' cuts_refused 1
    check 'a credential with bytes after its end is refused' \
        refused '1 bytes too many' "$evidence" collect "$nonce" \
        "$({ cat credential && printf x; } | base64 -w0)"
    check 'a file with another magic number is refused' \
        refused 'not a file of' "$evidence" collect "$nonce" "$(patched 0 0)"
    check 'a file of another version is refused' \
        refused 'not a file of' "$evidence" collect "$nonce" "$(patched 7 2)"
    check 'a size beyond the structure is refused' \
        refused malformed "$evidence" collect "$nonce" "$(patched 8 377)"
    check 'base64 with white space is refused' \
        refused 'not base64' "$evidence" collect " $nonce" "$credential"
    check 'one unpatched is not' eval \
        '"$evidence" collect "$nonce" "$credential" >evidence.json'
    printf x >>"$EVTPM_STATE/ak.ctx"
    check 'a context with bytes after its end is refused' \
        refused contextload "$evidence" collect "$nonce" "$credential"
    : >"$EVTPM_STATE/ak.ctx"
    check 'an empty context is refused' \
        refused contextload "$evidence" collect "$nonce" "$credential"
    check 'no session is left after that' no_sessions
    check 'no TPM is told' eval 'EVTPM_TCTI=device:/nonexistent \
        refused "no TPM at" "$evidence" ak'
    check 'no command is told' refused usage: "$evidence"
}

printf 'certificate table' >certificates
cp report full
tpm2_startup -c -T "$EVTPM_TCTI"
checks evtpm-evidence "$script"
keys=$EVTPM_STATE
# The script leaves them to the kernel's resource manager when it fails.
for kind in loaded saved; do
    tpm2_flushcontext -T "$EVTPM_TCTI" "--$kind-session"
done
checks evtpm-agent "$agent"
check 'no session is left in the TPM' no_sessions
check 'the EK is that of tpm2_createek' cmp "$keys/ek.pub" "$EVTPM_STATE/ek.pub"
check 'a key of the one is a key for the other' eval \
    '"$script" collect "$nonce" "$credential" >evidence.json'
hostile
rm "$EVTPM_STATE/ak.ctx"
check 'unwrap without a key is told' \
    refused 'no attestation key' "$evidence" unwrap ak.json
"$evidence" ak >ak.json
secrets evtpm-agent "$agent" "$EVTPM_STATE"
check 'no session is left after that' no_sessions
secrets evtpm-evidence "$script" "$EVTPM_STATE"

echo "1..$tests"
exit "$failed"
