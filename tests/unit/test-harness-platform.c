/* SPDX-License-Identifier: MIT */
/*
 * What each kind of VM is started by: QEMU's command line and the libvirt
 * domain, held against the records in tests/unit/expected, and against what
 * QEMU says of its own objects and options.
 *
 * EVTPM_UPDATE=1 writes the records anew: look at the difference. QEMU is this
 * build's and, for the SVSM tree, the one in EVTPM_SNP_QEMU.
 */
#include <glib.h>
#include <string.h>

#include "harness/artifacts.h"
#include "harness/cmdline.h"
#include "harness/domain_xml.h"
#include "harness/jsonstream.h"
#include "harness/process.h"
#include "harness/vm.h"

static const struct kind {
    const char *name;
    enum platform platform;
    gboolean planes, no_svsm, bios, hashes, disk;
} kinds[] = {
    { "emulated", PLATFORM_EMULATED, FALSE, FALSE, FALSE, FALSE, FALSE },
    { "emulated-disk", PLATFORM_EMULATED, FALSE, FALSE, FALSE, FALSE, TRUE },
    { "emulated-bios", PLATFORM_EMULATED, FALSE, TRUE, TRUE, TRUE, FALSE },
    { "snp-svsm-tree", PLATFORM_SNP, TRUE, FALSE, FALSE, FALSE, FALSE },
    { "snp-mainline", PLATFORM_SNP, FALSE, FALSE, FALSE, FALSE, FALSE },
    { "snp-mainline-disk", PLATFORM_SNP, FALSE, TRUE, FALSE, FALSE, TRUE },
    { "snp-mainline-bios", PLATFORM_SNP, FALSE, TRUE, TRUE, TRUE, FALSE },
};

static struct vm_config config_of(const struct kind *k)
{
    struct vm_config c = {
        .name = (char *)"lab",
        .platform = k->platform,
        .qemu = (char *)"/opt/qemu/bin/qemu-system-x86_64",
        .igvm = k->bios ? NULL : (char *)"/srv/evtpm.igvm",
        .firmware = k->no_svsm ? (char *)"/srv/OVMF.fd" : NULL,
        .chip = k->platform == PLATFORM_EMULATED ? (char *)"/srv/chip" : NULL,
        .memory = 2048,
        .cpus = 4,
        .planes = k->planes,
        .no_svsm = k->no_svsm,
        .kernel_hashes = k->hashes,
    };
    if (k->disk) {
        c.disk = (char *)"/srv/disk.raw";
    } else {
        c.kernel = (char *)"/srv/bzImage";
        c.initrd = (char *)"/srv/initramfs.img";
        c.append = (char *)"console=ttyS0 quiet <&'\">";
    }
    return c;
}

/* The record as JSON is another test's; here it is in the way. */
static char *without_record(const char *xml)
{
    g_autoptr(GRegex) regex =
        g_regex_new("(<evtpm:vm [^>]*>)[^\n]*(</evtpm:vm>)", 0, 0, NULL);
    return g_regex_replace(regex, xml, -1, 0, "\\1{...}\\2", 0, NULL);
}

static void hold_against(const char *name, const char *ending, const char *text)
{
    g_autofree char *file = g_strconcat(name, ending, NULL);
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "tests/unit/expected", file, NULL);
    g_autofree char *record = NULL;
    g_autoptr(GError) error = NULL;
    if (g_getenv("EVTPM_UPDATE")) {
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
    }
    g_file_get_contents(path, &record, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, record);
}

/* One option a line. */
static void test_command(gconstpointer data)
{
    const struct kind *k = data;
    struct vm_config c = config_of(k);
    g_auto(GStrv) argv = cmdline_build(
        &c, &(struct cmdline_channels){ 3, 4, 5, 6, "/log/console.log" });
    g_autoptr(GString) text = g_string_new(argv[0]);
    for (char **a = argv + 1; *a; a++) {
        gboolean value = **a != '-' || g_str_has_prefix(a[-1], "-append");
        g_string_append_printf(text, "%s%s", value ? " " : "\n", *a);
    }
    g_string_append_c(text, '\n');
    hold_against(k->name, ".args", text->str);
}

