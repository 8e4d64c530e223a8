/* SPDX-License-Identifier: MIT */
/* Judging a disk image. */
#include "harness/image_report.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a kernel must have been configured with, and what is good to have. */
static const struct {
    const char *name, *why;
    gboolean needed, builtin;
} options[] = {
    { "AMD_MEM_ENCRYPT",
      "it cannot run as a SEV-SNP guest: build it with "
      "CONFIG_AMD_MEM_ENCRYPT=y",
      TRUE, TRUE },
    { "TCG_SVSM",
      "it has no driver for the SVSM's vTPM: build it with "
      "CONFIG_TCG_SVSM=y",
      TRUE, FALSE },
    { "SEV_GUEST",
      "it cannot ask for reports: build it with "
      "CONFIG_SEV_GUEST=y",
      TRUE, FALSE },
    { "TSM_REPORTS",
      "programs cannot ask it for reports: build it with "
      "CONFIG_TSM_REPORTS=y",
      TRUE, FALSE },
    { "EFI_STUB", "firmware cannot start it: build it with CONFIG_EFI_STUB=y",
      TRUE, TRUE },
    { "VIRTIO_PCI",
      "it does not see the disk: build it with "
      "CONFIG_VIRTIO_PCI=y",
      TRUE, FALSE },
    { "VIRTIO_BLK",
      "it does not see the disk: build it with "
      "CONFIG_VIRTIO_BLK=y",
      TRUE, FALSE },
    { "DM_CRYPT", "without it the root file system cannot be encrypted", FALSE,
      FALSE },
};

/* What was found, before it is judged. */
struct look {
    gboolean fat, readable;
    GString *unified;    /* "VERSION in FILE" of each unified kernel image */
    GString *strange;    /* partitions that nothing can be said of */
    GHashTable *kernels; /* version to "config" or "none" */
    GHashTable *options; /* "VERSION NAME" to y or m */
    GHashTable *tools;
};

static void finding_free(void *data)
{
    struct image_finding *f = data;
    g_free(f->seen);
    g_free(f);
}

static void add(struct image_report *r, enum image_verdict verdict,
                const char *what, const char *mend, const char *fmt, ...)
    G_GNUC_PRINTF(5, 6);

static void add(struct image_report *r, enum image_verdict verdict,
                const char *what, const char *mend, const char *fmt, ...)
{
    struct image_finding *f = g_new0(struct image_finding, 1);
    va_list ap;
    va_start(ap, fmt);
    *f = (struct image_finding){ .verdict = verdict,
                                 .what = what,
                                 .seen = g_strdup_vprintf(fmt, ap),
                                 .mend = verdict == IMAGE_OK ? NULL : mend };
    va_end(ap);
    g_ptr_array_add(r->findings, f);
}

/* As people know it: that it cannot be read is not a fault of the image. */
static const char *type_name(const char *type)
{
    static const struct {
        const char *type, *name;
    } names[] = {
        { "xfs", "XFS" },
        { "btrfs", "Btrfs" },
        { "luks", "LUKS: encrypted" },
        { "lvm", "LVM: volumes in it" },
        { "squashfs", "SquashFS" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(type, names[i].type) == 0) {
            return names[i].name;
        }
    }
    return type;
}

static void take_partition(struct look *l, const char *name, const char *type)
{
    l->fat |= strcmp(type, "fat") == 0;
    l->readable |= strcmp(type, "ext") == 0;
    if (strcmp(type, "ext") != 0 && strcmp(type, "fat") != 0) {
        g_string_append_printf(l->strange, "%s%s (%s)",
                               l->strange->len ? ", " : "", name,
                               type_name(type));
    }
}

