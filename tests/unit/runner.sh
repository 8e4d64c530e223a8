#!/bin/sh
# SPDX-License-Identifier: MIT
# evtpm test itself: selection, verdicts, side by side, limits, reports; and that
# nothing is left of programs and runs that end badly.
# shellcheck disable=SC2317 # functions are called through check
# shellcheck disable=SC2016,SC2034 # eval and sh -c expand
set -u
# shellcheck source=tests/tpm/tap.sh
. "${G_TEST_SRCDIR:-.}/tests/tpm/tap.sh"

build=$(cd "${G_TEST_BUILDDIR:-.}" && pwd)
evtpm=$build/harness/evtpm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir tmp
export TMPDIR="$work/tmp"

# A build directory as make leaves it, with few programs.
fake=$work/fake
mkdir -p fake/harness fake/tests/unit fake/tests/e2e src/tests/unit \
    src/tests/e2e src/tests/guest
ln -s "$build/tests/unit/play-test" fake/tests/unit/play
ln -s "$build/tests/unit/play-test" fake/tests/unit/play-more
cat >src/tests/unit/play.c <<'END'
/* SPDX-License-Identifier: MIT */
/*
 * What is played: a game of "tests". And more.
 * needs: sh
 */
END
cat >src/tests/unit/shell.sh <<'END'
#!/bin/sh
# SPDX-License-Identifier: MIT
# A script, which needs what is not there.
# needs: no-such-program
echo 1..1
echo ok 1
END
cat >src/tests/e2e/plain.sh <<'END'
#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints where it lies.
echo "# $TMPDIR $XDG_RUNTIME_DIR"
echo "1..1"
echo "ok 1 - a plain test"
END
cp src/tests/e2e/plain.sh src/tests/unit/quick.sh
chmod +x src/tests/*/*.sh
echo 'pvalidate|33|||60' >src/tests/guest/guests.list
cat >fake/harness/tests.layout <<END
source=$work/src
unit=tests/unit/play tests/unit/play-more tests/unit/shell.sh tests/unit/quick.sh
e2e=tests/e2e/plain.sh
END

# run ARGUMENT...: its output in out and err, its status in $status
run()
{
    EVTPM_BUILD=$fake EVTPM_ARTIFACTS=$work/none "$evtpm" test --no-build \
        "$@" >out 2>err
    status=$?
    echo "status $status"
    cat out err
}
# ends STATUS LAST ARGUMENT...: it must, with this last line of output
ends()
{
    want=$1
    last=$2
    shift 2
    run "$@"
    [ "$status" -eq "$want" ] && [ "$(tail -n 1 out)" = "$last" ]
}
# refused STATUS TEXT ARGUMENT...: one line on standard error, none on the other
refused()
{
    want=$1
    text=$2
    shift 2
    run "$@"
    [ "$status" -eq "$want" ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
        grep -qF -- "$text" err
}
has()
{
    grep -qF -- "$1" out
}
nothing_left()
{
    ls -A tmp
    [ -z "$(ls -A tmp)" ]
}

check 'the list has each test, its name first' eval 'run --list
    [ "$(cut -d" " -f1 out | tr "\n" " ")" = \
      "unit/play unit/play-more unit/shell unit/quick guest/pvalidate e2e/plain " ]'
check 'with its first sentence and its needs' \
    has 'unit/play  What is played: a game of "tests"  [needs sh]'
check 'and why it would be skipped' has \
    'unit/shell  A script, which needs what is not there  [needs no-such-program]  [would be skipped: no-such-program is not installed]'
check 'guests need the emulator, scenarios a VM' eval \
    'has "guest/pvalidate  [needs emulator]  [would be skipped: QEMU" &&
     has "e2e/plain  Prints where it lies  [needs vm]  [would be skipped: QEMU"'
check 'on hardware the emulator is not tested' eval 'run --list --platform snp
    has "[would be skipped: about the emulation: not for platform snp]"'

check 'an exact name is that program alone' \
    ends 0 '1 passed, 0 failed, 0 skipped' unit/quick
check 'several patterns add up' eval \
    'ends 1 "1 passed, 1 failed, 0 skipped" unit/quick unit/play:/play/wrong'
check 'a case by its path' \
    ends 0 '2 passed, 0 failed, 0 skipped' /play/good
check 'a pattern that matches nothing is an error' \
    refused 1 'no test matches "none"' unit/quick none
check 'so is a case that is not there' \
    refused 1 'no test matches "unit/play:/no"' unit/play:/no
check 'what needs something else is skipped, with the reason' eval \
    'ends 1 "0 passed, 0 failed, 1 skipped" unit/shell
     has "skip unit/shell: all: no-such-program is not installed"'
check 'a skip of a case has its reason' eval \
    'run unit/play:/play/skipped
     has "skip unit/play: /play/skipped: no <such> \"thing\""'

check 'a failure fails' \
    ends 1 '0 passed, 1 failed, 0 skipped' unit/play:/play/wrong
check 'by its name' has 'FAIL unit/play: /play/wrong'
check 'with the step' has '       step       computing the answer'
check 'what was expected and seen' eval \
    'has "       expected   == 42" && has "       seen       41"'
check 'the condition and the place' eval \
    'has "       condition  answer == 42" &&
     has "tests/unit/play-test.c:" && has "test_wrong()"'
check 'the output before it' has '       output     # thought about it'
check 'and the command that repeats it' \
    grep -Eq '^       reproduce: .*\./evtpm test unit/play:/play/wrong$' out
# again: that command as it is printed, in a shell that knows nothing of ours;
# ./evtpm is what a source tree has, but builds nothing
printf '#!/bin/sh\nshift\nexec "%s" test --no-build "$@"\n' "$evtpm" >./evtpm
chmod +x evtpm
again()
{
    sed -n 's/^       reproduce: //p' out | tail -n 1 >again.sh
    cat again.sh
    env -i PATH="$PATH" TMPDIR="$TMPDIR" sh again.sh >out 2>err
    status=$?
    cat out err
}
check 'which fails in the same way' eval \
    'again; [ "$status" -eq 1 ] && has "FAIL unit/play: /play/wrong" &&
     [ "$(tail -n 1 out)" = "0 passed, 1 failed, 0 skipped" ]'
EVTPM_PLAY="it's so \$(ls)"
export EVTPM_PLAY
check 'also where platform, limit and environment were given' eval \
    'run --platform snp --timeout 77 --jobs 2 --shuffle 3 unit/play:/play/asked
     [ "$status" -eq 1 ] && again && [ "$status" -eq 1 ] &&
     has "FAIL unit/play: /play/asked" &&
     grep -q -- " --platform=snp --timeout=77 unit/play:/play/asked" again.sh'
unset EVTPM_PLAY
check 'which it repeats' eval \
    'sed "s/ --platform=snp//" again.sh >without.sh
     env -i PATH="$PATH" TMPDIR="$TMPDIR" sh without.sh &&
     sed "s/EVTPM_PLAY/EVTPM_WORK/" again.sh >without.sh &&
     env -i PATH="$PATH" TMPDIR="$TMPDIR" sh without.sh'
check 'a crash fails the case that crashed' eval \
    'run unit/play:/play/good unit/play:/play/crash; [ "$status" -eq 1 ] &&
     has "FAIL unit/play: /play/crash" && has "signal 6"'
check 'a program that hangs is ended at its limit, under its own name' eval \
    'ends 1 "1 passed, 1 failed, 0 skipped" --timeout 0.5 \
        unit/play:/play/good unit/play:/play/hang
     has "FAIL unit/play: /play/hang" &&
     has "because    did not end within 0.5 seconds and was ended" &&
     has "waiting for what never comes"'
check 'nothing is left' nothing_left
check 'the last console lines are shown' eval \
    'run unit/play:/play/logs; has "       console    a <b>" &&
     has "                  last line"'
check 'a program that leaves a process is told so' eval \
    'run unit/play:/play/forget; [ "$status" -eq 0 ] &&
     grep -q "left running, ended: .*play" fake/test-logs/unit/play.log'

check 'repetition runs each program that often' eval \
    'ends 0 "3 passed, 0 failed, 0 skipped" --repeat 3 unit/quick
     has "unit/quick (2 of 3)"'
check 'a seed gives an order' eval \
    'run --shuffle 7 --repeat 5 unit/quick unit/play:/play/good; cp out one
     run --shuffle 7 --repeat 5 unit/quick unit/play:/play/good; cp out two
     run --repeat 5 unit/quick unit/play:/play/good; cp out three
     order() { sed -n "s/^ok *\([^ ]* ([^)]*)\).*/\1/p" "$1"; }
     [ "$(order one)" = "$(order two)" ] && [ "$(order one)" != "$(order three)" ] &&
     [ "$(order one | sort)" = "$(order three | sort)" ]'
