#!/bin/sh
# SPDX-License-Identifier: MIT
# evtpm's options: those that the program has are those of the manual and of the
# shell completion, which are made of its tables, with the same letters and
# arguments.
# shellcheck disable=SC2317 # functions are called through check
# shellcheck disable=SC2016,SC2034 # eval and sh -c expand
set -u
# shellcheck source=tests/tpm/tap.sh
. "${G_TEST_SRCDIR:-.}/tests/tpm/tap.sh"

source=$(cd "${G_TEST_SRCDIR:-.}" && pwd)
build=$(cd "${G_TEST_BUILDDIR:-.}" && pwd)
evtpm=$build/harness/evtpm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
tab=$(printf '\t')

"$source/harness/mkcompletion" -l "$evtpm" >table
cut -f 1-4 table | sort >program.list
check 'the tables can be read' eval \
    '[ "$(wc -l <program.list)" -gt 40 ] && ! grep -v "^[a-z]" program.list &&
     grep -qx "test${tab}jobs${tab}j${tab}N" program.list &&
     grep -qx "igvm build${tab}output${tab}o${tab}F" program.list'
check 'each option says what it does' eval \
    '! awk -F "$tab" "\$5 == \"\" { print; bad = 1 } END { exit !bad }" table'

# manual FILE: COMMAND, LONG, SHORT, ARGUMENT as its OPTIONS section has them.
# ".SS run, launch" names the commands; ".RB ( run )" below an option some of
# them, or of those below the one of the section.
manual()
{
    awk -v commands="$(cut -f 1 program.list | sort -u | tr '\n' ',')" '
        function plain(text) {
            sub(/^\.[A-Z]+ /, "", text)
            gsub(/\\f[BIRP]/, "", text)
            gsub(/\\-/, "-", text)
            gsub(/"/, "", text)
            return text
        }
        function flush(   i, n, c, list) {
            if (!count)
                return
            list = only != "" ? only : section
            n = split(list, c, ", *")
            for (i = 1; i <= n; i++)
                for (k = 1; k <= count; k++)
                    print c[i] "\t" long[k] "\t" short[k] "\t" argument[k]
            count = 0
            only = ""
        }
        # Commands, or those below the section'"'"'s; "" if it is something else
        function among(text,   i, n, c, list, name) {
            n = split(text, c, ", ")
            for (i = 1; i <= n; i++) {
                name = c[i] in known ? c[i] : section " " c[i]
                if (!(name in known))
                    return ""
                list = list (i > 1 ? ", " : "") name
            }
            return list
        }
        function option_line(text,   i, n, word, letter, part) {
            n = split(text, word, " *, *")
            for (i = 1; i <= n; i++) {
                if (word[i] ~ /^-[a-z]$/) {
                    letter = substr(word[i], 2)
                    continue
                }
                if (word[i] !~ /^--/) {
                    print "unreadable: " text
                    continue
                }
                count++
                split(substr(word[i], 3), part, " *=")
                long[count] = part[1]
                argument[count] = part[2] == "" ? "-" : part[2]
                short[count] = letter == "" ? "-" : letter
                letter = ""
            }
        }
        BEGIN {
            n = split(commands, c, ",")
            for (i = 1; i <= n; i++)
                known[c[i]] = 1
        }
        /^\.SH/ { flush(); inside = /OPTIONS/; section = "" }
        inside && /^\.SS/ { flush(); section = plain($0) }
        inside && /^\.TP/ { flush(); heading = 1; next }
        heading && section != "" {
            heading = 0
            after = 1
            option_line(plain($0))
            next
        }
        after {
            after = 0
            if ($0 ~ /^\.RB \( .*\)$/) {
                text = plain($0)
                gsub(/^\( *| *\)$/, "", text)
                gsub(/ *, */, ", ", text)
                only = among(text)
            }
        }
        END { flush() }' "$1" | sort
}
man=$build/docs/evtpm.1
manual "$man" >manual.list
check 'the manual has each option of the program, and no other' \
    diff -u program.list manual.list
# The control: it would be seen
sed '/^\.BR .*\\-\\-jobs/s/jobs/sobj/' "$man" >other.1
check 'an option of another name would be seen' eval \
    'manual other.1 | diff program.list - >seen; [ $? -eq 1 ] &&
     grep -q "^< test${tab}jobs" seen && grep -q "^> test${tab}sobj" seen'
sed '/^\.BR .*\\-\\-jobs/s/\\-j/\\-i/' "$man" >other.1
check 'and another letter' eval '! manual other.1 | diff program.list - >seen'
sed '/^\.BR .*\\-\\-jobs/s/\\fIN/\\fIM/' "$man" >other.1
check 'and another argument' eval '! manual other.1 | diff program.list - >seen'

# How it is made
mkman=$source/harness/mkman
check 'the build made the manual of the text and the tables' eval \
    '"$mkman" "$evtpm" "$source/docs/evtpm.1.in" | diff "$man" -'
check 'what a table says is in it' \
    grep -qx 'Programs side by side (default: 1).' "$man"
check 'and what the text adds' eval \
    'grep -x -A 1 "Programs side by side (default: 1)." "$man" |
        grep -qx "Each one.s output stays together."'
check 'options that commands share are there once' eval \
    '[ "$(grep -c "^\.BR .*disk =" "$man")" -eq 1 ] &&
     grep -q "^launch${tab}disk" table && grep -q "^xml${tab}disk" table'
text()
{
    printf '%s\n' '.SH OPTIONS' '.\" options' "$@"
}
check 'a text adds to no option that is not there' eval \
    'text ".\\\" note test --sobj" more ".\\\" end" >other.in
     ! "$mkman" "$evtpm" other.in >other.1 2>err &&
     grep -q "no option for a note: test --sobj" err'
check 'nor to one of another command' eval \
    'text ".\\\" note ps --jobs" more ".\\\" end" >other.in
     ! "$mkman" "$evtpm" other.in >other.1 2>err'
check 'a text without a place for them is no manual' eval \
    'text >other.in; ! "$mkman" "$evtpm" other.in >other.1 2>err &&
     echo .SH NAME >other.in; ! "$mkman" "$evtpm" other.in >other.1 2>err'
if command -v man >/dev/null; then
    check 'troff finds nothing wrong with it' eval \
        'MANWIDTH=80 man --warnings -l "$man" >page 2>err; cat err
         [ ! -s err ] && grep -q -- "-j, --jobs=N" page'
else
    echo "ok $((tests += 1)) - troff # SKIP no man"
fi

"$evtpm" --dump-options | cut -f 2 >commands.list
check 'the manual has each command' eval \
    '(while read -r name; do
        sed "s/\\\\-/-/g" "$man" |
            grep -Eq "^\.B evtpm $name( |\$)" ||
            { echo "$name"; exit 1; }
     done <commands.list)'
