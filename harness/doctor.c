/* SPDX-License-Identifier: MIT */
/* The examination as a whole, and how its parts read the machine. */
#include "harness/doctor.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

char *doctor_path(const struct doctor *d, const char *path)
{
    return d->options.root ? g_build_filename(d->options.root, path, NULL)
                           : g_strdup(path);
}

char *doctor_read(const struct doctor *d, const char *path)
{
    g_autofree char *full = doctor_path(d, path);
    char *text = NULL;
    if (!g_file_get_contents(full, &text, NULL, NULL)) {
        return NULL;
    }
    return g_strchomp(text);
}

char *doctor_field(const char *text, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    size_t n = strlen(name);
    for (char **l = lines; *l; l++) {
        char *colon = strchr(*l, ':');
        if (colon && strncmp(*l, name, n) == 0 &&
            strspn(*l + n, " \t") == (size_t)(colon - *l) - n) {
            return g_strdup(g_strstrip(colon + 1));
        }
    }
    return NULL;
}

/* Of the device, each read gives one record; of a file, some of it. */
char *doctor_kernel_log(const struct doctor *d)
{
    g_autofree char *path = doctor_path(d, "/dev/kmsg");
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    GString *log = g_string_new(NULL);
    char buf[8192];
    ssize_t n;
    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        g_string_append_len(log, buf, n);
    }
    close(fd);
    /* a log that may not be read is no log */
    return g_string_free(log, log->len == 0);
}

static gboolean own_cpuid(guint32 leaf, guint32 regs[4])
{
#if defined(__x86_64__)
    if (__get_cpuid_max(leaf & 0x80000000u, NULL) < leaf) {
        return FALSE;
    }
    __cpuid_count(leaf, 0, regs[0], regs[1], regs[2], regs[3]);
    return TRUE;
#else
    (void)leaf, (void)regs;
    return FALSE;
#endif
}

gboolean doctor_cpuid(const struct doctor *d, guint32 leaf, guint32 regs[4])
{
    if (!d->options.root) {
        return own_cpuid(leaf, regs);
    }
    g_autofree char *path = doctor_path(d, "/dev/cpu/0/cpuid");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    gboolean ok = fd >= 0 && pread(fd, regs, 16, leaf) == 16;
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

struct doctor_item *doctor_add(struct doctor *d, const char *id, unsigned uses,
                               enum doctor_state state, const char *wanted,
                               const char *found, ...)
{
    struct doctor_item *item = g_new0(struct doctor_item, 1);
    va_list ap;
    va_start(ap, found);
    *item = (struct doctor_item){ .id = id,
                                  .uses = uses,
                                  .state = state,
                                  .wanted = wanted,
                                  .found = g_strdup_vprintf(found, ap) };
    va_end(ap);
    g_ptr_array_add(d->items, item);
    return item;
}

void doctor_mend(struct doctor_item *item, const char *fmt, ...)
{
    if (item->state != DOCTOR_OK) {
        va_list ap;
        va_start(ap, fmt);
        g_free(item->mend);
        item->mend = g_strdup_vprintf(fmt, ap);
        va_end(ap);
    }
}

static void item_free(gpointer data)
{
    struct doctor_item *item = data;
    g_free(item->found);
    g_free(item->mend);
    g_free(item);
}

struct doctor *doctor_examine(const struct doctor_options *options)
{
    static void (*const part[])(struct doctor *) = {
        doctor_cpu,   doctor_kernel,    doctor_firmware,
        doctor_tools, doctor_resources,
    };
    struct doctor *d = g_new0(struct doctor, 1);
    d->options = *options;
    d->items = g_ptr_array_new_with_free_func(item_free);
    for (size_t i = 0; i < G_N_ELEMENTS(part); i++) {
        part[i](d);
    }
    return d;
}

void doctor_free(struct doctor *d)
{
    if (d) {
        g_ptr_array_unref(d->items);
        g_free(d);
    }
}

const struct doctor_item *doctor_find(const struct doctor *d, const char *id)
{
    for (guint i = 0; i < d->items->len; i++) {
        const struct doctor_item *item = g_ptr_array_index(d->items, i);
        if (strcmp(item->id, id) == 0) {
            return item;
        }
    }
    return NULL;
}

/* Names of what is missing for a use, ", " between; "" if nothing is. */
static char *missing(const struct doctor *d, unsigned use)
{
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < d->items->len; i++) {
        const struct doctor_item *item = g_ptr_array_index(d->items, i);
        if (item->state == DOCTOR_MISSING && (item->uses & use)) {
            g_string_append_printf(names, "%s%s", names->len ? ", " : "",
                                   item->id);
        }
    }
    return g_string_free(names, FALSE);
}

enum doctor_verdict doctor_verdict(const struct doctor *d)
{
    g_autofree char *snp = missing(d, DOCTOR_SNP);
    g_autofree char *emulation = missing(d, DOCTOR_EMULATION);
    return !*snp         ? DOCTOR_READY
           : !*emulation ? DOCTOR_EMULATED_ONLY
                         : DOCTOR_NEITHER;
}

char *doctor_summary(const struct doctor *d)
{
    g_autofree char *snp = missing(d, DOCTOR_SNP);
    g_autofree char *emulation = missing(d, DOCTOR_EMULATION);
    if (!*snp) {
        return g_strdup("This machine is ready for SEV-SNP guests with an "
                        "SVSM: evtpm run --platform snp");
    }
    if (!*emulation) {
        return g_strdup_printf(
            "This machine starts no SEV-SNP guest with an SVSM; missing: "
            "%s.\nIt can emulate them: evtpm run",
            snp);
    }
    return g_strdup_printf("This machine starts no SEV-SNP guest with an SVSM; "
                           "missing: %s.\nIt cannot emulate them yet; missing: "
                           "%s",
                           snp, emulation);
}
