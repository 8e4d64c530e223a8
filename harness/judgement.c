/* SPDX-License-Identifier: MIT */
/* A verdict on evidence, for people and for machines. */
#include "harness/judgement.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

gboolean judgement_not_asked(const struct attest *a, enum evtpm_link link)
{
    return link >= EVTPM_LINK_REVOCATION &&
           a->result.link[link].status == EVTPM_SKIPPED;
}

static JsonObject *link_json(const struct evtpm_result *r, enum evtpm_link i)
{
    static const char *const status[] = { "skipped", "passed", "failed" };
    const struct evtpm_link_result *l = &r->link[i];
    JsonObject *o = json_object_new();
    json_object_set_string_member(o, "link", evtpm_link_name(i));
    json_object_set_string_member(o, "claim", evtpm_link_claim(i));
    json_object_set_string_member(o, "status", status[l->status]);
    json_object_set_int_member(o, "exit_status", evtpm_link_exit_status(i));
    json_object_set_string_member(o, "detail", l->detail);
    json_object_set_string_member(o, "seen", l->seen);
    json_object_set_string_member(o, "wanted", l->wanted);
    return o;
}

static void print_json(const struct attest *a)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *o = json_object_new();
    JsonArray *links = json_array_new();
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        json_array_add_object_element(
            links, link_json(&a->result, (enum evtpm_link)i));
    }
    json_object_set_boolean_member(o, "ok", attest_good(a));
    json_object_set_boolean_member(o, "emulated", a->result.emulated);
    if (!attest_good(a)) {
        json_object_set_string_member(o, "failed",
                                      evtpm_link_name(a->result.failed));
    }
    json_object_set_array_member(o, "links", links);
    json_node_take_object(root, o);
    g_autofree char *text = json_to_string(root, TRUE);
    puts(text);
}

static void print_link(const struct attest *a, enum evtpm_link i,
                       gboolean explain)
{
    static const char *const mark[] = { "skip", "ok", "FAIL" };
    const struct evtpm_link_result *l = &a->result.link[i];
    printf("%-4s %-17s %s\n", mark[l->status], evtpm_link_name(i),
           l->status == EVTPM_PASSED ? evtpm_link_claim(i) : l->detail);
    if (explain && l->seen[0]) {
        printf("       seen    %s\n", l->seen);
    }
    if (explain && l->wanted[0]) {
        printf("       wanted  %s\n", l->wanted);
    }
}

static void print_text(const struct attest *a, const struct attest_policy *p,
                       gboolean explain)
{
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        if (explain || !judgement_not_asked(a, (enum evtpm_link)i)) {
            print_link(a, (enum evtpm_link)i, explain);
        }
    }
    if (p->file) {
        printf("policy: %s\n", p->file);
    }
    if (p->igvm) {
        printf("reference: %s\n", p->igvm);
    }
    if (a->result.emulated) {
        printf("root: %s, an emulated chip's: this proves the software, not "
               "the hardware\n",
               a->result.link[EVTPM_LINK_ROOT].seen);
    }
}

int judgement_print(struct attest *a, const struct attest_policy *p,
                    gboolean recorded, const char *launched,
                    enum judgement_form form, GError **error)
{
    if (!attest_verify(a, p, recorded, error)) {
        return -1;
    }
    if (form == JUDGEMENT_JSON) {
        print_json(a);
    } else {
        print_text(a, p, form == JUDGEMENT_EXPLAIN);
    }
    g_autofree char *text = attest_failure(a, p, launched);
    if (text) {
        fflush(stdout);
        fprintf(stderr, "evtpm: %s\n", text);
        return evtpm_link_exit_status(a->result.failed);
    }
    return 0;
}
