/* SPDX-License-Identifier: MIT */
/* SVSM conformance: vTPM protocol (58019 chapter 8). */
#include "tests/guest/svsm-calls.h"

#include <string.h>

#include "svsm/vtpm/protocol.h"

#define TPM_RC_INITIALIZE 0x100
#define ROOM (PAGE - sizeof(struct svsm_vtpm_request))
#define CMD SVSM_CALL(2, SVSM_VTPM_CMD)

static const uint8_t startup[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0 };
static const uint8_t get_random[] = { 0x80, 1, 0,    0, 0, 12,
                                      0,    0, 1, 0x7b, 0, 16 };
/* PCR_Read of PCR 8 in the SHA-256 bank; PCR_Event of 0 bytes on it */
static const uint8_t pcr_read[] = { 0x80, 1, 0, 0, 0,    20, 0, 0, 1, 0x7e,
                                    0,    0, 0, 1, 0, 0x0b, 3, 0, 1, 0 };
static const uint8_t pcr_event[] = { 0x80, 2, 0, 0, 0, 29, 0,    0, 1, 0x3c,
                                     0,    0, 0, 8, 0, 0, 0, 9, 0x40, 0,
                                     0,    9, 0, 0, 0, 0, 0, 0, 0 };

/* Where the next commands lie; a page long from there on */
static uint8_t *buffer;

static void put(uint32_t platform, uint8_t locality, uint32_t claimed,
                const uint8_t *command, size_t size)
{
    const struct svsm_vtpm_request r = { platform, locality, claimed };

    memcpy(buffer, &r, sizeof(r));
    memcpy(buffer + sizeof(r), command, size);
}

static uint64_t send(void)
{
    return svsm(SVSM_PROTOCOL_VTPM, SVSM_VTPM_CMD, (uint64_t)buffer);
}

/* The TPM's response code; ~0: no well-formed response */
static uint32_t tpm(const uint8_t *command, size_t given, uint32_t claimed)
{
    uint8_t *response = buffer + sizeof(uint32_t);
    uint32_t size;

    put(SVSM_VTPM_FEATURE_SEND_COMMAND, 0, claimed, command, given);
    if (send() != SVSM_SUCCESS) {
        return ~0u;
    }
    memcpy(&size, buffer, sizeof(size));
    if (size < VTPM_HEADER_SIZE || size > PAGE - sizeof(size) ||
        vtpm_get32(response + 2) != size) {
        return ~0u;
    }
    return vtpm_get32(response + 6);
}

#define TPM(command) tpm(command, sizeof(command), sizeof(command))

/* pcrUpdateCounter, which every change of a PCR advances */
static uint32_t pcr_counter(void)
{
    report(TPM(pcr_read) == 0, "8.2 PCR_Read");
    return vtpm_get32(buffer + sizeof(uint32_t) + VTPM_HEADER_SIZE);
}

static const struct field_row {
    const char *what;
    uint32_t platform;
    uint8_t locality;
    uint32_t claimed;
    uint64_t also;
} bad_fields[] = {
    { "platform command 0", 0, 0, 29, SVSM_ERR_UNSUPPORTED_CALL },
    { "platform command 1", 1, 0, 29, SVSM_ERR_UNSUPPORTED_CALL },
    { "platform command 7", 7, 0, 29, SVSM_ERR_UNSUPPORTED_CALL },
    { "platform command 9", 9, 0, 29, SVSM_ERR_UNSUPPORTED_CALL },
    { "platform command 80000008", 0x80000008, 0, 29,
      SVSM_ERR_UNSUPPORTED_CALL },
    { "locality 1", 8, 1, 29 },
    { "locality 4", 8, 4, 29 },
    { "locality 255", 8, 255, 29 },
    { "a command behind the page", 8, 0, ROOM + 1 },
    { "a command of a page", 8, 0, PAGE },
    { "a command of 80000000", 8, 0, 0x80000000 },
    { "a command of ffffffff", 8, 0, 0xffffffff },
    { "a size that overflows with the header", 8, 0, 0xfffffff7 },
};

/* The command would advance the counter, if it got to the TPM. */
static void test_fields(void)
{
    uint32_t before = pcr_counter();

    for (unsigned i = 0; i < COUNT(bad_fields); i++) {
        const struct field_row *r = &bad_fields[i];

        put(r->platform, r->locality, r->claimed, pcr_event,
            sizeof(pcr_event));
        judge("8.2", send(), PARAMETER, r->also, r->what);
    }
    report(pcr_counter() == before, "8.2 the TPM has seen none of them");
    report(TPM(pcr_event) == 0, "8.2 PCR_Event");
    report(pcr_counter() != before, "8.2 the TPM has seen this one");
}

