/* SPDX-License-Identifier: MIT */
/* svsm/vtpm: the program as its clients meet it. Each test runs on the static
 * program and on one whose own code is built with sanitizers. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "tests/unit/vtpm-client.h"

#define RC_INITIALIZE 0x100u
#define RC_VALUE 0x084u /* libtpms's word for an unknown tag */
#define RC_LOCALITY 0x907u
#define RANDOM_16 "0010"

static void test_startup(gconstpointer program)
{
    struct client *client = client_start(program);
    const guint16 plain = VTPM_ST_NO_SESSIONS;
    g_autoptr(GByteArray) one = NULL;
    g_autoptr(GByteArray) two = NULL;

    g_assert_cmphex(client_rc(client, plain, CC_GET_RANDOM, RANDOM_16), ==,
                    RC_INITIALIZE);
    client_startup(client);
    g_assert_cmphex(client_rc(client, plain, CC_STARTUP, "0000"), ==,
                    RC_INITIALIZE);
    one = client_call(client, plain, CC_GET_RANDOM, RANDOM_16, NULL);
    two = client_call(client, plain, CC_GET_RANDOM, RANDOM_16, NULL);
    g_assert_cmpuint(one->len, ==, 2 + 16);
    assert_different(one, two);
    g_assert_cmphex(client_rc(client, plain, CC_SELF_TEST, "01"), ==, 0);
    g_assert_cmpint(client_end(client, NULL), ==, 0);
}

/* All 24 PCRs in the SHA-256 bank, and firmware finds no other that it would
 * have to hash for; one that is not allocated has no PCR to read. */
static void test_banks(gconstpointer program)
{
    struct client *client = client_start(program);
    g_autoptr(GByteArray) banks = NULL;
    g_autoptr(GByteArray) wanted =
        from_hex("00 00000005 00000001 000b 03ffffff");
    g_autoptr(GByteArray) pcr = NULL;
    g_autoptr(GByteArray) other = NULL;
    g_autoptr(GByteArray) none = from_hex("00000001 0004 03000000 00000000");
    g_autoptr(GByteArray) zero = from_hex("00000001 000b 03010000 00000001 0020"
                                          "00000000000000000000000000000000"
                                          "00000000000000000000000000000000");

    client_startup(client);
    banks = client_call(client, VTPM_ST_NO_SESSIONS, CC_GET_CAPABILITY,
                        "00000005 00000000 00000040", NULL);
    assert_same(banks, wanted);
    pcr = client_call(client, VTPM_ST_NO_SESSIONS, CC_PCR_READ,
                      "00000001 000b 03010000", NULL);
    g_byte_array_remove_range(pcr, 0, 4); /* the update counter */
    assert_same(pcr, zero);
    other = client_call(client, VTPM_ST_NO_SESSIONS, CC_PCR_READ,
                        "00000001 0004 03010000", NULL);
    g_byte_array_remove_range(other, 0, 4);
    assert_same(other, none);
    g_assert_cmpint(client_end(client, NULL), ==, 0);
}

/* Every way to cut a command in two, and byte by byte */
static void test_split(gconstpointer program)
{
    struct client *client = client_start(program);
    g_autoptr(GByteArray) command =
        frame(VTPM_ST_NO_SESSIONS, CC_GET_RANDOM, RANDOM_16);
    guint i;

    client_startup(client);
    for (i = 1; i < command->len; i++) {
        g_autoptr(GByteArray) answer = NULL;

        client_send(client, command->data, i);
        g_usleep(500); /* lets the first part arrive alone */
        client_send(client, command->data + i, command->len - i);
        answer = client_receive(client);
        g_assert_cmpuint(answer->len, ==, VTPM_HEADER_SIZE + 2 + 16);
    }
    for (i = 0; i < command->len; i++) {
        client_send(client, command->data + i, 1);
    }
    g_byte_array_unref(client_receive(client));
    g_assert_cmpint(client_end(client, NULL), ==, 0);
}

static void test_joined(gconstpointer program)
{
    struct client *client = client_start(program);
    g_autoptr(GByteArray) both = frame(VTPM_ST_NO_SESSIONS, CC_STARTUP, "0000");
    g_autoptr(GByteArray) second =
        frame(VTPM_ST_NO_SESSIONS, CC_GET_RANDOM, RANDOM_16);
    g_autoptr(GByteArray) answer = NULL;

    g_byte_array_append(both, second->data, second->len);
    client_send(client, both->data, both->len);
    answer = client_receive(client);
    g_assert_cmpuint(answer->len, ==, VTPM_HEADER_SIZE);
    g_byte_array_unref(answer);
    answer = client_receive(client);
    g_assert_cmpuint(answer->len, ==, VTPM_HEADER_SIZE + 2 + 16);
    g_assert_cmpint(client_end(client, NULL), ==, 0);
}

