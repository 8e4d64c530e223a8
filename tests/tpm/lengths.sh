# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2317 # functions are called through check
# Commands byte by byte: each valid one is cut at every length, and declares
# every length; the largest frame. TPM_RAW_TCTI names a TPM without a resource
# manager in between, which would answer itself.

: "${TPM2TOOLS_TCTI:=device:/dev/tpmrm0}"
raw_tcti=${TPM_RAW_TCTI:-$TPM2TOOLS_TCTI}

# put32 NUMBER
put32()
{
    printf '%08x' "$1"
}
# ask HEX: sends as it is; the response code
ask()
{
    printf %s "$1" | xxd -r -p | tpm2_send -T "$raw_tcti" 2>error |
        xxd -p | tr -d '\n' | cut -c13-20
}
# framed TAG CODE BODY: with the length it has
framed()
{
    printf '%s%s%s%s' "$1" "$(put32 $((10 + ${#3} / 2)))" "$2" "$3"
}
# each_length TAG CODE BODY: whole it is good; cut anywhere it is refused
each_length()
{
    prints 00000000 ask "$(framed "$1" "$2" "$3")" || return 1
    cut=0
    while [ "$cut" -lt $((${#3} / 2)) ]; do
        part=$(printf %s "$3" | cut -c1-$((2 * cut)))
        code=$(ask "$(framed "$1" "$2" "$part")")
        case $code in
        '' | 00000000)
            echo "cut to $cut bytes: answer $code, $(cat error)"
            return 1
            ;;
        esac
        cut=$((cut + 1))
    done
}
check "Hash, cut at each length" each_length 8001 0000017d \
    "0008$(printf %016d 0)000b40000007"
check "GetRandom, cut at each length" each_length 8001 0000017b 0008
check "GetCapability, cut at each length" each_length 8001 0000017a \
    000000060000010000000001
check "PCR_Read, cut at each length" each_length 8001 0000017e \
    00000001000b03010000
empty_auth=000000094000000900000000
check "PCR_Extend, cut at each length" each_length 8002 00000182 \
    "00000017${empty_auth}00""00000001000b$(printf %064d 1)"
check "NV_DefineSpace, cut at each length" each_length 8002 0000012a \
    "40000001${empty_auth}000000000e0150004b000b000200020000000""8"
check "and what it defined goes" tpm2_nvundefine -Q -C o 0x150004b

check "a byte too many is refused" refused prints 00000000 \
    ask "$(framed 8001 0000017b 000800)"
check "an unknown command code" prints 00000143 \
    ask "$(framed 8001 00000fff '')"
# libtpms has TPM_RC_VALUE where the specification has TPM_RC_BAD_TAG (0x1e).
check "an unknown tag" prints 00000084 ask "$(framed 8003 0000017b 0008)"
# TPM 2.0 Part 2, TPM_PT_MAX_COMMAND_SIZE: 4,096; TPM_LARGEST says where a
# driver takes less: Linux's for SVSMs has 9 bytes before the command in a page.
largest=${TPM_LARGEST:-4096}
# sized BYTES: a command of that size; the response code
sized()
{
    filler=$(head -c $(($1 - 13)) /dev/zero | xxd -p | tr -d '\n')
    code=$(ask "$(framed 8001 0000017d "0ff0$filler"00)")
    echo "$code"
}
# Hash knows no buffer that large (TPM_RC_SIZE, of parameter 1).
check "$largest bytes arrive whole, and are refused for their contents" \
    prints 000001d5 sized "$largest"
if [ "$largest" -lt 4096 ]; then
    check "one byte more does not arrive" prints '' sized $((largest + 1))
fi
check "the TPM is none the worse for it" tpm2_getrandom -Q -o random 16
