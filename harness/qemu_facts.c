/* SPDX-License-Identifier: MIT */
/* Asking QEMU. All questions go in at once; the answers carry their ids. */
#include "harness/qemu_facts.h"

#include <string.h>

#include "harness/jsonstream.h"
#include "harness/process.h"

#define ASK_SECONDS 20

static const char questions[] =
    "{\"execute\":\"qmp_capabilities\"}\n"
    "{\"execute\":\"query-version\",\"id\":\"version\"}\n"
    "{\"execute\":\"query-kvm\",\"id\":\"kvm\"}\n"
    "{\"execute\":\"qom-list-types\",\"id\":\"objects\","
    "\"arguments\":{\"implements\":\"user-creatable\"}}\n"
    "{\"execute\":\"qom-list-properties\",\"id\":\"machine\","
    "\"arguments\":{\"typename\":\"generic-pc-machine\"}}\n"
    "{\"execute\":\"quit\"}\n";

static gboolean names(JsonNode *list, const char *name)
{
    JsonArray *array =
        JSON_NODE_HOLDS_ARRAY(list) ? json_node_get_array(list) : NULL;
    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);
        if (JSON_NODE_HOLDS_OBJECT(node) &&
            strcmp(json_object_get_string_member_with_default(
                       json_node_get_object(node), "name", ""),
                   name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static void read_version(JsonNode *node, struct qemu_facts *f)
{
    JsonObject *outer =
        JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    JsonNode *inner = outer ? json_object_get_member(outer, "qemu") : NULL;
    if (inner && JSON_NODE_HOLDS_OBJECT(inner)) {
        JsonObject *v = json_node_get_object(inner);
        f->major =
            (unsigned)json_object_get_int_member_with_default(v, "major", 0);
        f->minor =
            (unsigned)json_object_get_int_member_with_default(v, "minor", 0);
        f->micro =
            (unsigned)json_object_get_int_member_with_default(v, "micro", 0);
    }
}

static void read_answer(const char *id, JsonNode *node, struct qemu_facts *f)
{
    if (strcmp(id, "version") == 0) {
        read_version(node, f);
    } else if (strcmp(id, "kvm") == 0) {
        f->kvm = JSON_NODE_HOLDS_OBJECT(node) &&
                 json_object_get_boolean_member_with_default(
                     json_node_get_object(node), "present", FALSE);
    } else if (strcmp(id, "objects") == 0) {
        f->igvm_cfg = names(node, "igvm-cfg");
        f->snp_guest = names(node, "sev-snp-guest");
        f->snp_emulated = names(node, "sev-snp-emulated");
    } else if (strcmp(id, "machine") == 0) {
        f->igvm_machine = names(node, "igvm-cfg");
        f->device_plane = names(node, "device-plane");
    }
}

gboolean qemu_facts_read(const char *answers, struct qemu_facts *facts,
                         GError **error)
{
    g_auto(GStrv) lines = g_strsplit(answers, "\n", -1);
    *facts = (struct qemu_facts){ 0 };
    for (char **line = lines; *line; line++) {
        g_autoptr(JsonObject) answer =
            json_stream_parse(*line, strlen(*line), "QEMU", NULL);
        if (answer && json_object_has_member(answer, "id") &&
            json_object_has_member(answer, "return")) {
            read_answer(
                json_object_get_string_member_with_default(answer, "id", ""),
                json_object_get_member(answer, "return"), facts);
        }
    }
    return facts->major > 0 ||
           fail(error, HARNESS_ERROR_FAILED, "it does not answer as QEMU does");
}

static void collect(const char *line, void *user)
{
    g_string_append_printf(user, "%s\n", line);
}

gboolean qemu_facts_get(const char *program, struct qemu_facts *facts,
                        GError **error)
{
    const char *const argv[] = {
        program,    "-machine", "none", "-nodefaults", "-no-user-config",
        "-display", "none",     "-S",   "-qmp",        "stdio",
        NULL
    };
    g_autoptr(GBytes) input =
        g_bytes_new_static(questions, sizeof(questions) - 1);
    g_autoptr(GString) answers = g_string_new(NULL);
    int status;
    if (!process_run(argv, NULL, input, FALSE, collect, answers, NULL, &status,
                     deadline_in(ASK_SECONDS), error)) {
        return FALSE;
    }
    if (!qemu_facts_read(answers->str, facts, error)) {
        g_prefix_error(error, "%s: ", program);
        return FALSE;
    }
    return TRUE;
}
