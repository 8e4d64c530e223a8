/* SPDX-License-Identifier: MIT */
/* JSON lines over a Unix socket, with deadlines. */
#include "harness/jsonstream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness/json_depth.h"

int json_stream_connect(const char *path, const char *who, GError **error)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    if (g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path)) >=
        sizeof(addr.sun_path)) {
        fail(error, HARNESS_ERROR_FAILED,
             "%s: longer than a socket's path may be", path);
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        fail_errno(error, errno, "socket");
    } else if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        if (errno == EAGAIN) {
            fail(error, HARNESS_ERROR_BUSY,
                 "%s: another command talks to this VM", who);
        } else {
            fail_errno(error, errno, "%s: %s", who, path);
        }
        close(fd);
        fd = -1;
    }
    return fd;
}

void json_stream_adopt(struct json_stream *s, int fd, int gone, const char *who)
{
    *s = (struct json_stream){
        .fd = fd, .gone = gone, .who = who, .in = g_byte_array_new()
    };
}

void json_stream_close(struct json_stream *s)
{
    if (s->fd >= 0) {
        close(s->fd);
    }
    g_clear_pointer(&s->in, g_byte_array_unref);
    s->fd = -1;
}

gboolean json_stream_send_raw(struct json_stream *s, const char *data,
                              gsize size, deadline_t deadline, GError **error)
{
    while (size > 0) {
        ssize_t n = send(s->fd, data, size, MSG_NOSIGNAL);
        if (n > 0) {
            data += n;
            size -= (gsize)n;
        } else if (errno == EAGAIN || errno == EINTR) {
            if (!wait_fd(s->fd, POLLOUT, s->gone, deadline, s->who, error)) {
                return FALSE;
            }
        } else {
            return fail(error, HARNESS_ERROR_VM_ENDED, "%s: connection lost",
                        s->who);
        }
    }
    return TRUE;
}

gboolean json_stream_execute(struct json_stream *s, const char *command,
                             JsonObject *arguments, deadline_t deadline,
                             GError **error)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();
    json_object_set_string_member(object, "execute", command);
    if (arguments) {
        json_object_set_object_member(object, "arguments", arguments);
    }
    json_node_take_object(root, object);
    g_autofree char *text = json_to_string(root, FALSE);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    return json_stream_send_raw(s, line, strlen(line), deadline, error);
}

JsonObject *json_stream_parse(const char *line, gsize size, const char *who,
                              GError **error)
{
    const char *mark = memrchr(line, 0xff, size);
    if (mark) {
        size -= (gsize)(mark + 1 - line);
        line = mark + 1;
    }
    const char *refused = json_depth_refuse(line, (gssize)size);
    if (refused) {
        fail(error, HARNESS_ERROR_FAILED, "%s: %s", who, refused);
        return NULL;
    }
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) local = NULL;
    if (!json_parser_load_from_data(parser, line, (gssize)size, &local)) {
        fail(error, HARNESS_ERROR_FAILED, "%s: not JSON: %s", who,
             local->message);
        return NULL;
    }
    JsonNode *root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        fail(error, HARNESS_ERROR_FAILED, "%s: not a JSON object", who);
        return NULL;
    }
    return json_object_ref(json_node_get_object(root));
}

static gboolean is_blank(const char *line, gsize size)
{
    for (gsize i = 0; i < size; i++) {
        if (!g_ascii_isspace(line[i]) && (guchar)line[i] != 0xff) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Takes one whole line out of the buffer; NULL if there is none. */
static char *take_line(struct json_stream *s, gsize *size)
{
    const guint8 *newline =
        s->in->len ? memchr(s->in->data, '\n', s->in->len) : NULL;
    if (!newline) {
        return NULL;
    }
    *size = (gsize)(newline - s->in->data);
    char *line = g_strndup((const char *)s->in->data, *size);
    g_byte_array_remove_range(s->in, 0, (guint)*size + 1);
    return line;
}

JsonObject *json_stream_receive(struct json_stream *s, deadline_t deadline,
                                GError **error)
{
    for (;;) {
        gsize size;
        g_autofree char *line = take_line(s, &size);
        if (line && !is_blank(line, size)) {
            return json_stream_parse(line, size, s->who, error);
        }
        if (line) {
            continue;
        }
        if (s->in->len > JSON_STREAM_LINE_MAX) {
            fail(error, HARNESS_ERROR_FAILED, "%s: answer too long", s->who);
            return NULL;
        }
        if (!wait_fd(s->fd, POLLIN, s->gone, deadline, s->who, error)) {
            return NULL;
        }
        guint8 buf[16384];
        ssize_t n = recv(s->fd, buf, sizeof(buf), 0);
        if (n > 0) {
            g_byte_array_append(s->in, buf, (guint)n);
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            fail(error, HARNESS_ERROR_VM_ENDED, "%s: connection closed",
                 s->who);
            return NULL;
        }
    }
}
