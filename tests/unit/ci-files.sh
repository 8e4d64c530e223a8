#!/bin/sh
# SPDX-License-Identifier: MIT
# The files for CI servers and for containers: what can be known of them without
# a server. They are read, run what is there, keep logs, and name no mirror.
# shellcheck disable=SC2317,SC2329 # functions are called through check
# shellcheck disable=SC2016 # eval expands
set -u
# shellcheck source=tests/tpm/tap.sh
. "${G_TEST_SRCDIR:-.}/tests/tpm/tap.sh"

source=$(cd "${G_TEST_SRCDIR:-.}" && pwd)
ci=$source/ci
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# python that can read YAML, if there is one
python=
for p in /usr/bin/python3 python3; do
    [ -n "$python" ] || ! "$p" -c 'import yaml' 2>none || python=$p
done

# asks FILE EXPRESSION: of `d`, what the file holds; it must be true
asks()
{
    "$python" - "$ci/$1" "$2" <<'END'
import sys, yaml
d = yaml.safe_load(open(sys.argv[1]))
seen = eval(sys.argv[2], {"d": d})
print(seen)
sys.exit(not seen)
END
}
if [ -n "$python" ]; then
    steps='d["jobs"]["test"]["steps"]'
    check 'GitHub: a job with a limit' asks github-workflow.yml \
        '0 < d["jobs"]["test"]["timeout-minutes"] <= 60'
    check 'GitHub: each step uses or runs something' asks github-workflow.yml \
        "all(('uses' in s) != ('run' in s) for s in $steps)"
    check 'GitHub: the tests run as everywhere' asks github-workflow.yml \
        "'\n.ci/run ' in [s['run'] for s in $steps if 'run' in s][-1]"
    check 'GitHub: the cache is restored before them' asks github-workflow.yml \
        "[i for i, s in enumerate($steps) if 'cache@' in s.get('uses', '')][0] < [i for i, s in enumerate($steps) if '.ci/run' in s.get('run', '')][0]"
    check 'GitHub: it is the one that evtpm uses' asks github-workflow.yml \
        "('EVTPM_CACHE=\$PWD/' + [s['with']['path'] for s in $steps if 'cache@' in s.get('uses', '')][0] + '\n') in [s['run'] for s in $steps if 'run' in s][-1]"
    check 'GitHub: logs are kept, whatever the verdict' asks github-workflow.yml \
        "[s['if'] for s in $steps if 'upload-artifact@' in s.get('uses', '')] == ['always()']"
    check 'GitLab: the tests run as everywhere' asks gitlab-ci.yml \
        'd["evtpm"]["script"][0].startswith(".ci/run ")'
    check 'GitLab: the stage is there' asks gitlab-ci.yml \
        'd["evtpm"]["stage"] in d["stages"]'
    check 'GitLab: the cache is the one that evtpm uses' asks gitlab-ci.yml \
        'd["evtpm"]["variables"]["EVTPM_CACHE"].endswith("/" + d["evtpm"]["cache"]["paths"][0])'
    check 'GitLab: the key files are there' eval \
        'asks gitlab-ci.yml "\" \".join(d[\"evtpm\"][\"cache\"][\"key\"][\"files\"])" &&
         for f in $(cat result); do [ -e "$source/$f" ] || exit 1; done'
    check 'GitLab: results and logs are kept, whatever the verdict' \
        asks gitlab-ci.yml \
        'd["evtpm"]["artifacts"]["when"] == "always" and d["evtpm"]["artifacts"]["reports"]["junit"] in d["evtpm"]["script"][0]'
else
    echo "ok $((tests += 1)) - YAML # SKIP no python3 with yaml"
fi

# The servers' own schemas
schema()
{
    check-jsonschema --builtin-schema "vendor.$1" "$2"
}
if command -v check-jsonschema >/dev/null; then
    check 'GitHub: the schema for workflows' \
        schema github-workflows "$ci/github-workflow.yml"
    check 'GitLab: its schema' schema gitlab-ci "$ci/gitlab-ci.yml"
    sed 's/when: always/when: perhaps/' "$ci/gitlab-ci.yml" >other.yml
    check 'which not everything fulfils' eval '! schema gitlab-ci other.yml'
else
    echo "ok $((tests += 1)) - schemas # SKIP no check-jsonschema (pip)"
fi

instructions()
{
    sed -e '/^ *#/d' -e ':a' -e '/\\$/N; s/\\\n//; ta' "$ci/Containerfile" |
        sed '/^$/d'
}
check 'container: instructions, and one image to start from' eval \
    '! instructions | grep -Ev "^(FROM|COPY|RUN|ENV|VOLUME|WORKDIR|ENTRYPOINT|CMD) " &&
     [ "$(instructions | sed -n "s/^FROM //p")" = debian:bookworm ]'
check 'container: what is copied is there' eval \
    'for f in $(instructions | sed -n "s/^COPY \(.*\) [^ ]*\$/\1/p"); do
        [ -e "$ci/$f" ] || { echo "$f"; exit 1; }
     done'
check 'container: the arrays are JSON' eval \
    'instructions | sed -n "s/^\(VOLUME\|ENTRYPOINT\|CMD\) //p" |
     grep -Evc "^\[(\"[^\"]+\"(, )?)+\]\$" | grep -qx 0'
instructions | sed -n 's/^RUN //p' >run.sh
check 'container: the command is shell' sh -n run.sh
check 'container: the package list is what apt gets' eval \
    'sed "/^#/d" "$ci/packages" "$ci/packages-dev" | xargs echo | tr " " "\n" |
        grep -Evc "^[a-z0-9][a-z0-9.+-]+\$" | grep -qx 0'
check 'no file here names a mirror or a registry' eval \
    '! grep -EnI "https?://|[a-z0-9-]+\.(org|net|com|io)\b" "$ci"/*'

finish
