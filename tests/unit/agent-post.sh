#!/bin/sh
# SPDX-License-Identifier: MIT
# evtpm-post: whom it believes, and what it takes for an answer.
# needs: openssl
# shellcheck disable=SC2317 # functions are called through check and trap
# shellcheck disable=SC2016 # eval expands
set -u
# shellcheck source=tests/tpm/tap.sh
. "${G_TEST_SRCDIR:-.}/tests/tpm/tap.sh"

build=$(cd "${G_TEST_BUILDDIR:-.}" && pwd)
post=$build/agent/evtpm-post-sanitized
if ! command -v openssl >/dev/null; then
    echo '1..0 # SKIP openssl is not installed'
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

# certificate NAME ALTERNATIVE_NAME
certificate()
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc \
        -keyout "$1.key" -out "$1.pem" -days 2 -subj "/CN=$1" \
        -addext "subjectAltName=$2" 2>/dev/null
}

# feed ANSWER: once the document is there; nothing when the server is gone.
feed()
{
    until grep -q '^a document' seen; do
        kill -0 "$pid" 2>/dev/null || return
        sleep 0.02
    done
    printf %b "$1"
}

# serve CERTIFICATE ANSWER: to one client; the port in $port, what it was sent in
# the file seen.
serve()
{
    gone
    mkfifo in
    : >seen
    openssl s_server -accept 127.0.0.1:0 -cert "$1.pem" -key "$1.key" \
        -naccept 1 <in >>seen 2>&1 &
    pid=$!
    feed "$2" >in &
    until port=$(sed -n 's/^ACCEPT 127.0.0.1://p' seen) && [ -n "$port" ]; do
        kill -0 "$pid" || return 1
    done
}

# gone: the server has seen all that there was, or has none.
gone()
{
    [ -z "$pid" ] || kill "$pid" 2>/dev/null
    wait
    pid=
    rm -f in
}

# answered CERTIFICATES URL: by the document "a document"
answered()
{
    echo 'a document' | timeout 60 "$post" "$1" "$2" >answer 2>error
    status=$?
    cat error
    return "$status"
}

# refused TEXT CERTIFICATES URL: one line with that text, and no output
refused()
{
    text=$1
    shift
    if answered "$@"; then
        echo accepted
        return 1
    fi
    grep -q "^evtpm-post: .*$text" error && [ "$(wc -l <error)" -eq 1 ] &&
        [ ! -s answer ]
}

certificate good IP:127.0.0.1,DNS:localhost
certificate other IP:127.0.0.1
certificate elsewhere IP:127.0.0.2,DNS:elsewhere.example
printf '{"verdict":"refused"}\n' >expected
body='{"verdict":"refused"}\n'
good="HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\ncontent-length: 22\r\n\r\n$body"

serve good "$good"
check 'an answer is printed, whatever its status' eval \
    'answered good.pem "https://127.0.0.1:$port/v1/a?b=c" && cmp expected answer'
gone
check 'the document arrived, and where it should' eval \
    'grep -q "^POST /v1/a?b=c HTTP/1.1" seen && grep -q "^a document" seen &&
     grep -q "^Host: 127.0.0.1:$port" seen && grep -q "^Content-Length: 11" seen'
serve good "$good"
check 'a host by name' eval \
    'answered good.pem "https://localhost:$port/" && cmp expected answer'
serve good "$good"
check 'another certificate is refused' refused 'certificate is refused' \
    other.pem "https://127.0.0.1:$port/"
gone
check 'before the document is sent' eval '! grep -q "a document" seen'
serve elsewhere "$good"
check 'a certificate for another address is refused' \
    refused 'IP address mismatch' elsewhere.pem "https://127.0.0.1:$port/"
serve elsewhere "$good"
check 'a certificate for another name is refused' \
    refused 'ostname mismatch' elsewhere.pem "https://localhost:$port/"
serve good "HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n$body"
check 'an answer that is cut off is refused' \
    refused 'cut off' good.pem "https://127.0.0.1:$port/"
serve good "HTTP/1.1 200 OK\r\n\r\n$body"
check 'an answer of no length is refused' \
    refused 'cut off' good.pem "https://127.0.0.1:$port/"
serve good "HTTP/1.1 200 OK\r\nX-Content-Length: 22\r\n\r\n$body"
check 'a header of a longer name is another one' \
    refused 'cut off' good.pem "https://127.0.0.1:$port/"
serve good 'HTTP/1.1 200 OK\r\nContent-Length: 22\r\n'
check 'a head without an end is refused' \
    refused 'not HTTP' good.pem "https://127.0.0.1:$port/"
serve good "SSH-2.0\r\nContent-Length: 22\r\n\r\n$body"
check 'another protocol is refused' \
    refused 'not HTTP' good.pem "https://127.0.0.1:$port/"
gone
check 'nobody who listens is told' \
    refused 'onnection refused\|connect error' good.pem "https://127.0.0.1:$port/"
check 'no certificates are told' \
    refused 'none.pem: ' none.pem "https://127.0.0.1:$port/"
for url in http://localhost/ https:// https://localhost https://:1/ \
    https://localhost:/ https://localhost:123456/ 'https://localhost/a b' \
    'https://[::1]/'; do
    check "the URL \"$url\" is refused" \
        refused 'https://' good.pem "$url"
done
check 'no arguments are told' eval '! "$post" 2>error && grep -q usage: error'

finish
