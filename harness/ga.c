/* SPDX-License-Identifier: MIT */
/* Client of qemu-guest-agent. */
#include "harness/ga.h"

#include <string.h>

/* How long to wait for an answer before asking again, at first. */
#define SYNC_MS 500

/* Answers until `id` comes back, or until the deadline; older answers may still
 * be in the channel. */
static gboolean await_sync(struct ga *ga, gint64 id, deadline_t deadline,
                           GError **error)
{
    for (;;) {
        g_autoptr(GError) local = NULL;
        g_autoptr(JsonObject) answer =
            json_stream_receive(&ga->stream, deadline, &local);
        if (answer && json_object_get_int_member_with_default(answer, "return",
                                                              -1) == id) {
            return TRUE;
        }
        /* malformed lines may be the rest of an answer to somebody else */
        if (local &&
            !g_error_matches(local, HARNESS_ERROR, HARNESS_ERROR_FAILED)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
    }
}

/*
 * What arrives before the agent opens its port may be dropped, so the question
 * is repeated, with a new number each time: once the last one comes back no
 * other answer is under way.
 */
static gboolean synchronize(struct ga *ga, deadline_t deadline, GError **error)
{
    gint64 id = (gint64)g_random_int();
    for (gint64 pause = SYNC_MS;; pause = MIN(2 * pause, 8 * SYNC_MS)) {
        g_autofree char *ask =
            g_strdup_printf("\xff{\"execute\":\"guest-sync-delimited\","
                            "\"arguments\":{\"id\":%" G_GINT64_FORMAT "}}\n",
                            ++id);
        g_autoptr(GError) local = NULL;
        if (!json_stream_send_raw(&ga->stream, ask, strlen(ask), deadline,
                                  error)) {
            return FALSE;
        }
        if (await_sync(ga, id, deadline_min(deadline, deadline_in_ms(pause)),
                       &local)) {
            return TRUE;
        }
        if (deadline_passed(deadline) ||
            !g_error_matches(local, HARNESS_ERROR, HARNESS_ERROR_TIMEOUT)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
    }
}

gboolean ga_open(struct ga *ga, const char *path, int gone, deadline_t deadline,
                 GError **error)
{
    int fd = json_stream_connect(path, "guest agent", error);
    return fd >= 0 && ga_adopt(ga, fd, gone, deadline, error);
}

gboolean ga_adopt(struct ga *ga, int fd, int gone, deadline_t deadline,
                  GError **error)
{
    json_stream_adopt(&ga->stream, fd, gone, "guest agent");
    if (!synchronize(ga, deadline, error)) {
        ga_close(ga);
        return FALSE;
    }
    return TRUE;
}

void ga_close(struct ga *ga)
{
    json_stream_close(&ga->stream);
}

JsonNode *ga_call(struct ga *ga, const char *command, JsonObject *arguments,
                  deadline_t deadline, GError **error)
{
    if (!json_stream_execute(&ga->stream, command, arguments, deadline,
                             error)) {
        return NULL;
    }
    g_autoptr(JsonObject) answer =
        json_stream_receive(&ga->stream, deadline, error);
    if (!answer) {
        g_prefix_error(error, "%s: ", command);
        return NULL;
    }
    if (json_object_has_member(answer, "return")) {
        return json_object_dup_member(answer, "return");
    }
    JsonNode *node = json_object_get_member(answer, "error");
    const char *text =
        node && JSON_NODE_HOLDS_OBJECT(node)
            ? json_object_get_string_member_with_default(
                  json_node_get_object(node), "desc", "unknown error")
            : "unknown error";
    fail(error, HARNESS_ERROR_FAILED, "guest agent refuses %s: %s", command,
         text);
    return NULL;
}

void ga_result_clear(struct ga_result *result)
{
    g_clear_pointer(&result->out, g_bytes_unref);
    g_clear_pointer(&result->err, g_bytes_unref);
}

static JsonObject *exec_arguments(const char *command, GBytes *input)
{
    JsonObject *arguments = json_object_new();
    JsonArray *args = json_array_new();
    json_array_add_string_element(args, "-c");
    json_array_add_string_element(args, command);
    json_object_set_string_member(arguments, "path", "/bin/sh");
    json_object_set_array_member(arguments, "arg", args);
    json_object_set_boolean_member(arguments, "capture-output", TRUE);
    if (input) {
        gsize size;
        const guchar *data = g_bytes_get_data(input, &size);
        g_autofree char *text = g_base64_encode(data, size);
        json_object_set_string_member(arguments, "input-data", text);
    }
    return arguments;
}

static GBytes *member_bytes(JsonObject *object, const char *name)
{
    const char *text =
        json_object_get_string_member_with_default(object, name, "");
    gsize size;
    guchar *data = g_base64_decode(text, &size);
    return g_bytes_new_take(data, size);
}

static void take_result(JsonObject *status, struct ga_result *result)
{
    gint64 code =
        json_object_get_int_member_with_default(status, "exitcode", -1);
    if (code < 0) {
        code =
            128 + json_object_get_int_member_with_default(status, "signal", 0);
    }
    result->status = (int)code;
    result->out = member_bytes(status, "out-data");
    result->err = member_bytes(status, "err-data");
}

gboolean ga_exec(struct ga *ga, const char *command, GBytes *input,
                 deadline_t deadline, struct ga_result *result, GError **error)
{
    *result = (struct ga_result){ 0 };
    g_autoptr(JsonNode) started = ga_call(
        ga, "guest-exec", exec_arguments(command, input), deadline, error);
    if (!started) {
        return FALSE;
    }
    gint64 pid = JSON_NODE_HOLDS_OBJECT(started)
                     ? json_object_get_int_member_with_default(
                           json_node_get_object(started), "pid", -1)
                     : -1;
    for (unsigned pause = 5;; pause = MIN(pause * 2, 100)) {
        JsonObject *arguments = json_object_new();
        json_object_set_int_member(arguments, "pid", pid);
        g_autoptr(JsonNode) node =
            ga_call(ga, "guest-exec-status", arguments, deadline, error);
        if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
            return node ? fail(error, HARNESS_ERROR_FAILED,
                               "guest agent: malformed status")
                        : FALSE;
        }
        JsonObject *status = json_node_get_object(node);
        if (json_object_get_boolean_member_with_default(status, "exited",
                                                        FALSE)) {
            take_result(status, result);
            return TRUE;
        }
        if (deadline_passed(deadline)) {
            return fail(error, HARNESS_ERROR_TIMEOUT,
                        "timed out running in the guest: %s", command);
        }
        if (!wait_ms(pause, ga->stream.gone, error)) {
            return FALSE;
        }
    }
}

static char *bytes_text(GBytes *bytes)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    return g_strchomp(g_strndup(data ? data : "", size));
}

char *ga_shell(struct ga *ga, deadline_t deadline, GError **error,
               const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *command = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    struct ga_result result;
    if (!ga_exec(ga, command, NULL, deadline, &result, error)) {
        return NULL;
    }
    char *out = bytes_text(result.out);
    if (result.status != 0) {
        g_autofree char *err = bytes_text(result.err);
        const char *last = strrchr(err, '\n');
        const char *text = last ? last + 1 : *err ? err : out;
        fail(error, HARNESS_ERROR_FAILED, "in the guest, status %d of: %s: %s",
             result.status, command, text);
        g_clear_pointer(&out, g_free);
    }
    ga_result_clear(&result);
    return out;
}