check 'and so has --help' eval \
    '"$evtpm" --help >help
     (while read -r name; do
        grep -Eq "^  $name " help || { echo "$name"; exit 1; }
     done <commands.list)'
check '--help of each command has its options' eval \
    '(while IFS=$tab read -r name long _; do
        "$evtpm" $name --help | grep -Eq "^ .*--$long( |=|\$)" ||
            { echo "$name --$long"; exit 1; }
     done <program.list)'
check 'and the dump is only what was asked for' eval \
    '! "$evtpm" run --dump-options x >out 2>err && [ ! -s out ]'

if ! command -v bash >/dev/null; then
    echo "ok $((tests += 1)) - completion # SKIP no bash"
    echo "1..$tests"
    exit "$failed"
fi
"$source/harness/mkcompletion" "$evtpm" >completion
cat >complete.bash <<'END'
# complete.bash PROGRAM WORD...: what is offered for the last word
. ./completion
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_evtpm "$1"
printf '%s\n' "${COMPREPLY[@]}"
END
# offers WORDS PROGRAM WORD...
offers()
{
    want=$1
    shift
    seen=$(bash complete.bash "$@" 2>&1 | sort | tr '\n' ' ')
    echo "offered: $seen"
    [ "${seen% }" = "$want" ]
}
check 'the build made the same completion' \
    diff completion "$build/harness/evtpm.bash-completion"
check 'all commands are completed' \
    offers "$({ cat commands.list; echo --help; echo --version; } |
        sort | tr '\n' ' ' | sed 's/ $//')" evtpm ''
check 'commands below a command' offers '--help build measure show' evtpm igvm ''
check 'each command offers its options, and no other' eval \
    'cut -f 1 program.list | sort -u | while read -r name; do
        offers "$(awk -F "$tab" -v name="$name" "
            \$1 == name { print \"--\" \$2; if (\$3 != \"-\") print \"-\" \$3 }
            END { print \"--help\" }" program.list | sort | tr "\n" " " |
            sed "s/ \$//")" evtpm $name - || { echo "$name"; exit 1; }
     done'
check 'a part selects' offers '--jobs --junit' evtpm test --j
check 'values of an option' offers 'auto emulated snp' evtpm run --platform ''
check 'behind = too' offers 'snp' evtpm run --platform = s
check 'right behind = too' offers 'auto emulated snp' evtpm run --platform =
mkdir directory
: >'a file'
check 'files where files are taken' offers 'a file' evtpm verify a
check 'directories where those are' offers 'directory' evtpm test --report ''
check 'nothing where it is free' offers '' evtpm test --jobs ''
mkdir -p fake/harness src/tests/guest
echo 'pvalidate|33|||60' >src/tests/guest/guests.list
printf 'source=%s\nunit=tests/unit/one\ne2e=tests/e2e/two\n' "$work/src" \
    >fake/harness/tests.layout
check 'tests by their names' env EVTPM_BUILD="$work/fake" sh -c \
    '[ "$(bash complete.bash "$1" test u)" = unit/one ]' sh "$evtpm"

finish
