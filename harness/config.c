/* SPDX-License-Identifier: MIT */
/* VM configuration: checks, and its life in vm.json. */
#include "harness/config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/fail.h"
#include "harness/tree.h"

/* The string members, so that copying, saving, loading and freeing cannot
 * disagree. */
static const struct {
    const char *name;
    size_t offset;
} strings[] = {
    { "name", G_STRUCT_OFFSET(struct vm_config, name) },
    { "backend", G_STRUCT_OFFSET(struct vm_config, backend) },
    { "connect", G_STRUCT_OFFSET(struct vm_config, connect) },
    { "qemu", G_STRUCT_OFFSET(struct vm_config, qemu) },
    { "igvm", G_STRUCT_OFFSET(struct vm_config, igvm) },
    { "firmware", G_STRUCT_OFFSET(struct vm_config, firmware) },
    { "kernel", G_STRUCT_OFFSET(struct vm_config, kernel) },
    { "initrd", G_STRUCT_OFFSET(struct vm_config, initrd) },
    { "append", G_STRUCT_OFFSET(struct vm_config, append) },
    { "disk", G_STRUCT_OFFSET(struct vm_config, disk) },
    { "network", G_STRUCT_OFFSET(struct vm_config, network) },
    { "chip", G_STRUCT_OFFSET(struct vm_config, chip) },
    { "id_block", G_STRUCT_OFFSET(struct vm_config, id_block) },
    { "id_auth", G_STRUCT_OFFSET(struct vm_config, id_auth) },
};

static char **string_at(const struct vm_config *config, size_t i)
{
    return &G_STRUCT_MEMBER(char *, config, strings[i].offset);
}

void vm_config_clear(struct vm_config *config)
{
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_clear_pointer(string_at(config, i), g_free);
    }
    g_clear_pointer(&config->extra, g_strfreev);
}

struct vm_config *vm_config_copy(const struct vm_config *config)
{
    struct vm_config *copy = g_new(struct vm_config, 1);
    *copy = *config;
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        *string_at(copy, i) = g_strdup(*string_at(config, i));
    }
    copy->extra = g_strdupv(config->extra);
    return copy;
}

void vm_config_free(struct vm_config *config)
{
    if (config) {
        vm_config_clear(config);
        g_free(config);
    }
}

static gboolean check_file(const char *what, const char *path, int mode,
                           GError **error)
{
    struct stat st;
    if (!path) {
        return TRUE;
    }
    if (stat(path, &st) < 0) {
        return fail_errno(error, errno, "%s %s", what, path);
    }
    if (S_ISDIR(st.st_mode)) {
        return fail(error, HARNESS_ERROR_FAILED, "%s %s: is a directory", what,
                    path);
    }
    if (S_ISREG(st.st_mode) && st.st_size == 0) {
        return fail(error, HARNESS_ERROR_FAILED, "%s %s: is empty", what, path);
    }
    return access(path, mode) == 0 ||
           fail_errno(error, errno, "%s %s", what, path);
}

gboolean vm_config_check(const struct vm_config *c, GError **error)
{
    if (c->memory < VM_MEMORY_MIN) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "%u MiB of memory are too little: the guest needs at "
                    "least %u",
                    c->memory, VM_MEMORY_MIN);
    }
    if (c->memory > VM_MEMORY_MAX) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "%u MiB of memory are too much (at most %u)", c->memory,
                    VM_MEMORY_MAX);
    }
    if (c->cpus < 1 || c->cpus > VM_CPUS_MAX) {
        return fail(error, HARNESS_ERROR_USAGE, "%u vCPUs: 1 to %u may be had",
                    c->cpus, VM_CPUS_MAX);
    }
    if (c->kernel && c->disk) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--kernel and --disk exclude each other");
    }
    if (!c->kernel && (c->initrd || c->append)) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--initrd and --append need --kernel");
    }
    if (c->kernel_hashes && !c->kernel) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--kernel-hashes needs a kernel: with --disk there is "
                    "none to hash");
    }
    if (c->network && strcmp(c->network, "user") != 0) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--network=%s: user, or none without the option",
                    c->network);
    }
    return check_file("QEMU", c->qemu, X_OK, error) &&
           check_file("kernel", c->kernel, R_OK, error) &&
           check_file("initrd", c->initrd, R_OK, error) &&
           check_file("disk", c->disk, R_OK | W_OK, error) &&
           check_file("firmware", c->firmware, R_OK, error) &&
           check_file("IGVM file", c->igvm, R_OK, error);
}

