#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest's evtpm-evidence on a real vTPM; configfs-tsm alone is imitated.
# shellcheck disable=SC2317,SC2154 # called through check; set by vtpm-lib.sh
# shellcheck disable=SC2016,SC2094 # for eval; a name is no file that is read
set -u

source_dir=$(cd "${G_TEST_SRCDIR:-.}" && pwd)
# shellcheck source=tests/unit/vtpm-lib.sh
. "$source_dir/tests/unit/vtpm-lib.sh"

# The kernel fills the directory that mkdir makes in configfs; so do we.
mkdir tsm bin template asked security security/tpm0
real_mkdir=$(command -v mkdir)
cat >bin/mkdir <<END
#!/bin/sh
"$real_mkdir" "\$@" || exit
case \$1 in *tsm/evtpm.*) cp "$PWD/template/"* "\$1" ;; esac
END
cat >bin/rmdir <<END
#!/bin/sh
case \$1 in *tsm/evtpm.*) cp "\$1/"* "$PWD/asked"; rm -r "\$1" ;; esac
END
chmod +x bin/mkdir bin/rmdir
for file in service_provider service_guid inblob; do
    : >"template/$file"
done
echo 7 >template/generation
head -c 1184 /dev/urandom >template/outblob
echo certificates >template/auxblob
echo log >security/tpm0/binary_bios_measurements

evidence()
{
    PATH="$PWD/bin:$PATH" EVTPM_TCTI=$TPM2TOOLS_TCTI EVTPM_TSM=$PWD/tsm \
        EVTPM_SECURITYFS=$PWD/security EVTPM_STATE=$PWD/$state \
        sh "$source_dir/images/guest/evtpm-evidence" "$@"
}
# field NAME FILE: the decoded value
field()
{
    sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p" "$2" | base64 -d
}
one_line()
{
    [ "$(wc -l <"$1")" -eq 1 ]
}
# complains TEXT COMMAND...: it fails, with that text
complains()
{
    text=$1
    shift
    if "$@" >complaint 2>&1; then
        echo "it succeeded"
        return 1
    fi
    grep -F "$text" complaint || { cat complaint; return 1; }
}

state=state
power_on one
tpm2_startup -c
control 001 324 template/manifestblob
head -c 64 /dev/urandom >nonce
nonce=$(base64 -w0 nonce)

check "no evidence without an attestation key" \
    complains "no attestation key" evidence collect "$nonce" AAAA
check "ak" eval 'evidence ak >ak.json'
check "ak prints one line" one_line ak.json
for name in ek_public ak_public ak_name; do
    field $name ak.json >$name
done
check "its endorsement key is the SVSM's" \
    eval 'tail -c +3 ek_public | cmp - template/manifestblob'
hex_name=$(od -An -v -tx1 ak_name | tr -d ' \n')
check "its attestation key has that name" \
    [ "$hex_name" = "000b$(tail -c +3 ak_public | sha256sum | cut -c-64)" ]

echo 0123456789abcdef >secret
check "a credential is made outside" tpm2_makecredential --tcti none -Q \
    -u ek_public -n "$hex_name" -s secret -o credential
credential=$(base64 -w0 credential)
check "collect" eval 'evidence collect "$nonce" "$credential" >evidence.json'
check "collect prints one line" one_line evidence.json
for name in nonce report certificates manifest ek_public ak_public ak_name \
    credential_secret attest signature event_log; do
    field $name evidence.json >"got.$name"
done
check "the nonce" cmp nonce got.nonce
check "the report" cmp template/outblob got.report
check "the certificates" cmp template/auxblob got.certificates
check "the manifest" cmp template/manifestblob got.manifest
check "the event log" cmp security/tpm0/binary_bios_measurements got.event_log
check "the keys" eval 'cmp ek_public got.ek_public &&
    cmp ak_public got.ak_public && cmp ak_name got.ak_name'
check "the secret of the credential" cmp secret got.credential_secret
check "the kernel was asked for the SVSM's vTPM service and our nonce" \
    eval 'grep -x svsm asked/service_provider && cmp nonce asked/inblob &&
        grep -x c476f1eb-0123-45a5-9641-b4e7dde5bfe3 asked/service_guid'
check "24 PCRs" eval '[ "$(grep -o "\"[0-9]*\":\"[0-9a-f]\{64\}\"" \
    evidence.json | wc -l)" -eq 24 ]'
qualifier=$(sha256sum nonce | cut -d' ' -f1)
check "the quote verifies with the nonce's digest" tpm2_checkquote \
    -u ak_public -m got.attest -s got.signature -q "$qualifier"
check "and with no other" refused tpm2_checkquote \
    -u ak_public -m got.attest -s got.signature -q "00$qualifier"
check "the request is taken back" eval '! ls tsm | grep .'

check "a second time" eval 'evidence collect "$nonce" "$credential" >/dev/null'
check "a short nonce" complains "NONCE is not 64 bytes" \
    evidence collect AAAA "$credential"
check "a nonce that is not base64" complains "NONCE is not base64" \
    evidence collect '*' "$credential"
check "a credential for another key" eval 'tpm2_makecredential --tcti none -Q \
        -u ek_public -n "000b$qualifier" -s secret -o other &&
    complains tpm2_activatecredential \
        evidence collect "$nonce" "$(base64 -w0 other)"'
echo short >template/outblob
check "a short report" complains "the report has 6 bytes, not 1184" \
    evidence collect "$nonce" "$credential"
rm template/service_provider
check "a guest without SVSM" complains "this guest has no SVSM" \
    evidence collect "$nonce" "$credential"

power_off
power_on two
tpm2_startup -c
state="second"
check "another TPM makes a key" eval 'evidence ak >/dev/null'
check "but does not open the credential" complains tpm2_activatecredential \
    evidence collect "$nonce" "$credential"
finish
