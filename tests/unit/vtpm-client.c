/* SPDX-License-Identifier: MIT */
/* Drives the vTPM program over pipes. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/vtpm-client.h"

#define PATIENCE_MS 30000

char *client_program_path(const char *program)
{
    const char *build = g_getenv("G_TEST_BUILDDIR");

    return g_build_filename(build ? build : ".", program, NULL);
}

struct client *client_spawn(char **argv)
{
    struct client *client = g_new0(struct client, 1);
    g_autoptr(GError) error = NULL;

    g_spawn_async_with_pipes(
        NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, NULL,
        NULL, &client->pid, &client->in, &client->out, &client->err, &error);
    g_assert_no_error(error);
    return client;
}

struct client *client_start(const char *program)
{
    g_autofree char *path = client_program_path(program);
    char *argv[] = { path, NULL };

    return client_spawn(argv);
}

void client_send(struct client *client, const void *data, gsize size)
{
    const char *from = data;
    gssize put;

    while (size > 0) {
        put = write(client->in, from, size);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        g_assert_cmpint(put, >, 0);
        from += put;
        size -= (gsize)put;
    }
}

static void receive_exactly(struct client *client, guint8 *to, gsize size)
{
    struct pollfd poll_out = { .fd = client->out, .events = POLLIN };
    gssize got;

    while (size > 0) {
        if (poll(&poll_out, 1, PATIENCE_MS) == 0) {
            g_error("no answer within %d ms", PATIENCE_MS);
        }
        got = read(client->out, to, size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        g_assert_cmpint(got, >, 0);
        to += got;
        size -= (gsize)got;
    }
}

GByteArray *client_receive(struct client *client)
{
    GByteArray *answer = g_byte_array_new();
    guint32 size;

    g_byte_array_set_size(answer, VTPM_HEADER_SIZE);
    receive_exactly(client, answer->data, VTPM_HEADER_SIZE);
    size = vtpm_header_get(answer->data).size;
    g_assert_cmpuint(size, >=, VTPM_HEADER_SIZE);
    g_assert_cmpuint(size, <=, VTPM_FRAME_MAX);
    g_byte_array_set_size(answer, size);
    receive_exactly(client, answer->data + VTPM_HEADER_SIZE,
                    size - VTPM_HEADER_SIZE);
    return answer;
}

static char *read_to_end(int fd)
{
    GString *text = g_string_new(NULL);
    char block[512];
    gssize got;

    while ((got = read(fd, block, sizeof(block))) > 0) {
        g_string_append_len(text, block, got);
    }
    return g_string_free(text, FALSE);
}

int client_end(struct client *client, char **log)
{
    g_autofree char *said = NULL;
    int status = 0;

    close(client->in);
    said = read_to_end(client->err);
    g_assert_cmpint(waitpid(client->pid, &status, 0), ==, client->pid);
    close(client->out);
    close(client->err);
    g_spawn_close_pid(client->pid);
    g_free(client);
    if (log) {
        *log = g_steal_pointer(&said);
    } else {
        g_assert_cmpstr(said, ==, "");
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

GByteArray *from_hex(const char *hex)
{
    GByteArray *bytes = g_byte_array_new();
    guint8 byte;

    for (; *hex; hex++) {
        if (*hex == ' ') {
            continue;
        }
        g_assert(g_ascii_isxdigit(hex[0]) && g_ascii_isxdigit(hex[1]));
        byte = (guint8)(g_ascii_xdigit_value(hex[0]) << 4 |
                        g_ascii_xdigit_value(hex[1]));
        g_byte_array_append(bytes, &byte, 1);
        hex++;
    }
    return bytes;
}

GByteArray *frame(guint16 tag, guint32 code, const char *hex)
{
    g_autoptr(GByteArray) body = from_hex(hex);
    GByteArray *whole = g_byte_array_new();

    g_byte_array_set_size(whole, VTPM_HEADER_SIZE);
    vtpm_header_put(whole->data, tag, VTPM_HEADER_SIZE + body->len, code);
    return g_byte_array_append(whole, body->data, body->len);
}

GByteArray *client_call(struct client *client, guint16 tag, guint32 code,
                        const char *hex, guint32 *rc)
{
    g_autoptr(GByteArray) command = frame(tag, code, hex);
    GByteArray *answer;
    guint32 answer_code;

    client_send(client, command->data, command->len);
    answer = client_receive(client);
    answer_code = vtpm_header_get(answer->data).code;
    if (rc) {
        *rc = answer_code;
    } else {
        g_assert_cmphex(answer_code, ==, VTPM_RC_SUCCESS);
    }
    return g_byte_array_remove_range(answer, 0, VTPM_HEADER_SIZE);
}

guint32 client_rc(struct client *client, guint16 tag, guint32 code,
                  const char *hex)
{
    guint32 rc;

    g_byte_array_unref(client_call(client, tag, code, hex, &rc));
    return rc;
}

void client_startup(struct client *client)
{
    g_assert_cmphex(client_rc(client, VTPM_ST_NO_SESSIONS, CC_STARTUP, "0000"),
                    ==, 0);
}

GByteArray *client_ek_frame(struct client *client, guint32 key)
{
    return client_call(client, VTPM_TAG_CONTROL, key, "", NULL);
}

static void append_zeros(GString *hex, guint count)
{
    while (count-- > 0) {
        g_string_append(hex, "00");
    }
}

/* Templates L-1 and L-2 of the EK Credential Profile, B.3.3 and B.3.4 */
static void append_ek_template(GString *hex, guint32 key)
{
    gboolean rsa = key == VTPM_EK_RSA2048;

    g_string_append(hex, rsa ? "013a 0001" : "007a 0023");
    g_string_append(hex, "000b 000300b2 0020"
                         "837197674484b3f81a90cc8d46a5d724"
                         "fd52d76e06520b64f2a1da1b331469aa"
                         "0006 0080 0043 0010");
    if (rsa) {
        g_string_append(hex, "0800 00000000 0100");
        append_zeros(hex, 256);
    } else {
        g_string_append(hex, "0003 0010 0020");
        append_zeros(hex, 32);
        g_string_append(hex, "0020");
        append_zeros(hex, 32);
    }
}

