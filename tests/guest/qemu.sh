# SPDX-License-Identifier: MIT
# What the scripts of test guests share; they read it. QEMU is $EVTPM_QEMU, else qemu-system-x86_64
# of $EVTPM_ARTIFACTS, else of artifacts/ in the build directory ($G_TEST_BUILDDIR, else the
# current one).
# shellcheck shell=sh disable=SC2034 # used by those who read it

build=${G_TEST_BUILDDIR:-$PWD}
artifacts=${EVTPM_ARTIFACTS:-$build/artifacts}
qemu=${EVTPM_QEMU:-$artifacts/qemu-system-x86_64}
guests=$build/tests/guest
chip=$guests/chip
tests=0

# skip WHY: the whole script.
skip() {
    echo "1..0 # SKIP $1"
    exit 0
}

# need_qemu: and the emulated processor's identity, which scripts side by side may both make.
need_qemu() {
    [ -x "$qemu" ] ||
        skip 'no QEMU with the emulation: make artifacts builds it'
    [ -d "$chip" ] || "$guests/mkchip" "$chip" || [ -d "$chip" ] || {
        echo 'Bail out! no chip directory'
        exit 1
    }
}

# make_work: $work, a directory that goes with the script.
make_work() {
    work=$(mktemp -d) || exit 1
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
}

verdict() { # STATUS(0 good) TEXT
    tests=$((tests + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tests - $2"
    else
        echo "not ok $tests - $2"
    fi
}

# messages FILE: what QEMU said, without what it says of every guest: the processor's model has
# features that TCG lacks; and without what it says of itself when built with sanitizers.
messages() {
    grep -v -e "warning: TCG doesn't support requested feature" \
        -e 'WARNING: ASan.*makecontext' "$1"
}
