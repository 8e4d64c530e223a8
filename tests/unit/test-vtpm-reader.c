/* SPDX-License-Identifier: MIT */
/* svsm/vtpm/reader.c and the guest frame check of protocol.h: no process. */
#include <glib.h>
#include <string.h>

#include "svsm/vtpm/reader.h"

/* Feeds @stream in pieces of at most @piece bytes. Each frame leaves "+SIZE ",
 * each bad one "-SIZE ", a rest "?". */
static char *cut(const guint8 *stream, gsize size, guint32 piece)
{
    GString *cuts = g_string_new(NULL);
    struct vtpm_reader reader = { 0 };
    enum vtpm_reader_result result;
    guint8 *to;
    guint32 room;

    while (size > 0) {
        room = vtpm_reader_space(&reader, &to);
        g_assert_cmpuint(room, >, 0);
        room = (guint32)MIN(MIN(room, piece), size);
        memcpy(to, stream, room);
        stream += room;
        size -= room;
        result = vtpm_reader_advance(&reader, room);
        if (result != VTPM_READER_MORE) {
            g_string_append_printf(cuts, "%c%u ",
                                   result == VTPM_READER_BAD ? '-' : '+',
                                   reader.size);
        }
    }
    if (!vtpm_reader_idle(&reader)) {
        g_string_append_c(cuts, '?');
    }
    return g_string_free(cuts, FALSE);
}

static const struct {
    const char *name;
    guint32 sizes[4]; /* in the headers; 0 ends, except in the first place */
    guint32 length;   /* of the stream; 0: what the headers announce */
    const char *cuts;
} streams[] = {
    { "one", { 10 }, 0, "+10 " },
    { "two", { 12, 4096 }, 0, "+12 +4096 " },
    { "no-size", { 0, 12 }, 0, "-0 +12 " },
    { "short", { 9, 10 }, 0, "-9 +10 " },
    { "long", { 4097, 10 }, 0, "-4097 +10 " },
    { "very-long", { 100000, 10, 3, 11 }, 0, "-100000 +10 -3 +11 " },
    { "half-header", { 10 }, 9, "?" },
    { "half-body", { 12 }, 11, "?" },
    { "endless", { 0xffffffff }, 5000, "?" },
};

static void test_stream(gconstpointer data)
{
    const guint32 *sizes = streams[GPOINTER_TO_INT(data)].sizes;
    const guint32 pieces[] = { 1, 3, 10, 4095, G_MAXUINT32 };
    g_autoptr(GByteArray) stream = g_byte_array_new();
    guint32 at = 0;
    guint i;

    for (i = 0; i < 4 && (i == 0 || sizes[i]); i++) {
        guint32 takes = MAX(sizes[i], VTPM_HEADER_SIZE);

        g_byte_array_set_size(stream, at + MIN(takes, 200000));
        memset(stream->data + at, 0x55, stream->len - at);
        vtpm_header_put(stream->data + at, VTPM_ST_NO_SESSIONS, sizes[i], 1);
        at = stream->len;
    }
    if (streams[GPOINTER_TO_INT(data)].length) {
        g_byte_array_set_size(stream, streams[GPOINTER_TO_INT(data)].length);
    }
    for (i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autofree char *cuts = cut(stream->data, stream->len, pieces[i]);

        g_assert_cmpstr(cuts, ==, streams[GPOINTER_TO_INT(data)].cuts);
    }
}

static void test_contents(void)
{
    struct vtpm_reader reader = { 0 };
    guint8 sent[VTPM_FRAME_MAX];
    guint8 *to;
    gsize i;

    for (i = 0; i < sizeof(sent); i++) {
        sent[i] = (guint8)(i * 7);
    }
    vtpm_header_put(sent, VTPM_ST_SESSIONS, sizeof(sent), 5);
    for (i = 0; i < sizeof(sent); i++) {
        vtpm_reader_space(&reader, &to);
        *to = sent[i];
        g_assert_cmpint(vtpm_reader_advance(&reader, 1), ==,
                        i + 1 < sizeof(sent) ? VTPM_READER_MORE
                                             : VTPM_READER_FRAME);
    }
    g_assert_cmpmem(reader.frame, reader.size, sent, sizeof(sent));
}

static void test_guest_frames(void)
{
    static const struct {
        guint16 tag;
        guint32 size;
        gsize length;
        guint32 rc;
    } rows[] = {
        { VTPM_ST_NO_SESSIONS, 10, 10, VTPM_RC_SUCCESS },
        { VTPM_ST_SESSIONS, 4096, 4096, VTPM_RC_SUCCESS },
        { 0x00c1, 12, 12, VTPM_RC_SUCCESS }, /* libtpms refuses it */
        { VTPM_ST_NO_SESSIONS, 9, 9, VTPM_RC_COMMAND_SIZE },
        { VTPM_ST_NO_SESSIONS, 0, 0, VTPM_RC_COMMAND_SIZE },
        { VTPM_ST_NO_SESSIONS, 11, 10, VTPM_RC_COMMAND_SIZE },
        { VTPM_ST_NO_SESSIONS, 10, 11, VTPM_RC_COMMAND_SIZE },
        { VTPM_ST_NO_SESSIONS, 4097, 4097, VTPM_RC_COMMAND_SIZE },
        { VTPM_ST_NO_SESSIONS, 0xffffffff, 4096, VTPM_RC_COMMAND_SIZE },
        { VTPM_TAG_CONTROL, 10, 10, VTPM_RC_BAD_TAG },
        { VTPM_TAG_CONTROL, 11, 11, VTPM_RC_BAD_TAG },
    };
    guint8 frame[VTPM_FRAME_MAX + 1] = { 0 };
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        vtpm_header_put(frame, rows[i].tag, rows[i].size, 1);
        g_assert_cmphex(vtpm_guest_frame_check(frame, rows[i].length), ==,
                        rows[i].rc);
    }
}

int main(int argc, char **argv)
{
    guint i;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < G_N_ELEMENTS(streams); i++) {
        g_autofree char *path =
            g_strdup_printf("/vtpm-reader/stream/%s", streams[i].name);

        g_test_add_data_func(path, GINT_TO_POINTER(i), test_stream);
    }
    g_test_add_func("/vtpm-reader/contents", test_contents);
    g_test_add_func("/vtpm-reader/guest-frames", test_guest_frames);
    return g_test_run();
}
