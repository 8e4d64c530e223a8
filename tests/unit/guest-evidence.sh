#!/bin/sh
# SPDX-License-Identifier: MIT
# images/guest/evtpm-evidence against the vTPM program. The kernel's report
# directory is played by a directory whose files are made by our own mkdir.
# shellcheck disable=SC2317 # functions are called through check and trap
# shellcheck disable=SC2016 # eval expands
set -u

build=$(cd "${G_TEST_BUILDDIR:-.}" && pwd)
source=$(cd "${G_TEST_SRCDIR:-.}" && pwd)
evidence=$source/images/guest/evtpm-evidence
program=$build/svsm/vtpm/evtpm-vtpm
relay=$build/tests/unit/vtpm-relay

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
EVTPM_STATE=$work/state
EVTPM_TSM=$work/tsm
EVTPM_SECURITYFS=$work/security
export EVTPM_TCTI EVTPM_STATE EVTPM_TSM EVTPM_SECURITYFS
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
    name=$1
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

tpm2_startup -c -T "$EVTPM_TCTI"
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
printf 'certificate table' >certificates
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
    'tpm2_createak -T "$EVTPM_TCTI" -C state/ek.ctx -c other.ctx -G rsa \
        -s rsassa -g sha256 -u other.pub -n other.name &&
     tpm2_makecredential -T none -u ek.pub -s secret \
        -n "$(od -An -tx1 -v other.name | tr -d " \n")" -o wrong &&
     refused activatecredential "$evidence" collect "$nonce" \
        "$(base64 -w0 wrong)"'
check 'a short nonce is refused' \
    refused 'not 64 bytes' "$evidence" collect AAAA "$credential"
check 'a nonce that is not base64 is refused' \
    refused 'not base64' "$evidence" collect '!' "$credential"
rm certificates
check 'a host without certificates' eval \
    '"$evidence" collect "$nonce" "$credential" |
        grep -q "\"certificates\":\"\""'
touch no-svsm
check 'a guest without SVSM is told' \
    refused 'no SVSM' "$evidence" collect "$nonce" "$credential"
rm no-svsm
head -c 100 report >short
mv short report
check 'a short report is refused' \
    refused '100 bytes' "$evidence" collect "$nonce" "$credential"
check 'nothing is left in configfs' [ -z "$(ls tsm)" ]

echo "1..$tests"
exit "$failed"