static void take_line(struct image_report *r, struct look *l, const char *line)
{
    g_auto(GStrv) w = g_strsplit(line, " ", 4);
    guint n = g_strv_length(w);
    if (n >= 2 && strcmp(w[0], "system") == 0 && !r->system) {
        r->system = g_strdup(line + strlen("system "));
    } else if (n == 3 && strcmp(w[0], "partition") == 0) {
        take_partition(l, w[1], w[2]);
    } else if (n == 3 && strcmp(w[0], "kernel") == 0) {
        /* its configuration may be elsewhere than the kernel */
        if (g_strcmp0(g_hash_table_lookup(l->kernels, w[1]), "config") != 0) {
            g_hash_table_insert(l->kernels, g_strdup(w[1]), g_strdup(w[2]));
        }
    } else if (n == 3 && strcmp(w[0], "uki") == 0) {
        g_string_append_printf(l->unified, "%s%s in %s",
                               l->unified->len ? ", " : "", w[1], w[2]);
    } else if (n == 4 && strcmp(w[0], "option") == 0) {
        g_hash_table_insert(l->options, g_strdup_printf("%s %s", w[1], w[2]),
                            g_strdup(w[3]));
    } else if (n == 2 && strcmp(w[0], "tool") == 0) {
        g_hash_table_add(l->tools, g_strdup(w[1]));
    }
}

/* Major, minor and patch number; 0 for what is not there. */
static void numbers(const char *version, unsigned n[3])
{
    n[0] = n[1] = n[2] = 0;
    if (sscanf(version, "%u.%u.%u", &n[0], &n[1], &n[2]) < 2) {
        n[0] = n[1] = n[2] = 0;
    }
}

static int compare_versions(const char *a, const char *b)
{
    unsigned x[3], y[3];
    numbers(a, x);
    numbers(b, y);
    for (int i = 0; i < 3; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return strcmp(a, b);
}

static void choose_kernel(struct image_report *r, const struct look *l)
{
    GHashTableIter iter;
    void *version;
    g_hash_table_iter_init(&iter, l->kernels);
    while (g_hash_table_iter_next(&iter, &version, NULL)) {
        if (!r->kernel || compare_versions(version, r->kernel) > 0) {
            g_free(r->kernel);
            r->kernel = g_strdup(version);
        }
    }
}

static void judge_version(struct image_report *r)
{
    unsigned n[3];
    numbers(r->kernel, n);
    gboolean good = n[0] > IMAGE_KERNEL_MAJOR ||
                    (n[0] == IMAGE_KERNEL_MAJOR && n[1] >= IMAGE_KERNEL_MINOR);
    add(r,
        n[0] == 0 ? IMAGE_UNKNOWN
        : good    ? IMAGE_OK
                  : IMAGE_MISSING,
        "kernel 6.16 or newer",
        "older ones have no driver for the SVSM's vTPM: install a newer kernel",
        "%s", r->kernel);
}

static void judge_options(struct image_report *r, const struct look *l)
{
    const char *has = g_hash_table_lookup(l->kernels, r->kernel);
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        g_autofree char *key =
            g_strdup_printf("%s %s", r->kernel, options[i].name);
        const char *value = g_hash_table_lookup(l->options, key);
        gboolean good = value && (!options[i].builtin || *value == 'y');
        enum image_verdict bad =
            options[i].needed ? IMAGE_MISSING : IMAGE_ADVICE;
        if (strcmp(has, "config") != 0) {
            add(r, options[i].needed ? IMAGE_UNKNOWN : IMAGE_ADVICE,
                options[i].name,
                "put the kernel's configuration into /boot, as config-VERSION",
                "no configuration of %s in the image", r->kernel);
        } else {
            add(r, good ? IMAGE_OK : bad, options[i].name, options[i].why, "%s",
                !value          ? "not set"
                : *value == 'm' ? "a module: the initramfs must have it"
                                : "built in");
        }
    }
}

static void judge_tools(struct image_report *r, const struct look *l)
{
    gboolean tools = g_hash_table_contains(l->tools, "tpm2");
    gboolean agent = g_hash_table_contains(l->tools, "evtpm-agent");
    add(r, tools || agent ? IMAGE_OK : IMAGE_ADVICE, "evidence",
        "install evtpm-agent, or tpm2-tools for images/guest/evtpm-evidence",
        "%s",
        agent   ? "evtpm-agent"
        : tools ? "tpm2-tools"
                : "nothing that collects it");
    if (g_hash_table_contains(l->tools, "qemu-ga")) {
        add(r, IMAGE_ADVICE, "qemu-guest-agent",
            "remove it before this image holds secrets",
            "installed: by it the host runs commands in the guest");
    }
}

