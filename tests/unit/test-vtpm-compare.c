/* SPDX-License-Identifier: MIT */
/*
 * The vTPM's answers are swtpm's, byte for byte, for each command whose answer
 * depends on nothing but what was asked; and for malformed ones of all. Both
 * are libtpms: what differs is what this program makes of it.
 */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/vtpm-compare-rows.h"

#define CC_FIRST 0x11fu
#define CC_LAST 0x1a0u
#define IS_REASON(text) ((text) != NULL)

static char *state; /* swtpm's directory */

static struct client *swtpm_start(void)
{
    g_autofree char *directory = g_strconcat("dir=", state, NULL);
    char *argv[] = { (char *)"swtpm",
                     (char *)"socket",
                     (char *)"--tpm2",
                     (char *)"--fd",
                     (char *)"3",
                     (char *)"--tpmstate",
                     directory,
                     (char *)"--flags",
                     (char *)"not-need-init",
                     NULL };
    struct client *client = g_new0(struct client, 1);
    g_autoptr(GError) error = NULL;
    const int target = 3; /* it takes none of the standard descriptors */
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair),
                    ==, 0);
    g_spawn_async_with_pipes_and_fds(NULL, (const char *const *)argv, NULL,
                                     G_SPAWN_DO_NOT_REAP_CHILD |
                                         G_SPAWN_SEARCH_PATH |
                                         G_SPAWN_STDERR_TO_DEV_NULL,
                                     NULL, NULL, -1, -1, -1, &pair[1], &target,
                                     1, &client->pid, NULL, NULL, NULL, &error);
    g_assert_no_error(error);
    close(pair[1]);
    client->in = pair[0];
    client->out = pair[0];
    return client;
}

static void swtpm_end(struct client *client)
{
    close(client->in);
    kill(client->pid, SIGKILL);
    waitpid(client->pid, NULL, 0);
    g_free(client);
}

/* The vTPM has SHA-256 PCRs alone, and was never shut down in order: so be
 * swtpm's state, from which it starts. */
static void swtpm_prepare(void)
{
    struct client *client = swtpm_start();

    client_startup(client);
    g_byte_array_unref(client_call(client, VTPM_ST_SESSIONS, 0x12b,
                                   RH_PLATFORM AUTH
                                   "00000004 0004 03 000000 000b 03 ffffff"
                                   "000c 03 000000 000d 03 000000",
                                   NULL));
    swtpm_end(client);
}

static GByteArray *answer(struct client *client, const GByteArray *asked)
{
    client_send(client, asked->data, asked->len);
    return client_receive(client);
}

static char *hex(const GByteArray *bytes)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < bytes->len; i++) {
        g_string_append_printf(text, "%02x", bytes->data[i]);
    }
    return g_string_free(text, FALSE);
}

/* Sends one frame to both; TRUE when they gave the same good answer. */
static gboolean compare(struct client *ours, struct client *theirs,
                        GByteArray *asked, int what)
{
    g_autoptr(GByteArray) question = asked;
    g_autoptr(GByteArray) a = answer(ours, question);
    g_autoptr(GByteArray) b = answer(theirs, question);
    guint32 code = vtpm_header_get(a->data).code;
    gboolean same = code == vtpm_header_get(b->data).code;

    if (what != CODE) {
        guint size = what == SHAPE ? VTPM_HEADER_SIZE : MAX(a->len, b->len);
        same = a->len == b->len && memcmp(a->data, b->data, size) == 0;
    }
    if (!same) {
        g_autofree char *q = hex(question), *x = hex(a), *y = hex(b);
        g_test_message("asked %s\nours  %s\nswtpm %s", q, x, y);
        g_test_fail();
        return FALSE;
    }
    if (g_test_verbose()) {
        g_test_message("0x%x: 0x%x", vtpm_header_get(question->data).code,
                       code);
    }
    return code == VTPM_RC_SUCCESS;
}

static const char *reason(guint32 code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(excluded); i++) {
        for (const guint32 *c = excluded[i].codes; *c; c++) {
            if (*c == code) {
                return excluded[i].why;
            }
        }
    }
    return NULL;
}

/* Each command that there is was compared, or is excluded with a reason. */
static void assert_covered(struct client *ours, const gboolean *good)
{
    g_autoptr(GByteArray) list = client_call(
        ours, VTPM_ST_NO_SESSIONS, 0x17a, "00000002 0000011f 00000100", NULL);
    guint32 count = vtpm_get32(list->data + 5), left_out = 0;

    for (guint32 i = 0; i < count; i++) {
        guint32 code = vtpm_get32(list->data + 9 + 4 * i) & 0xffff;
        g_assert_cmpuint(code, >=, CC_FIRST);
        g_assert_cmpuint(code, <, CC_LAST);
        if (good[code - CC_FIRST] == IS_REASON(reason(code))) {
            g_test_message("command 0x%x: %s", code,
                           reason(code) ? "compared, and excluded as well"
                                        : "neither compared nor excluded");
            g_test_fail();
        }
        left_out += IS_REASON(reason(code));
    }
    g_test_message("%u commands, of them %u with good answers that differ",
                   count, left_out);
    for (gsize i = 0; i < G_N_ELEMENTS(excluded); i++) {
        for (const guint32 *c = excluded[i].codes; *c; c++) {
            g_test_message("0x%x: %s", *c, excluded[i].why);
        }
    }
    g_assert_cmpuint(count, >, 100);
}

static void test_rows(void)
{
    struct client *ours = client_start(VTPM_PROGRAM);
    swtpm_prepare();
    struct client *theirs = swtpm_start();
    gboolean good[CC_LAST - CC_FIRST] = { FALSE };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct compare_row *r = &rows[i];
        gboolean ok =
            compare(ours, theirs, frame(r->tag, r->code, r->body), r->what);
        good[r->code - CC_FIRST] |= ok && r->what == ALL;
    }
    assert_covered(ours, good);
    g_assert_cmpint(client_end(ours, NULL), ==, 0);
    swtpm_end(theirs);
}

/* With and without sessions, with nothing behind, with too little, with junk.
 */
static void test_malformed(void)
{
    static const char *const bodies[] = { "00", "ffffffff", "40000001" AUTH,
                                          "40000007" AUTH "ff",
                                          "80000000" AUTH "ffff" };
    struct client *ours = client_start(VTPM_PROGRAM);
    swtpm_prepare();
    struct client *theirs = swtpm_start();

    compare(ours, theirs, frame(VTPM_ST_NO_SESSIONS, CC_STARTUP, "0000"), ALL);
    for (guint32 code = CC_FIRST - 4; code < CC_LAST; code++) {
        for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
            for (guint16 tag = 0x8000; tag < 0x8004; tag++) {
                compare(ours, theirs, frame(tag, code, bodies[i]), ALL);
            }
        }
    }
    g_assert_cmpint(client_end(ours, NULL), ==, 0);
    swtpm_end(theirs);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *swtpm = g_find_program_in_path("swtpm");
    if (!swtpm) {
        g_print("1..0 # SKIP swtpm is not installed\n");
        return 0;
    }
    g_autoptr(GError) error = NULL;
    state = g_dir_make_tmp("evtpm-swtpm-XXXXXX", &error);
    g_assert_no_error(error);
    g_test_add_func("/vtpm-compare/rows", test_rows);
    g_test_add_func("/vtpm-compare/malformed", test_malformed);
    int status = g_test_run();
    char *argv_rm[] = { (char *)"rm", (char *)"-rf", state, NULL };
    g_spawn_sync(NULL, argv_rm, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                 NULL, NULL, NULL);
    g_free(state);
    return status;
}
