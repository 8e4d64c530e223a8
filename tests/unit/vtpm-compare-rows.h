/* SPDX-License-Identifier: MIT */
/*
 * Commands whose answers must be the same, byte for byte, from any libtpms:
 * rows of test-vtpm-compare.c, run in this order on a fresh TPM. Keys are
 * loaded from outside, for what the TPM makes itself comes of its own seeds.
 */
#ifndef TESTS_VTPM_COMPARE_ROWS_H
#define TESTS_VTPM_COMPARE_ROWS_H

#include "tests/unit/vtpm-client.h"

struct compare_row {
    guint16 tag;
    guint32 code;
    const char *body;
    /* SHAPE: tag, size and response code only; CODE: not even the size */
    enum { ALL, SHAPE, CODE } what;
};

#define N VTPM_ST_NO_SESSIONS
#define S VTPM_ST_SESSIONS
#define AUTH2 "00000012 40000009 0000 00 0000 40000009 0000 00 0000"
#define AUTH_ABC "0000000c 40000009 0000 00 0003 616263"
#define RH_NULL "40000007"
#define RH_LOCKOUT "4000000a"
#define OBJECT "80000000"
#define SESSION "03000000"
#define ZERO16 "00000000000000000000000000000000"
#define ZERO32 ZERO16 ZERO16
#define SHA256_ABC                                                             \
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
/* SHA-256(32 bytes of seed || key): what binds public and private part */
#define HMAC_UNIQUE                                                            \
    "ddfe29c35c18757475bdccdc4d97a2e82ad1ffffff28e3b96464244a90bf3ea1"
#define AES_UNIQUE                                                             \
    "17b0761f87b081d5cf10757ccc89f12be355c70e2e29df288b65b30710dcbcd1"
/* HMAC-SHA-256("key", SHA256_ABC) */
#define HMAC_ABC                                                               \
    "1ceb3bc9d775085e9166a8f29ad47ac214cb2f76e21a5a1716a1042108f7a2a1"
#define HMAC_KEY                                                               \
    "002b 0008 0000 0020" ZERO32 "0003 6b6579"                                 \
    "0030 0008 000b 00040040 0000 0005 000b 0020" HMAC_UNIQUE RH_NULL
#define AES_KEY                                                                \
    "0038 0025 0000 0020" ZERO32 "0010" ZERO16                                 \
    "0032 0025 000b 00060040 0000 0006 0080 0043 0020" AES_UNIQUE RH_NULL
#define RSA_MODULUS_PART                                                       \
    "c3b5a1f7d9e3c5b1a7f3d5e9c1b7a3f9d3e5c9b3a5f1d7e1c7b9a9f5d1e7c3b5"
#define RSA_KEY                                                                \
    "0000 0116 0001 000b 00020040 0000 0010 0010 0800 00000000 "               \
    "0100" RSA_MODULUS_PART RSA_MODULUS_PART RSA_MODULUS_PART RSA_MODULUS_PART \
        RSA_MODULUS_PART RSA_MODULUS_PART RSA_MODULUS_PART RSA_MODULUS_PART    \
            RH_NULL
#define P256_X                                                                 \
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define P256_Y                                                                 \
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define ECC_KEY                                                                \
    "0000 0058 0023 000b 00040040 0000 0010 0018 000b 0003 0010"               \
    "0020" P256_X "0020" P256_Y RH_NULL
#define CAPABILITY(cap, first)                                                 \
    {                                                                          \
        N, 0x17a, cap first "00000100", ALL                                    \
    }
/* index, attributes, size of its data */
#define NV_DEFINE(index, attributes, size)                                     \
    {                                                                          \
        S, 0x12a,                                                              \
            RH_OWNER AUTH "0000 000e" index "000b" attributes "0000" size, ALL \
    }
#define NV(code, index, rest)                                                  \
    {                                                                          \
        S, code, RH_OWNER index AUTH rest, ALL                                 \
    }
#define TRIAL                                                                  \
    {                                                                          \
        N, 0x176, RH_NULL RH_NULL "0010" ZERO16 "0000 03 0010 000b", SHAPE     \
    }
#define POLICY(code, rest)                                                     \
    { N, code, SESSION rest, ALL },                                            \
    {                                                                          \
        N, 0x189, SESSION, ALL                                                 \
    }
#define FLUSH(handle)                                                          \
    {                                                                          \
        N, 0x165, handle, ALL                                                  \
    }

