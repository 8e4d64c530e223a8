/* SPDX-License-Identifier: MIT */
/* svsm/vtpm/ek.c: the endorsement key that the SVSM attests is the guest's, and
 * asking for it changes nothing that the guest can observe. */
#include <glib.h>
#include <string.h>

#include "tests/unit/vtpm-client.h"

#define RC_OBJECT_MEMORY 0x902u

static const guint32 both_keys[] = { VTPM_EK_RSA2048, VTPM_EK_ECC_P256 };

static void assert_frame_is_primary(struct client *client)
{
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(both_keys); i++) {
        g_autoptr(GByteArray) told = client_ek_frame(client, both_keys[i]);
        g_autoptr(GByteArray) made = client_ek_primary(client, both_keys[i]);

        assert_same(told, made);
    }
}

static void run_ok(struct client *client, guint32 code, const char *hex)
{
    g_assert_cmphex(client_rc(client, VTPM_ST_SESSIONS, code, hex), ==, 0);
}

static void test_same_key(gconstpointer program)
{
    struct client *client = client_start(program);
    g_autoptr(GByteArray) early = client_ek_frame(client, VTPM_EK_RSA2048);
    g_autoptr(GByteArray) late = NULL;

    client_startup(client);
    assert_frame_is_primary(client);
    late = client_ek_frame(client, VTPM_EK_RSA2048);
    assert_same(early, late);
    /* TPMT_PUBLIC: template's 58 bytes, then the modulus */
    g_assert_cmpuint(early->len, ==, 58 + 256);
    g_assert_cmphex(vtpm_get16(early->data), ==, 0x0001); /* RSA */
    g_assert_cmphex(vtpm_get32(early->data + 4), ==, 0x000300b2);
    g_assert_cmphex(early->data[58] & 0x80, ==, 0x80); /* 2048 bits */
    g_assert_cmpint(client_end(client, NULL), ==, 0);
}

static void test_instances_differ(gconstpointer program)
{
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(both_keys); i++) {
        struct client *one = client_start(program);
        struct client *two = client_start(program);
        g_autoptr(GByteArray) ek_one = client_ek_frame(one, both_keys[i]);
        g_autoptr(GByteArray) ek_two = client_ek_frame(two, both_keys[i]);

        g_assert_cmpuint(ek_one->len, ==, ek_two->len);
        assert_different(ek_one, ek_two);
        g_assert_cmpint(client_end(one, NULL), ==, 0);
        g_assert_cmpint(client_end(two, NULL), ==, 0);
    }
}

/* The guest locks the endorsement hierarchy away: first by a password, then
 * altogether. */
static void test_locked_hierarchy(gconstpointer program)
{
    struct client *client = client_start(program);
    g_autoptr(GByteArray) before = NULL;
    g_autoptr(GByteArray) after = NULL;

    client_startup(client);
    before = client_ek_primary(client, VTPM_EK_RSA2048);
    run_ok(client, CC_HIERARCHY_CHANGE_AUTH, RH_ENDORSEMENT AUTH "0002 6162");
    run_ok(client, CC_HIERARCHY_CONTROL, RH_PLATFORM AUTH RH_ENDORSEMENT "00");
    after = client_ek_frame(client, VTPM_EK_RSA2048);
    assert_same(before, after);
    g_assert_cmpint(client_end(client, NULL), ==, 0);
}

/* Clear keeps the key, ChangeEPS makes another: the frame follows. */
static void test_other_seed(gconstpointer program)
{
    struct client *client = client_start(program);
    g_autoptr(GByteArray) first = client_ek_frame(client, VTPM_EK_RSA2048);
    g_autoptr(GByteArray) cleared = NULL;
    g_autoptr(GByteArray) changed = NULL;

    client_startup(client);
    run_ok(client, CC_CLEAR, RH_PLATFORM AUTH);
    cleared = client_ek_frame(client, VTPM_EK_RSA2048);
    assert_same(first, cleared);
    assert_frame_is_primary(client);
    run_ok(client, CC_CHANGE_EPS, RH_PLATFORM AUTH);
    changed = client_ek_frame(client, VTPM_EK_RSA2048);
    assert_different(first, changed);
    assert_frame_is_primary(client);
    g_assert_cmpint(client_end(client, NULL), ==, 0);
}