check 'a picked seed is printed' eval \
    'run --shuffle random unit/quick
     grep -Eq "^shuffled by seed ([0-9]+) \(--shuffle=\1 repeats the order\)" out'
check 'after a failure the rest runs' eval \
    'ends 1 "1 passed, 1 failed, 0 skipped" unit/play:/play/wrong unit/quick'
check 'but not with --fail-fast' eval \
    'ends 1 "0 passed, 1 failed, 0 skipped" --fail-fast unit/play:/play/wrong \
        unit/quick'

# Two that wait for each other end only side by side.
mkfifo meet
for way in read write; do
    cat >src/tests/unit/$way.sh <<END
#!/bin/sh
# SPDX-License-Identifier: MIT
echo 1..1
echo "# $way begins"
case $way in read) read -r _ <$work/meet ;; *) echo go >$work/meet ;; esac
echo "# $way ends"
echo ok 1 - $way
END
    chmod +x src/tests/unit/$way.sh
done
sed -i 's/^unit=.*/& tests\/unit\/read.sh tests\/unit\/write.sh/' \
    fake/harness/tests.layout
check 'jobs run side by side' \
    ends 0 '2 passed, 0 failed, 0 skipped' --jobs 2 unit/read unit/write
check 'one by one without' \
    ends 1 '0 passed, 2 failed, 0 skipped' --timeout 0.5 unit/read unit/write

