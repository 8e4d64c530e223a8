/* SPDX-License-Identifier: MIT */
/* evtpm ps: the running VMs. */
#include <stdio.h>

#include "harness/command.h"
#include "harness/vm.h"

static char *uptime(gint64 started)
{
    gint64 s = MAX((g_get_real_time() - started) / 1000000, 0);
    return s < 3600 ? g_strdup_printf("%d:%02d", (int)(s / 60), (int)(s % 60))
                    : g_strdup_printf("%d:%02d:%02d", (int)(s / 3600),
                                      (int)(s / 60 % 60), (int)(s % 60));
}

static void print_line(const struct vm_config *c)
{
    g_autofree char *up = uptime(c->started);
    printf("%-16s %8d %-9s %7u %4u %5u %9s\n", c->name, (int)c->pid,
           platform_name(c->platform), c->memory, c->cpus, c->boots, up);
}

static JsonObject *to_json(const struct vm_config *c)
{
    JsonObject *o = json_object_new();
    json_object_set_string_member(o, "name", c->name);
    json_object_set_int_member(o, "pid", c->pid);
    json_object_set_string_member(o, "platform", platform_name(c->platform));
    json_object_set_int_member(o, "memory_mib", c->memory);
    json_object_set_int_member(o, "cpus", c->cpus);
    json_object_set_int_member(o, "boots", c->boots);
    json_object_set_string_member(o, "igvm", c->igvm);
    json_object_set_double_member(
        o, "uptime", (double)(g_get_real_time() - c->started) / 1e6);
    return o;
}

int cmd_ps(int argc, char **argv, GError **error)
{
    gboolean json = FALSE;
    g_auto(backend_options) place = { NULL };
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &json, "print a JSON array", NULL },
        BACKEND_OPTIONS(&place),
        { NULL },
    };
    if (command_options(&argc, &argv, entries, "ps [OPTIONS]",
                        "Lists the VMs of this user that run.", 0, 0,
                        error) < 0) {
        return -1;
    }
    g_autoptr(GPtrArray) vms = vm_list(place.backend, place.connect, error);
    if (!vms) {
        return -1;
    }
    JsonArray *array = json_array_new();
    if (!json) {
        printf("%-16s %8s %-9s %7s %4s %5s %9s\n", "NAME", "PID", "PLATFORM",
               "MiB", "CPUS", "BOOTS", "UPTIME");
    }
    for (guint i = 0; i < vms->len; i++) {
        const struct vm_config *c = g_ptr_array_index(vms, i);
        if (json) {
            json_array_add_object_element(array, to_json(c));
        } else {
            print_line(c);
        }
    }
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_ARRAY);
    json_node_take_array(root, array);
    if (json) {
        g_autofree char *text = json_to_string(root, TRUE);
        puts(text);
    }
    return 0;
}