static void observe(struct client *client, GByteArray *seen, guint32 code,
                    const char *hex)
{
    g_autoptr(GByteArray) answer =
        client_call(client, VTPM_ST_NO_SESSIONS, code, hex, NULL);

    g_byte_array_append(seen, answer->data, answer->len);
}

/* Everything a guest can ask for that must not change by itself: PCRs with
 * their update counter, all handles, variable properties (flags, counts of
 * loaded objects and sessions, lockout), audited commands, self-test result and
 * the policy digest of @session. */
static GByteArray *observe_all(struct client *client, const char *session)
{
    static const struct {
        guint32 code;
        const char *hex;
    } questions[] = {
        { CC_PCR_READ, "00000001 000b 03 ff0000" },
        { CC_PCR_READ, "00000001 000b 03 00ff00" },
        { CC_PCR_READ, "00000001 000b 03 0000ff" },
        { CC_GET_CAPABILITY, "00000001 01000000 00000040" }, /* NV */
        { CC_GET_CAPABILITY, "00000001 02000000 00000040" }, /* sessions */
        { CC_GET_CAPABILITY, "00000001 03000000 00000040" }, /* saved ones */
        { CC_GET_CAPABILITY, "00000001 80000000 00000040" }, /* transient */
        { CC_GET_CAPABILITY, "00000001 81000000 00000040" }, /* persistent */
        { CC_GET_CAPABILITY, "00000004 00000000 00000040" }, /* audited */
        { CC_GET_CAPABILITY, "00000005 00000000 00000040" }, /* banks */
        { CC_GET_CAPABILITY, "00000006 00000200 00000040" }, /* PT_VAR */
        { CC_GET_TEST_RESULT, "" },
        { CC_POLICY_GET_DIGEST, NULL },
    };
    GByteArray *seen = g_byte_array_new();
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(questions); i++) {
        observe(client, seen, questions[i].code,
                questions[i].hex ? questions[i].hex : session);
    }
    return seen;
}

/* TPMS_TIME_INFO: time, clock, resetCount, restartCount, safe */
struct time_info {
    guint64 clock;
    guint32 resets, restarts;
    guint8 safe;
};

static struct time_info read_clock(struct client *client)
{
    g_autoptr(GByteArray) answer =
        client_call(client, VTPM_ST_NO_SESSIONS, CC_READ_CLOCK, "", NULL);
    const guint8 *at = answer->data + 8;

    g_assert_cmpuint(answer->len, ==, 25);
    return (struct time_info){
        .clock = (guint64)vtpm_get32(at) << 32 | vtpm_get32(at + 4),
        .resets = vtpm_get32(at + 8),
        .restarts = vtpm_get32(at + 12),
        .safe = at[16],
    };
}

static char *handle_of(struct client *client, guint32 code, const char *hex)
{
    g_autoptr(GByteArray) answer =
        client_call(client, VTPM_ST_NO_SESSIONS, code, hex, NULL);

    return g_strdup_printf("%08x", vtpm_get32(answer->data));
}

/* A guest in the middle of its work; its policy session's handle. */
static char *settle(struct client *client)
{
    char *session;
    g_autofree char *policy = NULL;

    client_startup(client);
    run_ok(client, CC_PCR_EXTEND,
           "00000007" AUTH "00000001 000b"
           "22222222222222222222222222222222"
           "22222222222222222222222222222222");
    run_ok(client, CC_NV_DEFINE_SPACE,
           RH_OWNER AUTH "0000 000e 01500001 000b 00040004 0000 0008");
    session = handle_of(client, CC_START_AUTH_SESSION,
                        "40000007 40000007 0010"
                        "00112233445566778899aabbccddeeff 0000 01 0010 000b");
    policy = g_strdup_printf("%s 0000017e", session);
    g_assert_cmphex(
        client_rc(client, VTPM_ST_NO_SESSIONS, CC_POLICY_COMMAND_CODE, policy),
        ==, 0);
    return session;
}

