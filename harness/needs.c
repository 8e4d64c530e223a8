/* SPDX-License-Identifier: MIT */
/* A test's description and its needs. */
#include "harness/needs.h"

#include <string.h>
#include <unistd.h>

#include "harness/artifacts.h"
#include "harness/backend.h"

#define NEEDS "needs:"

/* A comment's line without its marks; NULL if the line is no comment. */
static char *comment_text(const char *line, gboolean *inside, gboolean *last)
{
    g_autofree char *text = g_strdup(line);
    g_strstrip(text);
    char *p = text;
    *last = FALSE;
    if (*inside || g_str_has_prefix(p, "/*")) {
        char *end = strstr(p, "*/");
        *inside = !end;
        *last = end != NULL;
        if (end) {
            *end = '\0';
        }
        p += strspn(p, "/* ");
    } else if (*p == '#' && (!p[1] || p[1] == ' ')) {
        p += strspn(p, "# ");
    } else {
        return NULL;
    }
    return g_strdup(g_strchomp(p));
}

/* Up to the end of the first sentence. */
static char *first_sentence(const char *text)
{
    const char *end = strstr(text, ". ");
    gsize size = end ? (gsize)(end - text) : strlen(text);
    while (size > 0 && strchr(".:,;", text[size - 1])) {
        size--;
    }
    return g_strndup(text, size);
}

static void add_needs(GStrvBuilder *b, const char *list)
{
    g_auto(GStrv) words = g_strsplit_set(list, ", ", -1);
    for (char **w = words; *w; w++) {
        if (**w) {
            g_strv_builder_add(b, *w);
        }
    }
}

void needs_parse(const char *source, char **about, GStrv *needs)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GStrvBuilder) b = g_strv_builder_new();
    g_auto(GStrv) lines = g_strsplit(source, "\n", 60);
    gboolean inside = FALSE, last = FALSE, paragraph = TRUE;
    for (char **line = lines; *line && !(last && text->len); line++) {
        gboolean begun = text->len > 0;
        g_autofree char *said = comment_text(*line, &inside, &last);
        if (!said && begun) {
            break;
        }
        if (!said || strstr(said, "SPDX-License-Identifier")) {
            continue;
        }
        if (g_str_has_prefix(said, NEEDS)) {
            add_needs(b, said + strlen(NEEDS));
            continue;
        }
        paragraph = paragraph && !(begun && !*said);
        if (paragraph && *said) {
            g_string_append_printf(text, "%s%s", begun ? " " : "", said);
        }
    }
    *about = first_sentence(text->str);
    *needs = g_strv_builder_end(b);
}

static char *missing_artifact(int first, int last)
{
    g_autoptr(GError) error = NULL;
    for (int i = first; i <= last; i++) {
        g_autofree char *path = artifact_path((enum artifact)i, &error);
        if (!path) {
            return g_strdup(error->message);
        }
    }
    return NULL;
}

static char *missing_one(const char *need, enum platform platform)
{
    if (strcmp(need, "emulator") == 0) {
        const char *given = g_getenv("EVTPM_QEMU");
        return platform == PLATFORM_SNP
                   ? g_strdup("about the emulation: not for platform snp")
               : given && access(given, X_OK) == 0
                   ? NULL
                   : missing_artifact(ARTIFACT_QEMU, ARTIFACT_QEMU);
    }
    if (strcmp(need, "vm") == 0) {
        return platform == PLATFORM_SNP && !platform_snp_available()
                   ? g_strdup("this machine starts no SEV-SNP guests")
                   : missing_artifact(0, ARTIFACT_COUNT - 1);
    }
    if (strcmp(need, "process") == 0) {
        return backend_find(NULL, NULL, NULL) == &backend_qemu
                   ? NULL
                   : g_strdup("about QEMU as a process of ours: not by "
                              "libvirt");
    }
    g_autofree char *path = g_find_program_in_path(need);
    return path ? NULL : g_strdup_printf("%s is not installed", need);
}

char *needs_missing(const char *const *needs, enum platform platform)
{
    for (; needs && *needs; needs++) {
        char *why = missing_one(*needs, platform);
        if (why) {
            return why;
        }
    }
    return NULL;
}