for bad in '--jobs=0|--jobs: 0 is not in 1 to 64' \
    '--jobs=65|--jobs: 65 is not in 1 to 64' '--jobs=x|' \
    '--repeat=0|--repeat: 0 is not in 1 to 100000' \
    '--timeout=0|--timeout: a positive number of seconds' \
    '--timeout=-1|--timeout: a positive number of seconds' \
    '--timeout=nan|--timeout: a positive number of seconds' \
    '--shuffle=-3|bad seed "-3": a number, or random' \
    '--shuffle=99999999999999999999|bad seed' \
    '--platform=moon|unknown platform "moon": emulated, snp or auto' \
    '--backend=moon|unknown backend "moon": qemu or libvirt' \
    '--format=xml|unknown format "xml": text or tap' \
    '--report=/proc/none|cannot make /proc/none/logs' \
    '--junit=/proc/none/x|cannot make /proc/none' \
    "--junit=$work|is a directory"; do
    want=2
    case $bad in --report=* | --junit=/proc*) want=1 ;; esac
    check "refused: ${bad%%|*}" \
        refused $want "${bad#*|}" "${bad%%|*}" unit/quick
done
check 'refused: two ways to go on' refused 2 'exclude each other' \
    --fail-fast --keep-going
check "refused: a daemon for QEMU's processes" refused 2 \
    '--connect needs --backend libvirt' --backend qemu --connect x
check 'refused: two formats' refused 2 'exclude each other' \
    --tap --format=text

# By libvirt, where this evtpm was built with it
if run --list --backend libvirt >/dev/null && [ "$status" -eq 0 ]; then
    check 'by libvirt there are scenarios' eval \
        '[ "$(cut -d" " -f1 out)" = e2e/plain ]'
    check 'and nothing else' refused 1 'no test matches "unit/quick"' \
        --backend libvirt unit/quick
    check 'one after the other' refused 2 \
        '--jobs: by libvirt one program runs after the other' \
        --connect test:///default --jobs 2 e2e/plain
    check 'by a daemon that is there' refused 1 \
        'no daemon for the tests (name none, and they start one of their own): libvirt qemu:///system?socket=/nowhere: ' \
        --connect 'qemu:///system?socket=/nowhere' e2e/plain
    check 'such as a played one' eval \
        'ends 1 "0 passed, 0 failed, 1 skipped" --connect test:///default \
            e2e/plain'
