/* SPDX-License-Identifier: MIT */
/* The command that a newcomer types first: all of it, and each link in its
 * report. */
#include <json-glib/json-glib.h>
#include <string.h>

#include "harness/marks.h"
#include "tests/e2e/e2e.h"

static const char *const stages[] = {
    "igvm",    "launch", "boot",      "tpm",          "attest", "plant",
    "control", "reboot", "forgotten", "attest-again", "stop",
};

/* "ok: the root certificate is trusted" */
static void tell_link(const char *name, const char *said)
{
    static const char *const mark[] = { "ok", "skipped", "failed" };
    const char *colon = strstr(said, ": ");
    for (gsize i = 0; colon && i < G_N_ELEMENTS(mark); i++) {
        if (g_ascii_strncasecmp(said, mark[i], strlen(mark[i])) == 0) {
            g_autofree char *text = marks_link(name, mark[i], colon + 2);
            g_test_message("%s", text);
        }
    }
}

/* What the report of a test run shows of it: boot, PCRs, chain of trust. */
static void tell_stage(JsonObject *stage)
{
    const char *id = json_object_get_string_member(stage, "id");
    JsonObject *facts = json_object_get_object_member(stage, "facts");
    if (strcmp(id, "boot") == 0) {
        g_autofree char *pcrs =
            marks_pcrs("sha256", json_object_get_string_member(facts, "pcrs"));
        g_test_message("evtpm-timeline: vm=run %s",
                       json_object_get_string_member(facts, "stages over at"));
        g_test_message("%s", pcrs);
    } else if (strcmp(id, "attest") == 0) {
        g_autoptr(GList) names = json_object_get_members(facts);
        for (const GList *l = names; l; l = l->next) {
            tell_link(l->data, json_object_get_string_member(facts, l->data));
        }
    }
}

static void test_run(void)
{
    struct e2e_result r;
    e2e_evtpm(&r, "run", "--json", NULL);
    g_assert_cmpint(r.status, ==, 0);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_assert_true(json_parser_load_from_data(parser, r.out, -1, NULL));
    JsonObject *o = json_node_get_object(json_parser_get_root(parser));
    g_assert_true(json_object_get_boolean_member(o, "ok"));
    JsonArray *list = json_object_get_array_member(o, "stages");
    g_assert_cmpuint(json_array_get_length(list), ==, G_N_ELEMENTS(stages));
    for (guint i = 0; i < G_N_ELEMENTS(stages); i++) {
        JsonObject *stage = json_array_get_object_element(list, i);
        g_assert_cmpstr(json_object_get_string_member(stage, "id"), ==,
                        stages[i]);
        g_assert_true(json_object_get_boolean_member(stage, "ok"));
        tell_stage(stage);
        /* a line for people, too, while it happened */
        g_assert_nonnull(
            strstr(r.err, json_object_get_string_member(stage, "title")));
    }
    g_assert_null(strstr(r.err, "FAIL"));
    e2e_result_clear(&r);
    e2e_assert_no_vms();
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/run/all-stages", test_run, 0, 512 },
};

int main(int argc, char **argv)
{
    return e2e_main(argc, argv, E2E_TABLE(scenarios));
}