/* One property of a good command is broken at a time; a good one follows. */
static void test_malformed(gconstpointer program)
{
    static const struct {
        guint16 tag;
        guint32 size, code, length;
        guint32 rc;
    } rows[] = {
        { VTPM_ST_NO_SESSIONS, 0, CC_GET_RANDOM, 10, VTPM_RC_COMMAND_SIZE },
        { VTPM_ST_NO_SESSIONS, 9, CC_GET_RANDOM, 10, VTPM_RC_COMMAND_SIZE },
        { VTPM_ST_NO_SESSIONS, 4097, CC_GET_RANDOM, 4097,
          VTPM_RC_COMMAND_SIZE },
        { VTPM_ST_NO_SESSIONS, 70000, CC_GET_RANDOM, 70000,
          VTPM_RC_COMMAND_SIZE },
        { VTPM_ST_NO_SESSIONS, 10, CC_GET_RANDOM, 10, 0x1da }, /* too short */
        { VTPM_ST_NO_SESSIONS, 13, CC_GET_RANDOM, 13, 0x095 }, /* too long */
        { VTPM_ST_NO_SESSIONS, 4096, CC_GET_RANDOM, 4096, 0x095 },
        { VTPM_ST_NO_SESSIONS, 10, 0x7fffffff, 10, VTPM_RC_COMMAND_CODE },
        { 0x0000, 12, CC_GET_RANDOM, 12, RC_VALUE },
        { 0x00c1, 12, CC_GET_RANDOM, 12, RC_VALUE },
        { VTPM_TAG_CONTROL - 1, 12, CC_GET_RANDOM, 12, RC_VALUE },
        { VTPM_TAG_CONTROL + 1, 12, CC_GET_RANDOM, 12, RC_VALUE },
        { VTPM_TAG_CONTROL, 12, VTPM_EK_RSA2048, 12, VTPM_RC_COMMAND_SIZE },
        { VTPM_TAG_CONTROL, 10, VTPM_SET_LOCALITY, 10, VTPM_RC_COMMAND_SIZE },
        { VTPM_TAG_CONTROL, 10, 0, 10, VTPM_RC_COMMAND_CODE },
        { VTPM_TAG_CONTROL, 10, 4, 10, VTPM_RC_COMMAND_CODE },
        { VTPM_TAG_CONTROL, 12, CC_GET_RANDOM, 12, VTPM_RC_COMMAND_CODE },
        { VTPM_TAG_CONTROL, 4097, VTPM_EK_RSA2048, 4097, VTPM_RC_COMMAND_SIZE },
    };
    struct client *client = client_start(program);
    gsize i;

    client_startup(client);
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree guint8 *command = g_malloc0(rows[i].length);
        g_autoptr(GByteArray) answer = NULL;

        vtpm_header_put(command, rows[i].tag, rows[i].size, rows[i].code);
        client_send(client, command, rows[i].length);
        answer = client_receive(client);
        g_assert_cmphex(vtpm_header_get(answer->data).code, ==, rows[i].rc);
        g_assert_cmpuint(answer->len, ==, VTPM_HEADER_SIZE);
        g_assert_cmphex(
            client_rc(client, VTPM_ST_NO_SESSIONS, CC_GET_RANDOM, RANDOM_16),
            ==, 0);
    }
    g_assert_cmpint(client_end(client, NULL), ==, 0);
}

/* PCR 20 may be extended at locality 1 and above, not at 0. */
static void test_locality(gconstpointer program)
{
    static const char extend[] = "00000014" AUTH "00000001 000b"
                                 "11111111111111111111111111111111"
                                 "11111111111111111111111111111111";
    struct client *client = client_start(program);
    const guint16 control = VTPM_TAG_CONTROL;

    client_startup(client);
    g_assert_cmphex(client_rc(client, VTPM_ST_SESSIONS, CC_PCR_EXTEND, extend),
                    ==, RC_LOCALITY);
    g_assert_cmphex(client_rc(client, control, VTPM_SET_LOCALITY, "05"), ==,
                    VTPM_RC_LOCALITY);
    g_assert_cmphex(client_rc(client, VTPM_ST_SESSIONS, CC_PCR_EXTEND, extend),
                    ==, RC_LOCALITY);
    g_assert_cmphex(client_rc(client, control, VTPM_SET_LOCALITY, "03"), ==, 0);
    g_assert_cmphex(client_rc(client, VTPM_ST_SESSIONS, CC_PCR_EXTEND, extend),
                    ==, 0);
    g_assert_cmphex(client_rc(client, control, VTPM_SET_LOCALITY, "00"), ==, 0);
    g_assert_cmphex(client_rc(client, VTPM_ST_SESSIONS, CC_PCR_EXTEND, extend),
                    ==, RC_LOCALITY);
    g_assert_cmpint(client_end(client, NULL), ==, 0);
}

/* The input ends after @count bytes of a command. */
static void check_end(const char *program, guint count, int status,
                      const char *expected_log)
{
    struct client *client = client_start(program);
    g_autoptr(GByteArray) command =
        frame(VTPM_ST_NO_SESSIONS, CC_GET_RANDOM, RANDOM_16);
    g_autofree char *log = NULL;

    client_send(client, command->data, count);
    g_assert_cmpint(client_end(client, &log), ==, status);
    g_assert_cmpstr(log, ==, expected_log);
}

static void test_end(gconstpointer program)
{
    const char *inside = "evtpm-vtpm: the input ended inside a command\n";

    check_end(program, 0, 0, "");
    check_end(program, 1, 1, inside);
    check_end(program, 9, 1, inside);
    check_end(program, 10, 1, inside);
    check_end(program, 11, 1, inside);
}

static void test_arguments(gconstpointer program)
{
    g_autofree char *path = client_program_path(program);
    char *argv[] = { path, (char *)"--state=/tmp", NULL };
    g_autofree char *log = NULL;

    g_assert_cmpint(client_end(client_spawn(argv), &log), ==, 2);
    g_assert_nonnull(strstr(log, "takes no arguments"));
}

static void add(const char *name, GTestDataFunc function)
{
    g_autofree char *plain = g_strdup_printf("/vtpm/%s", name);
    g_autofree char *sanitized = g_strdup_printf("/vtpm/sanitized/%s", name);

    g_test_add_data_func(plain, VTPM_PROGRAM, function);
    g_test_add_data_func(sanitized, VTPM_PROGRAM_SANITIZED, function);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("startup", test_startup);
    add("banks", test_banks);
    add("split", test_split);
    add("joined", test_joined);
    add("malformed", test_malformed);
    add("locality", test_locality);
    add("end", test_end);
    add("arguments", test_arguments);
    return g_test_run();
}
