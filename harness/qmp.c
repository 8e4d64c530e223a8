/* SPDX-License-Identifier: MIT */
/* QMP client: one command at a time, events kept in a queue. */
#include "harness/qmp.h"

#include <string.h>

gboolean qmp_open(struct qmp *qmp, const char *path, int gone,
                  deadline_t deadline, GError **error)
{
    int fd = json_stream_connect(path, "QMP", error);
    return fd >= 0 && qmp_adopt(qmp, fd, gone, deadline, error);
}

gboolean qmp_adopt(struct qmp *qmp, int fd, int gone, deadline_t deadline,
                   GError **error)
{
    g_queue_init(&qmp->events);
    json_stream_adopt(&qmp->stream, fd, gone, "QMP");
    g_autoptr(JsonObject) greeting =
        json_stream_receive(&qmp->stream, deadline, error);
    if (greeting && !json_object_has_member(greeting, "QMP")) {
        fail(error, HARNESS_ERROR_FAILED, "QMP: no greeting");
    } else if (greeting &&
               qmp_run(qmp, "qmp_capabilities", NULL, deadline, error)) {
        return TRUE;
    }
    qmp_close(qmp);
    return FALSE;
}

void qmp_close(struct qmp *qmp)
{
    g_queue_clear_full(&qmp->events, (GDestroyNotify)json_object_unref);
    json_stream_close(&qmp->stream);
}

static const char *error_text(JsonObject *answer)
{
    JsonNode *node = json_object_get_member(answer, "error");
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        return "unknown error";
    }
    return json_object_get_string_member_with_default(
        json_node_get_object(node), "desc", "unknown error");
}

JsonNode *qmp_call(struct qmp *qmp, const char *command, JsonObject *arguments,
                   deadline_t deadline, GError **error)
{
    if (!json_stream_execute(&qmp->stream, command, arguments, deadline,
                             error)) {
        return NULL;
    }
    for (;;) {
        g_autoptr(JsonObject) answer =
            json_stream_receive(&qmp->stream, deadline, error);
        if (!answer) {
            g_prefix_error(error, "%s: ", command);
            return NULL;
        }
        if (json_object_has_member(answer, "event")) {
            g_queue_push_tail(&qmp->events, g_steal_pointer(&answer));
        } else if (json_object_has_member(answer, "error")) {
            fail(error, HARNESS_ERROR_FAILED, "QEMU refuses %s: %s", command,
                 error_text(answer));
            return NULL;
        } else if (json_object_has_member(answer, "return")) {
            return json_object_dup_member(answer, "return");
        }
    }
}

gboolean qmp_run(struct qmp *qmp, const char *command, JsonObject *arguments,
                 deadline_t deadline, GError **error)
{
    g_autoptr(JsonNode) node =
        qmp_call(qmp, command, arguments, deadline, error);
    return node != NULL;
}

char *qmp_hmp(struct qmp *qmp, const char *line, deadline_t deadline,
              GError **error)
{
    JsonObject *arguments = json_object_new();
    json_object_set_string_member(arguments, "command-line", line);
    g_autoptr(JsonNode) node =
        qmp_call(qmp, "human-monitor-command", arguments, deadline, error);
    if (!node) {
        return NULL;
    }
    const char *text =
        JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
    return g_strdup(text ? text : "");
}

static JsonObject *take_event(struct qmp *qmp, const char *name)
{
    for (GList *l = qmp->events.head; l; l = l->next) {
        JsonObject *event = l->data;
        if (strcmp(
                json_object_get_string_member_with_default(event, "event", ""),
                name) == 0) {
            g_queue_delete_link(&qmp->events, l);
            return event;
        }
    }
    return NULL;
}

JsonObject *qmp_event(struct qmp *qmp, const char *name, deadline_t deadline,
                      GError **error)
{
    for (;;) {
        JsonObject *event = take_event(qmp, name);
        if (event) {
            return event;
        }
        event = json_stream_receive(&qmp->stream, deadline, error);
        if (!event) {
            return NULL;
        }
        if (json_object_has_member(event, "event")) {
            g_queue_push_tail(&qmp->events, event);
        } else {
            json_object_unref(event);
        }
    }
}

const char *qmp_shutdown_reason(struct qmp *qmp)
{
    if (qmp->stream.fd < 0) {
        return NULL;
    }
    g_autoptr(JsonObject) event =
        qmp_event(qmp, "SHUTDOWN", deadline_in_ms(200), NULL);
    if (!event || !json_object_has_member(event, "data")) {
        return NULL;
    }
    JsonNode *data = json_object_get_member(event, "data");
    if (!JSON_NODE_HOLDS_OBJECT(data)) {
        return NULL;
    }
    return g_intern_string(json_object_get_string_member_with_default(
        json_node_get_object(data), "reason", "unknown"));
}