static const struct row addresses[] = {
    { "8.2", "buffer at 0", CMD, { NUMBER, 0 }, .want = ADDRESS,
      .also = PARAMETER },
    { "8.2", "buffer in no memory", CMD, { BEYOND, 0 }, .want = ADDRESS,
      .also = PARAMETER },
    { "8.2", "buffer in the SVSM", CMD, { SVSM, 0 }, .want = ADDRESS,
      .also = PARAMETER },
    { "8.2", "buffer up to the SVSM's end", CMD, { SVSM_LAST, PAGE - 9 },
      .want = ADDRESS, .also = PARAMETER },
    { "8.2", "buffer that ends in the SVSM", CMD, { SVSM, -9ull },
      .want = ADDRESS, .also = PARAMETER },
    { "8.2", "buffer not validated", CMD, { RAW, 0 }, .want = ADDRESS,
      .also = PARAMETER },
    { "8.2", "buffer by the C-bit", CMD, { GOOD, SNP_CBIT }, .want = ADDRESS,
      .also = PARAMETER },
    { "8.2", "buffer that wraps around", CMD, { NUMBER, -8ull },
      .want = ADDRESS, .also = PARAMETER },
};

/* The command is whole, the page from there on is not: nothing may have run. */
static void test_cut(struct arg at, const char *what)
{
    uint32_t before;

    buffer = (void *)place((struct arg){ GOOD, 0 });
    before = pcr_counter();
    buffer = (void *)place(at);
    put(8, 0, sizeof(pcr_event), pcr_event, sizeof(pcr_event));
    judge("8.2", send(), ADDRESS, PARAMETER, what);
    buffer = (void *)place((struct arg){ GOOD, 0 });
    report(pcr_counter() == before, "8.2 and the TPM has not seen it");
}

static void test_places(void)
{
    run_rows(addresses, COUNT(addresses));
    test_cut((struct arg){ LAST, 1 }, "buffer 1 byte beyond RAM");
    test_cut((struct arg){ LAST, PAGE - 64 }, "buffer of which 64 bytes are");
    buffer = (void *)place((struct arg){ LAST, 0 });
    report(TPM(get_random) == 0, "8.2 buffer that ends with RAM");
    buffer = (void *)place((struct arg){ GOOD, 1 });
    report(TPM(get_random) == 0, "8.2 buffer 1 off, over two pages");
    buffer = (void *)place((struct arg){ GOOD, PAGE - 9 });
    report(TPM(get_random) == 0, "8.2 header and command in two pages");
    buffer = (void *)place((struct arg){ GOOD, PAGE - 3 });
    report(TPM(get_random) == 0, "8.2 a header in two pages");
    buffer = (void *)place((struct arg){ GOOD, 0 });
}

/* What is no command of a TPM is the TPM's to refuse: the call succeeds. */
static void test_commands(void)
{
    static const uint8_t control[] = { 0xe0, 1, 0, 0, 0, 10, 0, 0, 0, 1 };
    static const struct {
        uint32_t claimed, rc;
        const char *what;
    } sizes[] = {
        { 0, VTPM_RC_COMMAND_SIZE, "8.2 a command of 0 bytes" },
        { 1, VTPM_RC_COMMAND_SIZE, "8.2 a command of 1 byte" },
        { 9, VTPM_RC_COMMAND_SIZE, "8.2 a command of 9 bytes" },
        { 11, VTPM_RC_COMMAND_SIZE, "8.2 a command cut short" },
        { 13, VTPM_RC_COMMAND_SIZE, "8.2 a command with a byte behind" },
        { ROOM, VTPM_RC_COMMAND_SIZE, "8.2 a command that fills the page" },
    };

    for (unsigned i = 0; i < COUNT(sizes); i++) {
        uint32_t rc = tpm(get_random, sizeof(get_random), sizes[i].claimed);

        if (ANY_SVSM) {
            report(rc != 0, "%s", sizes[i].what);
        } else {
            expect(rc, sizes[i].rc, sizes[i].what);
        }
    }
    if (!ANY_SVSM) {
        expect(TPM(control), VTPM_RC_BAD_TAG, "8.2 a frame of the kernel's own");
    }
    report(TPM(get_random) == 0, "8.2 GetRandom after all that");
}

void test_vtpm(void)
{
    struct call c = { SVSM_CALL(2, SVSM_VTPM_QUERY), ~0ull, ~0ull, 7, 8 };

    expect(svsm_call(&c), SVSM_SUCCESS, "8.1 QUERY");
    report(c.rcx & 1ull << SVSM_VTPM_FEATURE_SEND_COMMAND,
           "8.1 SEND_COMMAND is offered");
    report(c.rdx == 0 && c.r8 == 7 && c.r9 == 8, "8.1 no features");
    report(ANY_SVSM || c.rcx == 0x100, "8.1 and nothing else");
    buffer = (void *)place((struct arg){ GOOD, 0 });
    expect(TPM(get_random), TPM_RC_INITIALIZE, "8.2 GetRandom before Startup");
    expect(TPM(startup), VTPM_RC_SUCCESS, "8.2 Startup");
    expect(TPM(get_random), VTPM_RC_SUCCESS, "8.2 GetRandom");
    test_fields();
    test_places();
    test_commands();
}
