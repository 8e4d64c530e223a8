/* SPDX-License-Identifier: MIT */
/* Machine, system, versions. */
#include "harness/environment.h"

#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "harness/artifacts.h"
#include "harness/igvm_file.h"
#include "harness/process.h"

/* Of the boot protocol: where a bzImage says its version, from its start. */
#define BZIMAGE_VERSION_OFFSET 0x20e
#define BZIMAGE_VERSION_BASE 0x200

static void set(JsonObject *o, const char *name, const char *text)
{
    if (text && *text) {
        g_autofree char *valid = g_utf8_make_valid(text, -1);
        json_object_set_string_member(o, name, g_strstrip(valid));
    }
}

static char *processor(void)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL)) {
        return NULL;
    }
    const char *model = strstr(text, "model name");
    const char *colon = model ? strchr(model, ':') : NULL;
    const char *end = colon ? strchr(colon, '\n') : NULL;
    return end ? g_strndup(colon + 1, (gsize)(end - colon - 1)) : NULL;
}

static void add_host(JsonObject *o)
{
    struct utsname uts;
    struct sysinfo info;
    g_autofree char *system = g_get_os_info(G_OS_INFO_KEY_PRETTY_NAME);
    g_autofree char *cpu = processor();
    g_autofree char *count = g_strdup_printf("%u", g_get_num_processors());
    set(o, "system", system);
    if (uname(&uts) == 0) {
        g_autofree char *kernel =
            g_strdup_printf("%s %s %s", uts.sysname, uts.release, uts.machine);
        set(o, "kernel", kernel);
    }
    set(o, "processor", cpu);
    set(o, "processors", count);
    if (sysinfo(&info) == 0) {
        g_autofree char *memory = g_strdup_printf(
            "%" G_GUINT64_FORMAT " MiB",
            (guint64)info.totalram * info.mem_unit / (1024 * 1024));
        set(o, "memory", memory);
    }
}

static void first_line(const char *line, void *user)
{
    char **first = user;
    if (!*first) {
        *first = g_strdup(line);
    }
}

static void add_qemu(JsonObject *o)
{
    g_autofree char *qemu = artifact_path(ARTIFACT_QEMU, NULL);
    g_autofree char *version = NULL;
    const char *argv[] = { qemu, "--version", NULL };
    int status;
    if (qemu && process_run(argv, NULL, NULL, FALSE, first_line, &version, NULL,
                            &status, deadline_in(10), NULL)) {
        set(o, "QEMU", version);
    }
}

static void add_guest_kernel(JsonObject *o)
{
    g_autofree char *path = artifact_path(ARTIFACT_KERNEL, NULL);
    g_autofree char *image = NULL;
    gsize size = 0;
    if (!path || !g_file_get_contents(path, &image, &size, NULL) ||
        size < BZIMAGE_VERSION_OFFSET + 2) {
        return;
    }
    const guchar *at = (const guchar *)image + BZIMAGE_VERSION_OFFSET;
    gsize start = BZIMAGE_VERSION_BASE + at[0] + ((gsize)at[1] << 8);
    if (at[0] + at[1] && start + 100 < size) {
        g_autofree char *text = g_strndup(image + start, 100);
        g_auto(GStrv) word = g_strsplit(text, " ", 2);
        g_autofree char *version = g_strconcat("Linux ", word[0], NULL);
        set(o, "guest kernel", version);
    }
}

static void add_images(JsonObject *o)
{
    struct igvm_summary summary;
    g_autofree char *firmware = artifact_path(ARTIFACT_FIRMWARE, NULL);
    g_autofree char *data = NULL;
    gsize size;
    if (firmware && g_file_get_contents(firmware, &data, &size, NULL)) {
        g_autofree char *sum = g_compute_checksum_for_data(
            G_CHECKSUM_SHA256, (const guchar *)data, size);
        g_autofree char *text = g_strconcat("SHA-256 ", sum, NULL);
        set(o, "firmware", text);
    }
    g_autofree char *igvm = igvm_file_default(&summary, NULL);
    if (igvm) {
        set(o, "launch digest", summary.digest_hex);
    }
}

JsonObject *environment_collect(void)
{
    JsonObject *o = json_object_new();
    set(o, "evtpm", PACKAGE_VERSION);
    add_host(o);
    add_qemu(o);
    add_guest_kernel(o);
    add_images(o);
    return o;
}
