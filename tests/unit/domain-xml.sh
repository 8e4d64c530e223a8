#!/bin/sh
# SPDX-License-Identifier: MIT
# Domain XML against libvirt's schema.
#
# The installed libvirt's schema judges what it knows; that of Debian 13, which
# is fetched once as other parts of this project are, also hardware's. What is
# judged are the records of tests/unit/expected, and each combination of what a
# VM can be (domain-samples.c).
set -u
source=$(cd "${G_TEST_SRCDIR:-.}" && pwd)
build=$(cd "${G_TEST_BUILDDIR:-.}" && pwd)
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

# all NAME SCHEMA LEAST FILE...: so many of them at least, and all are valid.
all()
{
    name=$1
    schema=$2
    least=$3
    shift 3
    [ $# -ge "$least" ] && judge "$schema" "$@"
    result $? "$name: $# combinations are valid"
}

# judge SCHEMA FILE...: the validator's status; what it says of invalid ones.
judge()
{
    rng=$1
    shift
    xmllint --noout --relaxng "$rng" "$@" >log 2>&1
    status=$?
    [ "$status" -eq 0 ] || grep -v ' validates$' log | sed 's/^/# /'
    return "$status"
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
mkdir samples
"$build/tests/unit/domain-samples" samples
result $? 'a domain of each combination'
suite installed "$installed" "$records"/emulated*.xml
all installed "$installed" 100 samples/emulated*.xml

newer=$installed
if ! grep -q 'sev-snp' "${installed%/*}/domaincommon.rng"; then
    newer=$("$source/images/apt" fetch trixie libvirt-common 2>fetch.log)/usr/share/libvirt/schemas/domain.rng
fi
if [ -e "$newer" ]; then
    suite 'with sev-snp' "$newer" "$records"/*.xml
    all 'with sev-snp' "$newer" 250 samples/*.xml
    # the control: one that hardware's element makes wrong
    sed 's/<policy>/<policies>/; s/<.policy>/<\/policies>/' \
        samples/snp-svsm-author.xml >spoilt.xml
    judge "$newer" spoilt.xml >/dev/null
    [ $? -eq 3 ]
    result $? 'with sev-snp: a wrong launch security is found'
else
    sed 's/^/# /' fetch.log
    tests=$((tests + 1))
    echo "ok $tests - hardware's domains # SKIP no schema that knows sev-snp"
fi
echo "1..$tests"
exit "$failed"