static GByteArray *create_primary(struct client *client, const char *hierarchy,
                                  guint32 key, guint32 *rc)
{
    g_autoptr(GString) hex = g_string_new(hierarchy);

    g_string_append(hex, AUTH "0004 0000 0000"); /* no secret, no data */
    append_ek_template(hex, key);
    g_string_append(hex, "0000 00000000"); /* outsideInfo, creationPCR */
    return client_call(client, VTPM_ST_SESSIONS, CC_CREATE_PRIMARY, hex->str,
                       rc);
}

GByteArray *client_ek_primary(struct client *client, guint32 key)
{
    g_autofree char *handle = NULL;
    GByteArray *answer = create_primary(client, RH_ENDORSEMENT, key, NULL);
    guint size;

    handle = g_strdup_printf("%08x", vtpm_get32(answer->data));
    g_byte_array_remove_range(answer, 0, 8); /* handle, parameterSize */
    size = vtpm_get16(answer->data);
    g_byte_array_remove_range(answer, 0, 2);
    g_assert_cmphex(
        client_rc(client, VTPM_ST_NO_SESSIONS, CC_FLUSH_CONTEXT, handle), ==,
        0);
    return g_byte_array_set_size(answer, size);
}

guint32 client_load_object(struct client *client)
{
    guint32 rc;

    g_byte_array_unref(create_primary(client, RH_OWNER, VTPM_EK_ECC_P256, &rc));
    return rc;
}

void assert_same(const GByteArray *a, const GByteArray *b)
{
    g_assert_cmpmem(a->data, a->len, b->data, b->len);
}

void assert_different(const GByteArray *a, const GByteArray *b)
{
    g_assert_false(a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
}