static void test_domain(gconstpointer data)
{
    const struct kind *k = data;
    struct vm_config c = config_of(k);
    g_autofree char *xml = domain_xml(&c, NULL);
    g_autofree char *text = without_record(xml);
    hold_against(k->name, ".xml", text);

    /* the same namespace, and only that, where the record is */
    g_autofree char *element =
        g_strdup_printf("<%s:vm xmlns:%s='%s'>", DOMAIN_XML_PREFIX,
                        DOMAIN_XML_PREFIX, DOMAIN_XML_URI);
    g_assert_nonnull(strstr(xml, element));
    /* hardware: libvirt knows the launch security; QEMU alone the IGVM file */
    gboolean snp = k->platform == PLATFORM_SNP;
    g_assert_true((strstr(xml, "<launchSecurity type='sev-snp'") != NULL) ==
                  snp);
    g_assert_true((strstr(xml, "sev-snp-emulated") != NULL) == !snp);
    g_assert_true((strstr(xml, "qemu:commandline") != NULL) ==
                  (!snp || !k->bios));
}

/* A log is asked for, or not. */
static void test_log(void)
{
    struct vm_config c = config_of(&kinds[0]);
    g_autofree char *with = domain_xml(&c, "/log/a&b");
    g_autofree char *without = domain_xml(&c, NULL);
    g_assert_nonnull(strstr(with, "<log file='/log/a&amp;b' append='on'/>"));
    g_assert_null(strstr(without, "<log "));
}

/* ---- QEMU's own word ---- */

struct answers {
    GHashTable *names; /* "TYPE.PROPERTY", "OPTION.PARAMETER" */
    const char *type;
};

static void add_names(struct answers *a, const char *type, JsonArray *list)
{
    for (guint i = 0; i < json_array_get_length(list); i++) {
        JsonObject *o = json_array_get_object_element(list, i);
        if (json_object_has_member(o, "option")) {
            const char *option = json_object_get_string_member(o, "option");
            g_hash_table_add(a->names, g_strconcat("-", option, NULL));
            add_names(a, option, json_object_get_array_member(o, "parameters"));
        } else {
            g_hash_table_add(
                a->names,
                g_strconcat(type, ".", json_object_get_string_member(o, "name"),
                            NULL));
        }
    }
}

static void on_answer(const char *line, void *user)
{
    struct answers *a = user;
    g_autoptr(JsonObject) o =
        json_stream_parse(line, strlen(line), "QEMU", NULL);
    JsonNode *node = o ? json_object_get_member(o, "return") : NULL;
    if (node && JSON_NODE_HOLDS_ARRAY(node)) {
        add_names(a, json_object_get_string_member_with_default(o, "id", "?"),
                  json_node_get_array(node));
    }
}

/* Everything that the command lines name, of one QEMU. */
static GHashTable *ask(const char *qemu)
{
    static const char *const types[] = {
        "generic-pc-machine", "kvm-accel",      "sev-snp-guest",
        "sev-snp-emulated",   "igvm-cfg",       "memory-backend-memfd",
        "virtio-serial-pci",  "virtserialport", "virtio-blk-pci",
    };
    struct answers a = { .names = g_hash_table_new_full(g_str_hash, g_str_equal,
                                                        g_free, NULL) };
    g_autoptr(GString) input =
        g_string_new("{\"execute\":\"qmp_capabilities\"}\n"
                     "{\"execute\":\"query-command-line-options\"}\n");
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        gboolean device = strncmp(types[i], "virt", 4) == 0;
        g_string_append_printf(
            input,
            "{\"execute\":\"%s-list-properties\",\"id\":\"%s\","
            "\"arguments\":{\"typename\":\"%s\"}}\n",
            device ? "device" : "qom", types[i], types[i]);
    }
    g_string_append(input, "{\"execute\":\"quit\"}\n");
    const char *const argv[] = { qemu,       "-machine", "none", "-nodefaults",
                                 "-display", "none",     "-S",   "-qmp",
                                 "stdio",    NULL };
    g_autoptr(GBytes) bytes = g_bytes_new(input->str, input->len);
    g_autoptr(GError) error = NULL;
    int status;
    process_run(argv, NULL, bytes, FALSE, on_answer, &a, NULL, &status,
                deadline_in(60), &error);
    g_assert_no_error(error);
    return a.names;
}