static void judge_disk(struct image_report *r, const struct look *l)
{
    add(r, l->fat ? IMAGE_OK : IMAGE_MISSING, "EFI system partition",
        "firmware starts EFI/BOOT/BOOTX64.EFI of a FAT file system: make one",
        "%s", l->fat ? "a FAT file system" : "no FAT file system");
    if (l->unified->len) {
        add(r, IMAGE_OK, "unified kernel image", NULL, "%s", l->unified->str);
    }
    if (l->strange->len) {
        add(r, l->readable ? IMAGE_ADVICE : IMAGE_UNKNOWN, "file systems",
            "only ext2, ext3, ext4 and FAT can be looked into",
            "not looked into: %s", l->strange->str);
    }
}

void image_report_make(struct image_report *r, const char *text)
{
    struct look l = {
        .strange = g_string_new(NULL),
        .unified = g_string_new(NULL),
        .kernels =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .options =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .tools = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
    *r = (struct image_report){ 0 };
    r->findings = g_ptr_array_new_with_free_func(finding_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        take_line(r, &l, *line);
    }
    choose_kernel(r, &l);
    judge_disk(r, &l);
    if (r->kernel) {
        judge_version(r);
        judge_options(r, &l);
    } else {
        add(r, l.readable ? IMAGE_MISSING : IMAGE_UNKNOWN, "kernel",
            "install one as /boot/vmlinuz-VERSION with config-VERSION",
            "none in /boot of a readable file system");
    }
    judge_tools(r, &l);
    g_string_free(l.strange, TRUE);
    g_string_free(l.unified, TRUE);
    g_hash_table_unref(l.kernels);
    g_hash_table_unref(l.options);
    g_hash_table_unref(l.tools);
}

void image_report_clear(struct image_report *r)
{
    g_clear_pointer(&r->system, g_free);
    g_clear_pointer(&r->kernel, g_free);
    g_clear_pointer(&r->findings, g_ptr_array_unref);
}

gboolean image_report_good(const struct image_report *r)
{
    for (guint i = 0; i < r->findings->len; i++) {
        const struct image_finding *f = g_ptr_array_index(r->findings, i);
        if (f->verdict == IMAGE_MISSING || f->verdict == IMAGE_UNKNOWN) {
            return FALSE;
        }
    }
    return TRUE;
}

static const char *const words[] = {
    [IMAGE_OK] = "ok",
    [IMAGE_MISSING] = "missing",
    [IMAGE_UNKNOWN] = "unknown",
    [IMAGE_ADVICE] = "note",
};

char *image_report_text(const struct image_report *r)
{
    GString *s = g_string_new(NULL);
    if (r->system) {
        g_string_append_printf(s, "%s\n", r->system);
    }
    for (guint i = 0; i < r->findings->len; i++) {
        const struct image_finding *f = g_ptr_array_index(r->findings, i);
        g_string_append_printf(s, "%-8s %-22s %s\n", words[f->verdict], f->what,
                               f->seen);
        if (f->mend) {
            g_string_append_printf(s, "%31s %s\n", "", f->mend);
        }
    }
    return g_string_free(s, FALSE);
}

static void add_member(JsonBuilder *b, const char *name, const char *value)
{
    json_builder_set_member_name(b, name);
    if (value) {
        json_builder_add_string_value(b, value);
    } else {
        json_builder_add_null_value(b);
    }
}

char *image_report_json(const struct image_report *r, const char *file)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    add_member(b, "file", file);
    add_member(b, "system", r->system);
    add_member(b, "kernel", r->kernel);
    json_builder_set_member_name(b, "ok");
    json_builder_add_boolean_value(b, image_report_good(r));
    json_builder_set_member_name(b, "findings");
    json_builder_begin_array(b);
    for (guint i = 0; i < r->findings->len; i++) {
        const struct image_finding *f = g_ptr_array_index(r->findings, i);
        json_builder_begin_object(b);
        add_member(b, "what", f->what);
        add_member(b, "verdict", words[f->verdict]);
        add_member(b, "found", f->seen);
        add_member(b, "mend", f->mend);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    json_builder_end_object(b);
    g_autoptr(JsonNode) root = json_builder_get_root(b);
    return json_to_string(root, TRUE);
}
