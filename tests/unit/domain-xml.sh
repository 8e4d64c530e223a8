#!/bin/sh
# SPDX-License-Identifier: MIT
# Domain XML against libvirt's schema.
#
# The installed libvirt's schema judges what it knows; that of Debian 13, which
# is fetched once as other parts of this project are, also hardware's.
set -u
source=$(cd "${G_TEST_SRCDIR:-.}" && pwd)
installed=${EVTPM_LIBVIRT_SCHEMAS:-/usr/share/libvirt/schemas}/domain.rng
tests=0
failed=0

result()
{
    tests=$((tests + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tests - $2"
    else
        failed=1
        echo "not ok $tests - $2"
    fi
}

# judge SCHEMA FILE: the validator's status.
judge()
{
    xmllint --noout --relaxng "$1" "$2" >log 2>&1
    status=$?
    [ "$status" -eq 0 ] || sed 's/^/# /' log
    return "$status"
}

# suite NAME SCHEMA FILE...: all are valid; one that is spoilt is not.
suite()
{
    name=$1
    schema=$2
    shift 2
    for file do
        judge "$schema" "$file"
        result $? "$name: ${file##*/} is valid"
    done
    sed 's/<vcpu>/<vcpus>/; s/<.vcpu>/<\/vcpus>/' "$1" >spoilt.xml
    judge "$schema" spoilt.xml >/dev/null
    [ $? -eq 3 ]
    result $? "$name: a wrong element is found"
}

if ! command -v xmllint >/dev/null; then
    echo '1..0 # SKIP xmllint is not installed (libxml2-utils)'
    exit 0
fi
if [ ! -e "$installed" ]; then
    echo '1..0 # SKIP no schema of libvirt is installed (libvirt0)'
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
records=$source/tests/unit/expected
suite installed "$installed" "$records"/emulated*.xml

newer=$installed
if ! grep -q 'sev-snp' "${installed%/*}/domaincommon.rng"; then
    newer=$("$source/images/apt" fetch trixie libvirt-common 2>fetch.log)/usr/share/libvirt/schemas/domain.rng
fi
if [ -e "$newer" ]; then
    suite 'with sev-snp' "$newer" "$records"/*.xml
else
    sed 's/^/# /' fetch.log
    tests=$((tests + 1))
    echo "ok $tests - hardware's domains # SKIP no schema that knows sev-snp"
fi
echo "1..$tests"
exit "$failed"
