/* SPDX-License-Identifier: MIT */
/*
 * No two starts of the vTPM program share anything: endorsement keys, other
 * primaries and random numbers of many starts do not collide, and look like
 * what chance makes. Each hierarchy's primary is a function of its seed alone,
 * so that equal seeds would show as equal keys.
 */
#include <math.h>
#include <string.h>

#include "tests/unit/vtpm-client.h"

#define STARTS 1000
/* A slow machine does fewer in this time, but not fewer than that. */
#define SECONDS 30
#define STARTS_LEAST 100
#define SIZE 32 /* of each value */
#define BITS (SIZE * 8)
/* Of a good source, less than one run in 10^8 is farther out. */
#define SIGMAS 6.5

enum value { EK, SRK, PLATFORM, RANDOM, VALUES };
static const char *const name[VALUES] = { "EK", "SRK", "platform key",
                                          "random number" };

static guint8 seen[VALUES][STARTS][SIZE];
static guint starts;

/* The x coordinate of the P-256 primary by this template: the last but one of
 * TPM2B in the answer's public area. */
static void primary_x(struct client *client, const char *hierarchy, guint8 *x)
{
    g_autofree char *body = g_strconcat(
        hierarchy, AUTH,
        "0004 0000 0000 001a 0023 000b 00030072 0000 0006 0080 0043 0010 0003"
        "0010 0000 0000 0000 00000000",
        NULL);
    g_autoptr(GByteArray) answer =
        client_call(client, VTPM_ST_SESSIONS, CC_CREATE_PRIMARY, body, NULL);
    /* handle, parameter size, size of the public area, which has 24 bytes
     * before its point */
    const guint8 *point = answer->data + 4 + 4 + 2 + 22;
    g_assert_cmpuint(answer->len, >, 4 + 4 + 2 + 22 + 2 + SIZE);
    g_assert_cmpuint(vtpm_get16(point), ==, SIZE);
    memcpy(x, point + 2, SIZE);
    g_autofree char *handle = g_strdup_printf("%08x", vtpm_get32(answer->data));
    g_byte_array_unref(client_call(client, VTPM_ST_NO_SESSIONS,
                                   CC_FLUSH_CONTEXT, handle, NULL));
}

static void one_start(guint i)
{
    struct client *client = client_start(VTPM_PROGRAM);

    client_startup(client);
    primary_x(client, RH_ENDORSEMENT, seen[EK][i]);
    primary_x(client, RH_OWNER, seen[SRK][i]);
    primary_x(client, RH_PLATFORM, seen[PLATFORM][i]);
    g_autoptr(GByteArray) random =
        client_call(client, VTPM_ST_NO_SESSIONS, CC_GET_RANDOM, "0020", NULL);
    g_assert_cmpuint(random->len, ==, 2 + SIZE);
    memcpy(seen[RANDOM][i], random->data + 2, SIZE);
    if (i == 0) {
        /* the control: within one start the keys stay what they are */
        guint8 again[SIZE];
        primary_x(client, RH_ENDORSEMENT, again);
        g_assert_cmpmem(again, SIZE, seen[EK][i], SIZE);
    }
    g_assert_cmpint(client_end(client, NULL), ==, 0);
}

static void test_starts(void)
{
    gint64 end = g_get_monotonic_time() + SECONDS * G_USEC_PER_SEC;

    while (starts < STARTS && g_get_monotonic_time() < end) {
        one_start(starts++);
    }
    g_test_message("%u starts", starts);
    g_assert_cmpuint(starts, >=, STARTS_LEAST);
}

/* Neither whole values nor their first eight bytes: of 4,000 by chance two
 * share these once in 10^12 runs. */
static void test_collisions(void)
{
    g_autoptr(GHashTable) set =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (int v = 0; v < VALUES; v++) {
        for (guint i = 0; i < starts; i++) {
            char *text = g_strdup_printf("%08x%08x", vtpm_get32(seen[v][i]),
                                         vtpm_get32(seen[v][i] + 4));
            if (!g_hash_table_add(set, text)) {
                g_test_fail_printf("two values begin alike: %s", name[v]);
            }
        }
    }
}

static void assert_half(guint ones, guint of, const char *what, guint where)
{
    double off = fabs(ones - of / 2.0) / sqrt(of / 4.0);

    if (off > SIGMAS) {
        g_test_fail_printf("%s %u: %u of %u bits are set", what, where, ones,
                           of);
    }
}

/* Over all starts each bit is set in about half of them, and over all bits
 * each value has about half set. */
static void check_bits(enum value v)
{
    guint column[BITS] = { 0 }, total = 0;

    for (guint i = 0; i < starts; i++) {
        guint row = 0;
        for (guint b = 0; b < BITS; b++) {
            guint bit = seen[v][i][b / 8] >> b % 8 & 1;
            column[b] += bit;
            row += bit;
        }
        assert_half(row, BITS, name[v], i);
        total += row;
    }
    for (guint b = 0; b < BITS; b++) {
        assert_half(column[b], starts, "bit", b);
    }
    assert_half(total, starts * BITS, name[v], starts);
}

/* Values of all bytes are equally frequent: chi-square with 255 degrees of
 * freedom, whose deviation is the square root of 510. */
static void check_bytes(enum value v)
{
    guint count[256] = { 0 };
    double expected = starts * SIZE / 256.0, chi = 0;

    for (guint i = 0; i < starts * SIZE; i++) {
        count[seen[v][i / SIZE][i % SIZE]]++;
    }
    for (guint i = 0; i < 256; i++) {
        chi += (count[i] - expected) * (count[i] - expected) / expected;
    }
    g_test_message("%s: chi-square %.0f of 255", name[v], chi);
    g_assert_cmpfloat(chi, <, 255 + SIGMAS * sqrt(510));
}

static void test_statistics(void)
{
    for (int v = 0; v < VALUES; v++) {
        check_bits((enum value)v);
        check_bytes((enum value)v);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vtpm-unique/starts", test_starts);
    g_test_add_func("/vtpm-unique/no-collision", test_collisions);
    g_test_add_func("/vtpm-unique/statistics", test_statistics);
    return g_test_run();
}