static const struct compare_row rows[] = {
    /* before and after Startup */
    { N, 0x17b, "0008", ALL },
    { N, 0x144, "0001", ALL },
    { N, 0x144, "0000", ALL },
    { N, 0x144, "0000", ALL },
    { N, 0x143, "01", ALL },
    { N, 0x143, "02", ALL },
    { N, 0x142, "00000002 0004 000b", ALL },
    { N, 0x17c, "", ALL },
    { N, 0x146, "0004 01020304", ALL },
    { N, 0x146, "00ff 01020304", ALL },
    /* capabilities, each kind whole */
    CAPABILITY("00000000", "00000000"),
    CAPABILITY("00000001", "00000000"),
    CAPABILITY("00000001", "01000000"),
    CAPABILITY("00000001", "02000000"),
    CAPABILITY("00000001", "03000000"),
    CAPABILITY("00000001", "40000000"),
    CAPABILITY("00000001", "80000000"),
    CAPABILITY("00000001", "81000000"),
    CAPABILITY("00000002", "0000011f"),
    CAPABILITY("00000003", "0000011f"),
    CAPABILITY("00000004", "0000011f"),
    /* banks without PCRs are not listed here: svsm/vtpm/banks.c */
    { N, 0x17a, "00000005 00000000 00000100", CODE },
    CAPABILITY("00000006", "00000100"),
    CAPABILITY("00000007", "00000000"),
    CAPABILITY("00000008", "00000000"),
    CAPABILITY("00000009", "00000000"),
    CAPABILITY("000000ff", "00000000"),
    { N, 0x18a, "0001 0010 0010 0800 00000000", ALL },
    { N, 0x18a, "0001 0010 0010 03e8 00000000", ALL },
    { N, 0x18a, "0023 0010 0010 0003 0010", ALL },
    { N, 0x178, "0003", ALL },
    { N, 0x178, "0004", ALL },
    { N, 0x178, "00ff", ALL },
    /* PCRs */
    { N, 0x17e, "00000002 0004 03 ff0000 000b 03 ff0000", ALL },
    { N, 0x17e, "00000001 000b 03 0000ff", ALL },
    { N, 0x17e, "00000001 000c 03 ff0000", ALL },
    { S, 0x182, "00000017" AUTH "00000001 000b" SHA256_ABC, ALL },
    { S, 0x182, "00000010" AUTH "00000001 000b" SHA256_ABC, ALL },
    { S, 0x182, "00000011" AUTH "00000001 000b" SHA256_ABC, ALL },
    { S, 0x182, "00000018" AUTH "00000001 000b" SHA256_ABC, ALL },
    { S, 0x13c, "00000017" AUTH "0003 616263", ALL },
    { N, 0x17e, "00000001 000b 03 0000ff", ALL },
    { S, 0x13d, "00000017" AUTH, ALL },
    { S, 0x13d, "00000000" AUTH, ALL },
    { N, 0x17e, "00000001 000b 03 0000ff", ALL },
    { S, 0x183, "00000014" AUTH "0003 616263", ALL },
    { S, 0x12b, RH_PLATFORM AUTH "00000001 000b 03 ffffff", ALL },
    /* hashes, whole and in sequences */
    { N, 0x17d, "0003 616263 0004" RH_NULL, ALL },
    { N, 0x17d, "0003 616263 000b" RH_NULL, ALL },
    { N, 0x17d, "0003 616263 000c" RH_NULL, ALL },
    { N, 0x17d, "0003 616263 000d" RH_NULL, ALL },
    { N, 0x17d, "0003 616263 0010" RH_NULL, ALL },
    { N, 0x186, "0000 000b", ALL },
    { S, 0x15c, OBJECT AUTH "0001 61", ALL },
    { S, 0x15c, OBJECT AUTH "0001 62", ALL },
    { S, 0x13e, OBJECT AUTH "0001 63" RH_NULL, ALL },
    { S, 0x13e, OBJECT AUTH "0001 63" RH_NULL, ALL },
    { N, 0x186, "0000 0010", ALL },
    { S, 0x185, "00000017" OBJECT AUTH2 "0003 616263", ALL },
    { N, 0x17e, "00000001 000b 03 0000ff", ALL },
    /* keys from outside */
    { N, 0x167, HMAC_KEY, ALL },
    { N, 0x173, OBJECT, ALL },
    /* the first use of an algorithm tests it: try again, as the answer says */
    { S, 0x155, OBJECT AUTH "0003 616263 000b", ALL },
    { S, 0x155, OBJECT AUTH "0003 616263 000b", ALL },
    { S, 0x15d, OBJECT AUTH "0020" SHA256_ABC "0010 8024" RH_NULL "0000", ALL },
    { N, 0x177, OBJECT "0020" SHA256_ABC "0005 000b" HMAC_ABC, ALL },
    { N, 0x177, OBJECT "0020" SHA256_ABC "0005 000b" ZERO32, ALL },
    { S, 0x15b, OBJECT AUTH "0000 000b", ALL },
    { S, 0x13e, "80000001" AUTH "0003 616263" RH_NULL, ALL },
    FLUSH(OBJECT),
    FLUSH(OBJECT),
    { N, 0x167, AES_KEY, ALL },
    { S, 0x164, OBJECT AUTH "00 0043 0010" ZERO16 "0010" ZERO16, ALL },
    { S, 0x193, OBJECT AUTH "0010" ZERO16 "00 0043 0010" ZERO16, ALL },
    { S, 0x193, OBJECT AUTH "0010" ZERO16 "01 0043 0010" ZERO16, ALL },
    { S, 0x193, OBJECT AUTH "0010" ZERO16 "00 0042 0010" ZERO16, ALL },
    FLUSH(OBJECT),
    { N, 0x167, RSA_KEY, ALL },
    { N, 0x174, OBJECT "0003 616263 0010 0000", ALL },
    { N, 0x173, OBJECT, ALL },
    FLUSH(OBJECT),
    { N, 0x167, ECC_KEY, ALL },
    { N, 0x173, OBJECT, ALL },
    { N, 0x177, OBJECT "0020" SHA256_ABC "0018 000b 0020" P256_X "0020" P256_Y,
      ALL },
    FLUSH(OBJECT),
    /* NV */
    NV_DEFINE("01500001", "00060006", "0020"),
    NV_DEFINE("01500001", "00060006", "0020"),
    { N, 0x169, "01500001", ALL },
    NV(0x14e, "01500001", "0020 0000"),
    NV(0x137, "01500001", "0020" SHA256_ABC "0000"),
    NV(0x14e, "01500001", "0020 0000"),
    NV(0x14e, "01500001", "0020 0001"),
    { N, 0x169, "01500001", ALL },
    CAPABILITY("00000001", "01000000"),
    NV(0x138, "01500001", ""),
    NV_DEFINE("01500002", "00060016", "0008"),
    NV(0x14e, "01500002", "0008 0000"),
    NV(0x134, "01500002", ""),
    NV(0x134, "01500002", ""),
    NV(0x14e, "01500002", "0008 0000"),
    NV(0x137, "01500002", "0001 61 0000"),
    NV_DEFINE("01500003", "00060026", "0008"),
    NV(0x135, "01500003", "0000000000000101"),
    NV(0x14e, "01500003", "0008 0000"),
    NV_DEFINE("01500004", "00060046", "0020"),
    NV(0x136, "01500004", "0003 616263"),
    NV(0x14e, "01500004", "0020 0000"),
    NV_DEFINE("01500005", "800e4006", "0010"),
    NV(0x137, "01500005", "0010" ZERO16 "0000"),
    NV(0x138, "01500005", ""),
    NV(0x14f, "01500005", ""),
    NV(0x14e, "01500005", "0010 0000"),
    NV_DEFINE("01500006", "00068006", "0801"),
    { S, 0x132, RH_OWNER AUTH, ALL },
    /* policies, in trial sessions */
    TRIAL,
    POLICY(0x16c, "0000015d"),
    POLICY(0x16c, "0000015e"),
    POLICY(0x180, ""),
    POLICY(0x17f, "0000 00000001 000b 03 010000"),
    POLICY(0x16b, ""),
    POLICY(0x18c, ""),
    POLICY(0x16f, "01"),
    POLICY(0x18f, "01"),
    POLICY(0x187, ""),
    POLICY(0x171, "00000002 0020" SHA256_ABC "0020" ZERO32),
    POLICY(0x16d, "0008 0000000000000001 0000 0002"),
    POLICY(0x16a,
           "0020" SHA256_ABC "0000 0022 000b" SHA256_ABC "8022" RH_NULL "0000"),
    POLICY(0x180, ""),
    POLICY(0x16e, "0020" SHA256_ABC),
    POLICY(0x180, ""),
    POLICY(0x170, "0020" SHA256_ABC),
    POLICY(0x180, ""),
    POLICY(0x190, "0020" SHA256_ABC),
    POLICY(0x180, ""),
    POLICY(0x188, "0022 000b" SHA256_ABC "0022 000b" ZERO32 "00"),
    POLICY(0x180, ""),
    { S, 0x149, RH_OWNER "01500001" SESSION AUTH "0001 61 0000 0000", ALL },
    { S, 0x151, RH_OWNER SESSION AUTH "0000 0000 0000 00000000", ALL },
    { N, 0x189, SESSION, ALL },
    FLUSH(SESSION),
    { N, 0x189, SESSION, ALL },
    NV(0x122, "01500001", ""),
    NV(0x122, "01500001", ""),
    /* hierarchies and the rest of the management */
    { S, 0x129, RH_OWNER AUTH "0003 616263", ALL },
    { S, 0x129, RH_OWNER AUTH "0000", ALL },
    { S, 0x129, RH_OWNER AUTH_ABC "0000", ALL },
    { S, 0x12e, RH_OWNER AUTH "0000 0010", ALL },
    { S, 0x12e, RH_OWNER AUTH "0020" SHA256_ABC "000b", ALL },
    { S, 0x121, RH_PLATFORM AUTH RH_OWNER "00", ALL },
    { S, 0x129, RH_OWNER AUTH "0000", ALL },
    { S, 0x121, RH_PLATFORM AUTH RH_OWNER "01", ALL },
    { S, 0x127, RH_LOCKOUT AUTH "01", ALL },
    { S, 0x126, RH_LOCKOUT AUTH, ALL },
    { S, 0x127, RH_PLATFORM AUTH "00", ALL },
    { S, 0x139, RH_LOCKOUT AUTH, ALL },
    { S, 0x13a, RH_LOCKOUT AUTH "00000005 00000010 00000020", ALL },
    { S, 0x13f, RH_PLATFORM AUTH "00000000", ALL },
    { S, 0x140, RH_OWNER AUTH "000b 00000000 00000000", ALL },
    { S, 0x140, RH_OWNER AUTH "0010 00000001 0000017b 00000000", ALL },
    { S, 0x12d, RH_PLATFORM AUTH "00000000 00000000", ALL },
    { S, 0x130, RH_OWNER AUTH "00", ALL },
    { S, 0x128, RH_OWNER AUTH "0000000100000000", ALL },
    { S, 0x128, RH_OWNER AUTH "0000000000000001", ALL },
    CAPABILITY("00000006", "00000200"),
    /* what is made of seeds, chance or time, by its shape */
    { N, 0x17b, "0020", SHAPE },
    { N, 0x181, "", SHAPE },
    { S, 0x131,
      RH_OWNER AUTH "0004 0000 0000 001a 0023 000b 00030072 0000 0006 0080 0043"
                    "0010 0003 0010 0000 0000 0000 00000000",
      SHAPE },
    FLUSH(OBJECT),
    { S, 0x126, RH_LOCKOUT AUTH, ALL },
    { S, 0x124, RH_PLATFORM AUTH, ALL },
    { S, 0x125, RH_PLATFORM AUTH, ALL },
    { N, 0x145, "0000", ALL },
};

#undef N
#undef S

/* Commands whose good answers cannot be the same, and why. */
static const struct {
    const char *why;
    guint32 codes[24];
} excluded[] = {
    { "the answer is made of the TPM's seeds: a key, its name, a ticket, or "
      "what only such a key opens",
      { 0x120, 0x131, 0x147, 0x14b, 0x150, 0x152, 0x153, 0x154, 0x156, 0x157,
        0x159, 0x15e, 0x161, 0x162, 0x172, 0x191 } },
    { "the answer has random bytes: nonces, keys, signatures over them",
      { 0x133, 0x148, 0x14a, 0x14d, 0x158, 0x160, 0x163, 0x168, 0x176, 0x17b,
        0x184, 0x18b, 0x18d, 0x18e, 0x197 } },
    { "the answer has the time", { 0x14c, 0x181 } },
    { "takes an index or PCR with a policy of its own; malformed only",
      { 0x11f, 0x12c, 0x13b, 0x192 } },
    { "takes physical presence; malformed only", { 0x12d } },
};

#endif