static void test_unobservable(gconstpointer program)
{
    struct client *client = client_start(program);
    g_autofree char *session = settle(client);
    struct time_info clock_before = read_clock(client);
    g_autoptr(GByteArray) before = observe_all(client, session);
    g_autoptr(GByteArray) after = NULL;
    g_autoptr(GByteArray) control = NULL;
    struct time_info clock_after;

    g_byte_array_unref(client_ek_frame(client, VTPM_EK_RSA2048));
    g_byte_array_unref(client_ek_frame(client, VTPM_EK_ECC_P256));
    after = observe_all(client, session);
    clock_after = read_clock(client);
    assert_same(before, after);
    g_assert_cmpuint(clock_after.clock, >=, clock_before.clock);
    g_assert_cmpuint(clock_after.clock - clock_before.clock, <, 60000);
    g_assert_cmpuint(clock_after.resets, ==, clock_before.resets);
    g_assert_cmpuint(clock_after.restarts, ==, clock_before.restarts);
    g_assert_cmpuint(clock_after.safe, ==, clock_before.safe);

    /* The control: the same question sees a key that the guest makes. */
    g_assert_cmphex(client_load_object(client), ==, 0);
    control = observe_all(client, session);
    assert_different(before, control);
    g_assert_cmpint(client_end(client, NULL), ==, 0);
}

static void test_full_slots(gconstpointer program)
{
    struct client *client = client_start(program);
    g_autofree char *session = settle(client);
    g_autoptr(GByteArray) before = NULL;
    g_autoptr(GByteArray) after = NULL;
    g_autoptr(GByteArray) ek = NULL;
    guint32 rc;
    guint loaded = 0;

    while ((rc = client_load_object(client)) == 0) {
        g_assert_cmpuint(++loaded, <, 100);
    }
    g_assert_cmphex(rc, ==, RC_OBJECT_MEMORY);
    before = observe_all(client, session);
    ek = client_ek_frame(client, VTPM_EK_RSA2048);
    after = observe_all(client, session);
    g_assert_cmpuint(ek->len, ==, 58 + 256);
    assert_same(before, after);
    g_assert_cmpint(client_end(client, NULL), ==, 0);
}

/* A hash sequence in a transient slot survives: SHA-256("abc") in two halves
 * around the frame. */
static void test_sequence(gconstpointer program)
{
    struct client *client = client_start(program);
    g_autofree char *handle = NULL;
    g_autofree char *update = NULL;
    g_autofree char *complete = NULL;
    g_autoptr(GByteArray) digest = NULL;
    g_autoptr(GByteArray) expected =
        from_hex("0020 ba7816bf8f01cfea414140de5dae2223"
                 "b00361a396177a9cb410ff61f20015ad");

    client_startup(client);
    handle = handle_of(client, CC_HASH_SEQUENCE_START, "0000 000b");
    update = g_strdup_printf("%s" AUTH "0001 61", handle);
    complete = g_strdup_printf("%s" AUTH "0002 6263 40000007", handle);
    run_ok(client, CC_SEQUENCE_UPDATE, update);
    g_byte_array_unref(client_ek_frame(client, VTPM_EK_RSA2048));
    digest = client_call(client, VTPM_ST_SESSIONS, CC_SEQUENCE_COMPLETE,
                         complete, NULL);
    g_byte_array_remove_range(digest, 0, 4); /* parameterSize */
    g_assert_cmpmem(digest->data, 34, expected->data, expected->len);
    g_assert_cmpint(client_end(client, NULL), ==, 0);
}

static void add(const char *name, GTestDataFunc function)
{
    g_autofree char *plain = g_strdup_printf("/vtpm-ek/%s", name);
    g_autofree char *sanitized = g_strdup_printf("/vtpm-ek/sanitized/%s", name);

    g_test_add_data_func(plain, VTPM_PROGRAM, function);
    g_test_add_data_func(sanitized, VTPM_PROGRAM_SANITIZED, function);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("same-key", test_same_key);
    add("instances-differ", test_instances_differ);
    add("locked-hierarchy", test_locked_hierarchy);
    add("other-seed", test_other_seed);
    add("unobservable", test_unobservable);
    add("full-slots", test_full_slots);
    add("sequence", test_sequence);
    return g_test_run();
}