else
    echo "ok $((tests += 1)) - by libvirt # SKIP $(cat err)"
fi

check 'output that cannot be written is an error' eval \
    'EVTPM_BUILD=$fake "$evtpm" test --no-build unit/quick >/dev/full 2>err
     [ $? -eq 1 ] && [ "$(cat err)" = "evtpm: cannot write to standard output" ]'
check 'and so is a reader that went away' eval \
    '{ EVTPM_BUILD=$fake "$evtpm" test --no-build --repeat 3 unit/quick 2>err
       echo $? >code; } | :
     [ "$(cat code)" -eq 1 ] && [ "$(wc -l <err)" -eq 1 ]'
check 'a flood of output ends in neither log nor memory' eval \
    '(ulimit -v 400000; run unit/play:/play/flood) && [ "$(tail -n 1 out)" = \
     "1 passed, 0 failed, 0 skipped" ] &&
     [ "$(stat -c %s fake/test-logs/unit/play.log)" -le 16800000 ]'

# A run of a program that hangs and has left a process: PID of that one, and of
# the run, in $child and $pid, its temporary directory in $where.
mkfifo begun
hang()
{
    PLAY_FIFO=$work/begun EVTPM_BUILD=$fake "$evtpm" test --no-build "$@" \
        unit/play:/play/leave >hang.out 2>hang.err &
    pid=$!
    read -r child where <begun
    [ -d "$where" ]
}
# ended PID: it does, soon (the limit is the test's)
ended()
{
    while kill -0 "$1" 2>/dev/null &&
        ! grep -q '^State:.*[ZX]' "/proc/$1/status" 2>/dev/null; do :; done
}
check 'a run that will be interrupted' hang
kill -INT "$pid"
wait "$pid"
status=$?
check 'has the status of its signal' [ "$status" -eq 130 ]
check 'says so, and what it had' eval \
    '[ "$(cat hang.err)" = "evtpm: interrupted" ] &&
     [ "$(tail -n 1 hang.out)" = "0 passed, 0 failed, 0 skipped" ]'
check 'leaves no process' eval '! kill -0 "$child"'
check 'and no file' nothing_left

check 'a run that will be killed' hang
kill -KILL "$pid"
wait "$pid" 2>killed
check 'leaves no process, either' ended "$child"
check 'its files stay' [ -d "$where" ]
# The lock is free when the keeper is gone, too
lock=${where%/*}/lock
while ! flock -n "$lock" true; do :; done
check 'until the next run begins' run unit/quick
check 'which removes them' nothing_left
check 'a run that goes on keeps its own' eval \
    'hang && run unit/quick && [ -d "$where" ]'
kill -TERM "$pid"
wait "$pid" 2>killed

# keeper_of PID: the child of a run
keeper_of()
{
    for stat in /proc/[0-9]*/stat; do
        read -r id name _ parent _ 2>/dev/null <"$stat" || continue
        [ "$parent" = "$1" ] && [ "$name" = '(evtpm-keeper)' ] && echo "$id"
    done
}
check 'a run whose keeper will be killed' hang
kill -KILL "$(keeper_of "$pid")"
wait "$pid"
status=$?
check 'goes on, and says so' eval \
    '[ "$status" -eq 1 ] && grep -q "ended with signal 9" hang.out &&
     [ "$(tail -n 1 hang.out)" = "0 passed, 1 failed, 0 skipped" ]'
check 'leaves no process' eval '! kill -0 "$child"'
check 'and no file' nothing_left

check 'an interrupted run that reports' hang --report="$work/part" \
    --junit="$work/part/junit.xml"
kill -INT "$pid"
wait "$pid"
check 'is incomplete in the document' grep -q '"verdict" : "incomplete"' \
    part/results.json
check 'and an error for CI servers' grep -q '<error type="incomplete"' \
    part/junit.xml

