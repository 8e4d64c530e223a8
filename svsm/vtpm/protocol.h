/* SPDX-License-Identifier: MIT */
/* What the SVSM kernel and the vTPM program say to each other on descriptors 0
 * and 1.
 *
 * Requests arrive on descriptor 0, each answered by exactly one response on
 * descriptor 1, in order. Both are TPM frames (TPM 2.0 part 3, 5.1), big
 * endian:
 *
 *   u16 tag   u32 size of the whole frame   u32 command or response code   ...
 *
 * A tag that no TPM command has, VTPM_TAG_CONTROL, marks a control frame. Only
 * the kernel may send one: it answers a guest's frame with that tag itself (see
 * vtpm_guest_frame_check()) and never forwards it. The program keeps control
 * frames away from libtpms, so neither can be taken for the other.
 *
 *   VTPM_EK_RSA2048, VTPM_EK_ECC_P256: size 10. The answer carries the
 *     marshalled TPMT_PUBLIC of the endorsement key by the TCG default template
 *     (EK Credential Profile 2.x, templates L-1 and L-2): what `tpm2_createek
 *     -G rsa` or `-G ecc` yields in the guest. Allowed at any time, also before
 *     TPM2_Startup; it changes nothing that the guest can observe.
 *   VTPM_SET_LOCALITY: size 11, one byte 0..4. Holds for the TPM commands that
 *     follow; it is 0 at the start.
 *
 * The answer's code is TPM_RC_SUCCESS or a TPM 2.0 error without further bytes.
 *
 * Freestanding: included by the kernel, the program and their tests. */
#ifndef EVTPM_VTPM_PROTOCOL_H
#define EVTPM_VTPM_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#define VTPM_HEADER_SIZE 10u
#define VTPM_FRAME_MAX 4096u /* commands and responses, header included */

#define VTPM_TAG_CONTROL 0xe001u
#define VTPM_EK_RSA2048 1u
#define VTPM_EK_ECC_P256 2u
#define VTPM_SET_LOCALITY 3u
#define VTPM_LOCALITY_MAX 4u

/* The TPM 2.0 constants (part 2, 6.6 and 6.9) that frames need here */
#define VTPM_ST_NO_SESSIONS 0x8001u
#define VTPM_ST_SESSIONS 0x8002u
#define VTPM_RC_SUCCESS 0u
#define VTPM_RC_BAD_TAG 0x01eu
#define VTPM_RC_FAILURE 0x101u
#define VTPM_RC_COMMAND_SIZE 0x142u
#define VTPM_RC_COMMAND_CODE 0x143u
#define VTPM_RC_LOCALITY 0x907u

struct vtpm_header {
    uint16_t tag;
    uint32_t size;
    uint32_t code;
};

static inline uint16_t vtpm_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t vtpm_get32(const uint8_t *p)
{
    return (uint32_t)vtpm_get16(p) << 16 | vtpm_get16(p + 2);
}

static inline void vtpm_put16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline void vtpm_put32(uint8_t *p, uint32_t value)
{
    vtpm_put16(p, (uint16_t)(value >> 16));
    vtpm_put16(p + 2, (uint16_t)value);
}

/* Decodes a header; @p has VTPM_HEADER_SIZE bytes. Nothing is judged. */
static inline struct vtpm_header vtpm_header_get(const uint8_t *p)
{
    return (struct vtpm_header){ .tag = vtpm_get16(p),
                                 .size = vtpm_get32(p + 2),
                                 .code = vtpm_get32(p + 6) };
}

/* Writes a header to the VTPM_HEADER_SIZE bytes at @p; returns their number. */
static inline size_t vtpm_header_put(uint8_t *p, uint16_t tag, uint32_t size,
                                     uint32_t code)
{
    vtpm_put16(p, tag);
    vtpm_put32(p + 2, size);
    vtpm_put32(p + 6, code);
    return VTPM_HEADER_SIZE;
}

/* A TPM response that is nothing but the error @rc. */
static inline size_t vtpm_error_put(uint8_t *p, uint32_t rc)
{
    return vtpm_header_put(p, VTPM_ST_NO_SESSIONS, VTPM_HEADER_SIZE, rc);
}

/* May the kernel forward these @length bytes of a guest to the program?
 * VTPM_RC_SUCCESS, or the code of the response that the guest gets instead
 * (vtpm_error_put()). A guest can then neither send a control frame nor leave
 * the stream between two frames. */
static inline uint32_t vtpm_guest_frame_check(const uint8_t *frame,
                                              size_t length)
{
    if (length < VTPM_HEADER_SIZE || length > VTPM_FRAME_MAX) {
        return VTPM_RC_COMMAND_SIZE;
    }
    if (vtpm_get32(frame + 2) != length) {
        return VTPM_RC_COMMAND_SIZE;
    }
    if (vtpm_get16(frame) == VTPM_TAG_CONTROL) {
        return VTPM_RC_BAD_TAG;
    }
    return VTPM_RC_SUCCESS;
}

#endif