static void add_strv(JsonBuilder *b, const char *name, GStrv list)
{
    json_builder_set_member_name(b, name);
    json_builder_begin_array(b);
    for (char **s = list; s && *s; s++) {
        json_builder_add_string_value(b, *s);
    }
    json_builder_end_array(b);
}

static void add_bool(JsonBuilder *b, const char *name, gboolean value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_boolean_value(b, value);
}

static void add_int(JsonBuilder *b, const char *name, gint64 value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_int_value(b, value);
}

char *vm_config_to_json(const struct vm_config *c, gboolean pretty)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    add_int(b, "version", 1);
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        if (*string_at(c, i)) {
            json_builder_set_member_name(b, strings[i].name);
            json_builder_add_string_value(b, *string_at(c, i));
        }
    }
    json_builder_set_member_name(b, "platform");
    json_builder_add_string_value(b, platform_name(c->platform));
    add_int(b, "memory_mib", c->memory);
    add_int(b, "cpus", c->cpus);
    add_bool(b, "no_svsm", c->no_svsm);
    add_bool(b, "kernel_hashes", c->kernel_hashes);
    add_bool(b, "debug_read", c->debug_read);
    add_bool(b, "planes", c->planes);
    add_bool(b, "define", c->define);
    add_int(b, "log_limit", c->log_limit);
    add_strv(b, "extra", c->extra);
    add_int(b, "pid", c->pid);
    add_int(b, "supervisor", c->supervisor);
    add_int(b, "boots", c->boots);
    add_int(b, "started", c->started);
    json_builder_end_object(b);
    g_autoptr(JsonNode) root = json_builder_get_root(b);
    return json_to_string(root, pretty);
}

gboolean vm_config_save(const struct vm_config *c, const char *dir,
                        GError **error)
{
    g_autofree char *text = vm_config_to_json(c, TRUE);
    g_autofree char *path = g_build_filename(dir, "vm.json", NULL);
    g_autofree char *pid_path = g_build_filename(dir, "pid", NULL);
    g_autofree char *pid = g_strdup_printf("%d\n", (int)c->pid);
    return tree_write(path, text, -1, error) &&
           tree_write(pid_path, pid, -1, error);
}

static gint64 get_int(JsonObject *o, const char *name)
{
    return json_object_get_int_member_with_default(o, name, 0);
}

static gboolean get_bool(JsonObject *o, const char *name)
{
    return json_object_get_boolean_member_with_default(o, name, FALSE);
}

static GStrv get_strv(JsonObject *o, const char *name)
{
    g_autoptr(GStrvBuilder) b = g_strv_builder_new();
    JsonNode *node = json_object_get_member(o, name);
    if (node && JSON_NODE_HOLDS_ARRAY(node)) {
        JsonArray *array = json_node_get_array(node);
        for (guint i = 0; i < json_array_get_length(array); i++) {
            g_strv_builder_add(b, json_array_get_string_element(array, i));
        }
    }
    return g_strv_builder_end(b);
}

struct vm_config *vm_config_from_json(const char *text)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    if (!text || !json_parser_load_from_data(parser, text, -1, NULL)) {
        return NULL;
    }
    JsonNode *root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        return NULL;
    }
    JsonObject *o = json_node_get_object(root);
    struct vm_config *c = g_new0(struct vm_config, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        *string_at(c, i) = g_strdup(json_object_get_string_member_with_default(
            o, strings[i].name, NULL));
    }
    platform_parse(
        json_object_get_string_member_with_default(o, "platform", "emulated"),
        &c->platform, NULL);
    c->memory = (unsigned)get_int(o, "memory_mib");
    c->cpus = (unsigned)get_int(o, "cpus");
    c->no_svsm = get_bool(o, "no_svsm");
    c->kernel_hashes = get_bool(o, "kernel_hashes");
    c->debug_read = get_bool(o, "debug_read");
    c->planes = get_bool(o, "planes");
    c->define = get_bool(o, "define");
    c->log_limit = get_int(o, "log_limit");
    c->extra = get_strv(o, "extra");
    c->pid = (pid_t)get_int(o, "pid");
    c->supervisor = (pid_t)get_int(o, "supervisor");
    c->boots = (unsigned)get_int(o, "boots");
    c->started = get_int(o, "started");
    return c;
}

struct vm_config *vm_config_load(const char *dir, GError **error)
{
    g_autofree char *path = g_build_filename(dir, "vm.json", NULL);
    g_autofree char *text = NULL;
    struct vm_config *c = NULL;
    if (g_file_get_contents(path, &text, NULL, NULL)) {
        c = vm_config_from_json(text);
    }
    if (!c) {
        fail(error, HARNESS_ERROR_NOT_FOUND,
             "the VM is starting or ending (no readable %s)", path);
    }
    return c;
}