# A terminal, by util-linux' script(1)
if command -v script >/dev/null; then
    escape=$(printf '\033')
    check 'a terminal has a line that is kept up to date' eval \
        'EVTPM_BUILD=$fake TERM=xterm script -qec \
            "$evtpm test --no-build unit/quick" typescript >terminal
         grep -qF "${escape}[K[0/1] unit/quick 0 s" terminal &&
         grep -qF "${escape}[32mok  ${escape}[0m unit/quick" terminal &&
         tail -n 1 terminal | tr -d "\r" | grep -qFx \
            "${escape}[K1 passed, 0 failed, 0 skipped"'
    check 'without colours where they are not wanted' eval \
        'EVTPM_BUILD=$fake TERM=xterm NO_COLOR=1 script -qec \
            "$evtpm test --no-build unit/quick" typescript >terminal
         ! grep -qF "${escape}[32m" terminal'
else
    echo "ok $((tests += 1)) - a terminal # SKIP no script(1)"
fi

check 'TAP: as many results as planned' eval \
    'ends 1 "# 2 passed, 1 failed, 1 skipped" --tap unit/quick \
        unit/play:/play/good unit/play:/play/wrong \
        unit/play-more:/play/skipped
     [ "$(head -n 1 out)" = "TAP version 14" ] && has "1..4" &&
     [ "$(grep -Ec "^(not )?ok [0-9]+ - " out)" -eq 4 ]'
check 'TAP: a failure and its diagnosis' eval \
    'grep -Eqx "not ok [0-9]+ - unit/play: /play/wrong" out &&
     has "  expected: \"== 42\"" && has "  seen: \"41\"" &&
     grep -q "^  reproduce: \".*\./evtpm test unit/play:/play/wrong\"" out'
check 'TAP: a skip and its reason' eval \
    'grep -Eq "^ok [0-9]+ - unit/play-more: /play/skipped # SKIP no <such>" out'

check 'reports are written, logs beside' eval \
    'run --report=rep --junit=rep/junit.xml unit/quick unit/play:/play/logs \
        unit/play-more:/play/skipped
     [ -s rep/results.json ] && [ -s rep/index.html ] && [ -s rep/junit.xml ] &&
     grep -q "a plain test" rep/logs/unit/quick.log &&
     grep -q "last line" rep/logs/unit/play/console.log'
if command -v jq >/dev/null; then
    check 'the document has verdicts, marks and logs' eval \
        '[ "$(jq -c "[.format,.version,.verdict,.passed,.failed,.skipped]" \
            rep/results.json)" = "[\"evtpm-results\",1,\"failed\",1,1,1]" ] &&
         [ "$(jq -c ".programs[]|select(.name==\"unit/play\")|
            [.files,.boots,.pcrs,(.attestations[0].links|length)]" \
            rep/results.json)" = "$(printf %s "[[\"logs/unit/play/console.log\"]," \
            "[{\"vm\":\"one\",\"stages\":[{\"name\":\"svsm\",\"milliseconds\":410}," \
            "{\"name\":\"firmware\",\"milliseconds\":1500}," \
            "{\"name\":\"kernel\",\"milliseconds\":2000}," \
            "{\"name\":\"userspace\",\"milliseconds\":3250}]}]," \
            "[{\"bank\":\"sha256\",\"values\":{\"0\":\"00ff\",\"10\":\"0000\"}}],2]")" ]'
else
    check 'the document has verdicts # SKIP no jq' true
fi
if command -v xmllint >/dev/null; then
    check 'JUnit: valid by the schema' xmllint --noout --nonet --schema \
        "${G_TEST_SRCDIR:-.}/tests/unit/junit.xsd" rep/junit.xml
    check 'the page is well-formed' eval \
        'xmllint --html --noout rep/index.html 2>&1 | grep -v "Tag .* invalid" |
         grep -c "error" | grep -qx 0'
else
    check 'JUnit: valid by the schema # SKIP no xmllint' true
fi
check 'the page needs nothing from outside, and has no script' eval \
    '! grep -Eiq "(src|href)=\"?(https?:|//)|<script|@import|url\(" \
        rep/index.html'
check 'a full disk is one line, and no success' eval \
    'cp -r rep full; rm -f full/index.html
     (ulimit -f 4; trap "" XFSZ; run --report=full unit/quick)
     [ "$(tail -n 1 out)" = "1 passed, 0 failed, 0 skipped" ] &&
     [ "$(wc -l <err)" -eq 1 ] && grep -q "^evtpm: cannot write .*/full/" err &&
     [ ! -e full/index.html ] && [ "$(ls full/*.?????? 2>/dev/null)" = "" ]'

finish
