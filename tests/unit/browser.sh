#!/bin/sh
# SPDX-License-Identifier: MIT
# The report's page in a browser: it is laid out, and what tests say stays text.
# needs: chromium
# shellcheck disable=SC2317,SC2329 # functions are called through check
# shellcheck disable=SC2016 # eval expands
set -u
# shellcheck source=tests/tpm/tap.sh
. "${G_TEST_SRCDIR:-.}/tests/tpm/tap.sh"

build=$(cd "${G_TEST_BUILDDIR:-.}" && pwd)
if ! command -v chromium >/dev/null; then
    echo '1..0 # SKIP no chromium'
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# One script whose every word is hostile
mkdir -p fake/harness src/tests/unit src/tests/guest src/tests/e2e
cat >src/tests/unit/evil.sh <<'END'
#!/bin/sh
# SPDX-License-Identifier: MIT
# Names </title><script>document.title='hacked'</script>
evil="</td></svg><img src=x onerror=document.title='hacked'>"
evil="$evil<style>body{display:none}</style>"
echo "# evtpm-step: $evil"
echo "# evtpm-timeline: vm=<b> svsm=0.6 firmware=4.5 kernel=7 userspace=8"
echo "# evtpm-link: root ok $evil"
echo "# evtpm-link: chain failed $evil"
echo "# evtpm-pcrs: bank=<i> 0=0123"
echo "output $evil"
echo "not ok 1 - $evil"
echo "ok 2 - good"
echo 1..2
END
chmod +x src/tests/unit/evil.sh
echo 'pvalidate|33|||60' >src/tests/guest/guests.list
printf 'source=%s\nunit=tests/unit/evil.sh\ne2e=tests/e2e/two\n' "$work/src" \
    >fake/harness/tests.layout
EVTPM_BUILD=$work/fake "$build/harness/evtpm" test --no-build \
    --report="$work/rep" unit/evil >out 2>&1

# browse OPTION...: what the browser gives for the page; its profile goes with
# our directory
browse()
{
    HOME=$work timeout 120 chromium --headless --no-sandbox --disable-gpu \
        --disable-dev-shm-usage --no-first-run --user-data-dir="$work/profile" \
        --hide-scrollbars "$@" "file://$work/rep/index.html" 2>browser.log
}
browse --dump-dom >dom
check 'the browser reads the page' grep -q '</html>' dom
check 'its title is ours' grep -qF '<title>evtpm test: failed</title>' dom
check 'nothing became a script, an image or a style' eval \
    '! grep -qi "<script\|<img\|onerror=[^&]*>" dom &&
     [ "$(grep -c "<style>" dom)" -eq 1 ]'
check 'the pictures are there' eval \
    '[ "$(grep -o "<svg" dom | wc -l)" -eq 2 ] &&
     grep -q "class=\"link failed\"" dom && grep -q "class=\"s3\"" dom'
# The control: the same page with one text unescaped is another
sed "s|</main>|<img src=x onerror=1></main>|" rep/index.html >bad.html
mv rep/index.html good.html
mv bad.html rep/index.html
check 'a page with markup in it would be seen' eval \
    'browse --dump-dom | grep -qi "<img"'
mv good.html rep/index.html
check 'it can be painted' eval \
    'browse --window-size=1100,1400 --screenshot="$work/page.png"
     [ "$(head -c 4 page.png | tail -c 3)" = PNG ] &&
     [ "$(stat -c %s page.png)" -gt 30000 ]'

finish
