/* SPDX-License-Identifier: MIT */
/* evtpm audit: what evtpm serve has decided. */
#include <json-glib/json-glib.h>
#include <stdio.h>

#include "harness/command.h"
#include "serve/audit.h"

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static void print_text(const struct audit_record *r, void *user)
{
    (void)user;
    printf("%" G_GINT64_FORMAT " %s %s %s %s %s %s %s\n", r->id, r->time,
           r->verdict, or_dash(r->link), or_dash(r->secret), r->peer,
           r->session, or_dash(r->evidence));
}

static void set(JsonObject *o, const char *name, const char *value)
{
    if (value) {
        json_object_set_string_member(o, name, value);
    } else {
        json_object_set_null_member(o, name);
    }
}

/* A line each, so that a long log needs no memory, here or where it is read. */
static void print_json(const struct audit_record *r, void *user)
{
    (void)user;
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *o = json_object_new();
    json_object_set_int_member(o, "record", r->id);
    set(o, "time", r->time);
    set(o, "session", r->session);
    set(o, "peer", r->peer);
    set(o, "verdict", r->verdict);
    set(o, "failed", r->link);
    set(o, "evidence", r->evidence);
    set(o, "secret", r->secret);
    json_node_take_object(root, o);
    g_autofree char *text = json_to_string(root, FALSE);
    puts(text);
}

int cmd_audit(int argc, char **argv, GError **error)
{
    char *db = NULL;
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        { "db", 0, 0, G_OPTION_ARG_FILENAME, &db, "the database", "F" },
        { "json", 0, 0, G_OPTION_ARG_NONE, &json,
          "print each record as a line of JSON", NULL },
        { NULL },
    };
    int status = -1;
    if (command_options(&argc, &argv, entries, "audit --db F",
                        "Lists the decisions that evtpm serve has recorded: "
                        "number, time, verdict, the link that failed, the "
                        "secret's name, the peer, the session, and the "
                        "SHA-256 of the evidence.",
                        0, 0, error) >= 0) {
        if (!db) {
            fail(error, HARNESS_ERROR_USAGE, "give --db FILE");
        } else if (audit_list(db, json ? print_json : print_text, NULL,
                              error)) {
            status = 0;
        }
    }
    g_free(db);
    return status;
}
