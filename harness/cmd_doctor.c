/* SPDX-License-Identifier: MIT */
/* evtpm doctor: what this machine has and lacks. */
#include <json-glib/json-glib.h>
#include <stdio.h>

#include "harness/command.h"
#include "harness/doctor.h"

static const char *const state_name[] = { "ok", "note", "missing" };

static JsonObject *item_json(const struct doctor_item *item)
{
    JsonObject *o = json_object_new();
    JsonArray *uses = json_array_new();
    if (item->uses & DOCTOR_SNP) {
        json_array_add_string_element(uses, "snp");
    }
    if (item->uses & DOCTOR_EMULATION) {
        json_array_add_string_element(uses, "emulation");
    }
    json_object_set_string_member(o, "id", item->id);
    json_object_set_string_member(o, "state", state_name[item->state]);
    json_object_set_array_member(o, "for", uses);
    json_object_set_string_member(o, "found", item->found);
    json_object_set_string_member(o, "wanted", item->wanted);
    if (item->mend) {
        json_object_set_string_member(o, "mend", item->mend);
    }
    return o;
}

static void print_json(const struct doctor *d, enum doctor_verdict verdict)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *o = json_object_new();
    JsonArray *items = json_array_new();
    for (guint i = 0; i < d->items->len; i++) {
        json_array_add_object_element(
            items, item_json(g_ptr_array_index(d->items, i)));
    }
    json_object_set_string_member(o, "ready",
                                  verdict == DOCTOR_READY ? "snp"
                                  : verdict == DOCTOR_EMULATED_ONLY
                                      ? "emulation"
                                      : "none");
    json_object_set_array_member(o, "items", items);
    json_node_take_object(root, o);
    g_autofree char *text = json_to_string(root, TRUE);
    puts(text);
}

static void print_text(const struct doctor *d)
{
    static const char *const mark[] = { "ok", "note", "MISS" };
    for (guint i = 0; i < d->items->len; i++) {
        const struct doctor_item *item = g_ptr_array_index(d->items, i);
        printf("%-5s %-13s %s\n", mark[item->state], item->id, item->found);
        printf("      %-13s %s\n", "  wanted", item->wanted);
        if (item->mend) {
            printf("      %-13s %s\n", "  mend", item->mend);
        }
    }
    g_autofree char *summary = doctor_summary(d);
    puts(summary);
}

int cmd_doctor(int argc, char **argv, GError **error)
{
    gboolean json = FALSE;
    g_autofree char *root = NULL, *qemu = NULL;
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &json, "print a JSON object", NULL },
        { "qemu", 0, 0, G_OPTION_ARG_FILENAME, &qemu,
          "QEMU for hardware (default: $EVTPM_SNP_QEMU, else the one in PATH)",
          "F" },
        { "sysroot", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &root,
          "look below DIR instead of at this machine, for tests", "DIR" },
        { NULL },
    };
    if (command_options(&argc, &argv, entries, "doctor [OPTIONS]",
                        "Says what this machine has of what SEV-SNP guests "
                        "need: found, wanted, how to mend. The exit status is "
                        "0 if guests with an SVSM can run on the hardware, 3 "
                        "if they can be emulated only, 4 if neither.",
                        0, 0, error) < 0) {
        return -1;
    }
    struct doctor *d =
        doctor_examine(&(struct doctor_options){ .root = root, .qemu = qemu });
    enum doctor_verdict verdict = doctor_verdict(d);
    if (json) {
        print_json(d, verdict);
    } else {
        print_text(d);
    }
    doctor_free(d);
    return (int)verdict;
}
