/* SPDX-License-Identifier: MIT */
/* Reading a boot's progress off its console. */
#include "harness/boot_watch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What they print; the SVSM's is in svsm/, the other in images/guest/init. */
#define SVSM_DONE "[SVSM] guest at VMPL"
#define KERNEL_DONE "evtpm: userspace ready"
/* Of a console that others flood. */
#define LOOK_BYTES 65536

void boot_watch_start(struct boot_watch *w, const char *console_log)
{
    struct stat st;
    *w = (struct boot_watch){
        .start = g_get_monotonic_time(),
        .from = stat(console_log, &st) == 0 ? st.st_size : 0,
    };
}

double boot_watch_now(const struct boot_watch *w)
{
    return (double)(g_get_monotonic_time() - w->start) / 1e6;
}

void boot_watch_text(struct boot_watch *w, const char *text, double now)
{
    if (w->svsm == 0 && strstr(text, SVSM_DONE)) {
        w->svsm = now;
    }
    if (w->kernel == 0 && strstr(text, KERNEL_DONE)) {
        w->kernel = now;
    }
}

void boot_watch_look(struct boot_watch *w, const char *console_log)
{
    if (w->svsm > 0 && w->kernel > 0) {
        return;
    }
    int fd = open(console_log, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return;
    }
    g_autofree char *text = g_malloc(LOOK_BYTES + 1);
    ssize_t n = pread(fd, text, LOOK_BYTES, w->from);
    close(fd);
    for (ssize_t i = 0; i < n; i++) {
        text[i] = text[i] ? text[i] : ' ';
    }
    text[MAX(n, 0)] = '\0';
    boot_watch_text(w, text, boot_watch_now(w));
}

void boot_watch_agent(struct boot_watch *w)
{
    if (w->agent == 0) {
        w->agent = boot_watch_now(w);
    }
}

static void add_stage(GString *s, const char *name, double seconds)
{
    if (seconds > 0) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];
        g_ascii_formatd(text, sizeof(text), "%.2f", seconds);
        g_string_append_printf(s, "%s%s=%s", s->len ? " " : "", name, text);
    }
}

char *boot_watch_timeline(const struct boot_watch *w, double uptime, double now)
{
    g_autoptr(GString) s = g_string_new(NULL);
    double began = uptime > 0 ? now - uptime : 0;
    /* a guest's clock that is off must not turn the order round */
    double end = w->kernel > 0 ? w->kernel : w->agent;
    began = began > 0 ? CLAMP(began, w->svsm, MAX(end, w->svsm)) : 0;
    add_stage(s, "svsm", w->svsm);
    add_stage(s, "firmware", began);
    add_stage(s, "kernel", w->kernel);
    add_stage(s, "userspace", w->agent);
    return s->len ? g_strdup(s->str) : NULL;
}
