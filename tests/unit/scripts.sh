#!/bin/sh
# SPDX-License-Identifier: MIT
# The shell around the build: the cache's helpers, the entry, what CI believes.
# shellcheck disable=SC2317 # functions are called through check
# shellcheck disable=SC2016 # eval and sh -c expand
set -u
# shellcheck source=tests/tpm/tap.sh
. "${G_TEST_SRCDIR:-.}/tests/tpm/tap.sh"

source=$(cd "${G_TEST_SRCDIR:-.}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
EVTPM_CACHE=$work/cache
export EVTPM_CACHE source work
cd "$work" || exit 1

# cached SCRIPT: in a shell with the helpers loaded
cached()
{
    sh -euc '. "$source/images/common.sh"; make_cache; '"$1"
}

refused()
{
    text=$1
    shift
    if "$@" >stdout 2>stderr; then
        echo accepted
        return 1
    fi
    cat stderr
    grep -q "$text" stderr && [ "$(wc -l <stderr)" -eq 1 ]
}

check 'a result appears whole under its name' cached '
    scratch one; mkdir "$tmp/r"; echo 1 >"$tmp/r/file"
    publish "$tmp/r" a-1; [ "$(cat "$cache/a-1/file")" = 1 ]'
check 'and nothing else stays' [ -z "$(ls cache/tmp)" ]
check 'a result takes the place of an older one' cached '
    scratch one; mkdir "$tmp/r"; echo 2 >"$tmp/r/file"
    publish "$tmp/r" a-1; [ "$(cat "$cache/a-1/file")" = 2 ]'

# The background shell says when it is in the middle, and is then killed.
mkfifo begun
sh -euc '. "$source/images/common.sh"; make_cache
    scratch two; mkdir "$tmp/r"; echo go >"$work/begun"; sleep 3 & wait' &
pid=$!
read -r _ <begun
check 'a build in progress works in a temporary directory' \
    [ -n "$(ls cache/tmp)" ]
kill "$pid"
wait "$pid" 2>terminated
check 'a killed build leaves nothing' eval \
    '[ -z "$(ls cache/tmp)" ] && [ ! -e cache/a-2 ]'

check 'old results go, used ones stay' cached '
    mkdir "$cache/p-1" "$cache/p-2" "$cache/p-3"
    touch -d "1 hour ago" "$cache/p-2"; touch -d "2 hours ago" "$cache/p-1"
    prune p 2; [ ! -e "$cache/p-1" ] && [ -e "$cache/p-2" ] && [ -e "$cache/p-3" ]'
check 'the hash covers files and standard input' cached '
    echo a >x; one=$(echo s | hash_of x); two=$(echo t | hash_of x)
    echo b >x; three=$(echo s | hash_of x)
    [ "$one" != "$two" ] && [ "$one" != "$three" ] &&
        echo a >x && [ "$one" = "$(echo s | hash_of x)" ]'
check 'too little space is refused' \
    refused 'no space' cached 'need_space . 999999999'
check 'enough space is not' cached 'need_space . 1'
check 'a cache that cannot be written is refused' \
    refused 'cannot write to the cache' env EVTPM_CACHE=/proc/none \
    "$source/images/firmware"
check 'a failed command shows the end of its log' refused 'what was wrong' \
    cached 'quietly "$work/log" sh -c "echo what was wrong; exit 1"'

# Two that want the same lock: the second waits for the first.
mkfifo held
cached 'lock l; echo go >"$work/held"; read -r _ <"$work/held"
    echo first >>"$work/order"' &
read -r _ <held
cached 'lock l; echo second >>"$work/order"' 2>waiting &
second=$!
while ! grep -q waiting waiting; do :; done
echo go >held
wait "$second"
check 'a second build waits for the first' \
    [ "$(tr '\n' ' ' <order)" = 'first second ' ]

check 'help needs no build' eval \
    'EVTPM_BUILD=$work/none "$source/evtpm" --help | grep -q "test    all tests" &&
     [ ! -e none ]'

# verdict LINES STATUS: what ci/run makes of a test run that ends so
mkdir -p top/ci
cp "$source/ci/run" top/ci/run
verdict()
{
    printf '#!/bin/sh\nprintf "%s"\nexit %d\n' "$1" "$2" >top/evtpm
    chmod +x top/evtpm
    top/ci/run >ci.out 2>&1
}
fails()
{
    ! verdict "$@"
}
check 'CI passes what passed' verdict 'ok\n3 passed, 0 failed\n' 0
check 'its last line is the summary' \
    [ "$(tail -n 1 ci.out)" = '3 passed, 0 failed' ]
check 'CI passes with skips' verdict '3 passed, 0 failed, 1 skipped\n' 0
printf '#!/bin/sh\necho "$*"; echo "1 passed, 0 failed"\n' >top/evtpm
check 'CI uses all processors, up to 4' eval \
    'top/ci/run >ci.out; n=$(nproc); [ "$n" -le 4 ] || n=4
     [ "$(head -n 1 ci.out)" = "test --jobs $n" ]'
check 'unless it is told otherwise, which comes after it' eval \
    'top/ci/run --jobs 1 --junit f >ci.out
     head -n 1 ci.out | grep -qx "test --jobs [0-9]* --jobs 1 --junit f"'
check 'CI fails with a failure' fails '3 passed, 1 failed\n' 1
check 'even when the status is good' fails '3 passed, 1 failed\n' 0
check 'CI fails when nothing ran' fails '0 passed, 0 failed\n' 0
check 'CI fails with a bad status' fails '3 passed, 0 failed\n' 1
check 'CI fails without a summary' fails 'crash\n' 139
check 'and says so in its last line' \
    [ "$(tail -n 1 ci.out)" = '0 passed, 1 failed' ]
check 'CI fails when the summary is not the end' \
    fails '3 passed, 0 failed\nSegmentation fault\n' 0

finish