/* The type whose properties an option's value names. */
static const char *type_of(const char *option, const char *first)
{
    return strcmp(option, "-machine") == 0   ? "generic-pc-machine"
           : strcmp(option, "-smp") == 0     ? NULL
           : strcmp(option, "-m") == 0       ? NULL
           : strcmp(option, "-chardev") == 0 ? "chardev"
           : strcmp(option, "-mon") == 0     ? "mon"
           : strcmp(option, "-object") == 0 || strcmp(option, "-device") == 0
               ? first
               : NULL;
}

/* Names that QEMU takes and lists nowhere, or elsewhere. */
static gboolean listed(GHashTable *names, const char *type, const char *name)
{
    g_autofree char *key = g_strconcat(type, ".", name, NULL);
    g_autofree char *of_kvm = g_strconcat("kvm-accel.", name, NULL);
    return strcmp(name, "id") == 0 || g_hash_table_contains(names, key) ||
           (strcmp(type, "generic-pc-machine") == 0 &&
            g_hash_table_contains(names, of_kvm)) ||
           (strcmp(type, "virtio-blk-pci") == 0 &&
            strcmp(name, "bootindex") == 0);
}

/* "option.name" of what this QEMU does not know; NULL if it knows all. */
static char *unknown(GHashTable *names, const struct kind *k)
{
    struct vm_config c = config_of(k);
    g_auto(GStrv) argv = cmdline_build(
        &c, &(struct cmdline_channels){ 3, 4, 5, 6, "/log/console.log" });
    for (char **a = argv; a[0] && a[1]; a++) {
        g_auto(GStrv) parts = g_strsplit(a[1], ",", -1);
        const char *type = parts[0] ? type_of(a[0], parts[0]) : NULL;
        for (char **p = parts; type && *p; p++) {
            char *equals = strchr(*p, '=');
            if (equals) {
                *equals = '\0';
            }
            if (equals && !listed(names, type, *p)) {
                return g_strdup_printf("%s.%s", type, *p);
            }
        }
    }
    return NULL;
}

static void test_qemu(void)
{
    g_autofree char *qemu = artifact_path(ARTIFACT_QEMU, NULL);
    if (!qemu) {
        g_test_skip("QEMU is not built");
        return;
    }
    g_autoptr(GHashTable) names = ask(qemu);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *what = unknown(names, &kinds[i]);
        /* planes are the SVSM tree's: the control that shows that the rest is
         * looked for */
        g_assert_cmpstr(what, ==,
                        kinds[i].planes ? "generic-pc-machine.device-plane"
                                        : NULL);
    }
}

static void test_snp_qemu(void)
{
    const char *qemu = g_getenv("EVTPM_SNP_QEMU");
    if (!qemu || !*qemu) {
        g_test_skip("EVTPM_SNP_QEMU names no QEMU of the SVSM tree");
        return;
    }
    g_autoptr(GHashTable) names = ask(qemu);
    gboolean tree =
        g_hash_table_contains(names, "generic-pc-machine.device-plane");
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (kinds[i].platform == PLATFORM_SNP && (tree || !kinds[i].planes)) {
            g_autofree char *what = unknown(names, &kinds[i]);
            g_assert_cmpstr(what, ==, NULL);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *command =
            g_strconcat("/harness/platform/command/", kinds[i].name, NULL);
        g_autofree char *domain =
            g_strconcat("/harness/platform/domain/", kinds[i].name, NULL);
        g_test_add_data_func(command, &kinds[i], test_command);
        g_test_add_data_func(domain, &kinds[i], test_domain);
    }
    g_test_add_func("/harness/platform/log", test_log);
    g_test_add_func("/harness/platform/qemu", test_qemu);
    g_test_add_func("/harness/platform/snp-qemu", test_snp_qemu);
    return g_test_run();
}
