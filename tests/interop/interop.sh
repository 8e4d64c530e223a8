# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the interop tests share; sourced. They compare with programs of others,
# which are optional: where one is not installed, its test is skipped. No test
# here uses the network.
# shellcheck disable=SC2034 # used by those who source this
source_dir=${G_TEST_SRCDIR:?run by make check-interop}
build_dir=${G_TEST_BUILDDIR:?run by make check-interop}
# shellcheck disable=SC2034 # used by those who source this
evtpm=$build_dir/harness/evtpm
tests=0
failed=0

skip_all()
{
    echo "1..0 # SKIP $*"
    exit 0
}

# need PROGRAM HOW: or the test is skipped.
need()
{
    command -v "$1" >/dev/null || skip_all "no $1 ($2; docs/interop.md)"
}

# verdict STATUS TEXT: one line of TAP.
verdict()
{
    tests=$((tests + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tests - $2"
    else
        failed=$((failed + 1))
        echo "not ok $tests - $2"
    fi
}

# same TEXT ONE OTHER: equal, and not empty.
same()
{
    [ -n "$2" ] && [ "$2" = "$3" ]
    status=$?
    verdict $status "$1"
    [ $status -eq 0 ] || printf '# one   %s\n# other %s\n' "$2" "$3"
}

# accepted TEXT COMMAND...: status 0. refused: another.
accepted()
{
    text=$1
    shift
    "$@" >"$work/out" 2>&1
    status=$?
    verdict $status "$text"
    [ $status -eq 0 ] || sed 's/^/# /' "$work/out"
}

refused()
{
    text=$1
    shift
    if "$@" >"$work/out" 2>&1; then
        verdict 1 "$text"
        sed 's/^/# /' "$work/out"
    else
        verdict 0 "$text"
    fi
}

finish()
{
    echo "1..$tests"
    [ "$failed" -eq 0 ]
}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# one_chip: a chip and a report of it, in $work/chip, $work/certs, $work/report;
# with the VLEK of $provider, if that is set.
one_chip()
{
    "$evtpm" chip create ${provider:+--vlek "$provider"} "$work/chip" || exit 1
    "$build_dir/tests/interop/mkreport" "$work/chip" "$work/report" || exit 1
    mkdir "$work/certs"
    cp "$work/chip/ark.pem" "$work/chip/ask.pem" "$work/chip/vcek.pem" \
        "$work/certs"
}

# flip FILE OFFSET OUT: a copy with the lowest bit of one byte flipped.
flip()
{
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    cp "$1" "$3"
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\$(printf '%03o' $((byte ^ 1)))" |
        dd of="$3" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# Parts of a report that a relying party looks at: NAME OFFSET
report_parts()
{
    cat <<'PARTS'
policy 8
report-data 80
measurement 144
host-data 192
report-id 320
reported-TCB 390
chip-id 416
committed-TCB 486
signature-r 672
signature-s 744
PARTS
}
