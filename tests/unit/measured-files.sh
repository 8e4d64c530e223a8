#!/bin/sh
# SPDX-License-Identifier: MIT
# What is measured at launch must be the same bytes wherever it was built, or
# nobody could compute the launch digest again: no path of this build in them.
set -u

source=$(cd "${G_TEST_SRCDIR:-.}" && pwd)
build=$(cd "${G_TEST_BUILDDIR:-.}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# without NUMBER FILE: neither the source's nor the build's directory is in FILE
without()
{
    if grep -aqF -e "$source" -e "$build" "$2"; then
        echo "not ok $1"
        grep -aoF -e "$source" -e "$build" "$2" | sort | uniq -c | sed 's/^/# /'
        failed=1
    else
        echo "ok $1"
    fi
}

failed=0
echo 1..3
# The SVSM by its segments, the vTPM as a file.
objcopy -O binary "$build/svsm/svsm.elf" "$work/svsm.bin" || exit 1
without '1 - SVSM' "$work/svsm.bin"
without '2 - vTPM' "$build/svsm/vtpm/evtpm-vtpm"
printf 'at %s/svsm/heap.c' "$source" >"$work/control"
(without '' "$work/control") >"$work/verdict"
if grep -q '^not ok' "$work/verdict"; then
    echo 'ok 3 - a path would be found'
else
    echo 'not ok 3 - a path would be found'
    failed=1
fi
exit "$failed"
