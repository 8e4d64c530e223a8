/* SPDX-License-Identifier: MIT */
/* Connections to libvirt and the events of a domain. */
#include "harness/libvirt.h"

#ifdef HAVE_LIBVIRT

#include <fcntl.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/domain_xml.h"

/* A daemon is gone when it misses so many answers, asked for so often. */
#define KEEPALIVE_SECONDS 5
#define KEEPALIVE_COUNT 6

enum { EVENT_LIFECYCLE, EVENT_AGENT, EVENT_MONITOR, EVENT_COUNT };

struct watch {
    gatomicrefcount refs;
    virConnectPtr conn;
    char *name;
    int callback[EVENT_COUNT]; /* -1: not registered */
    int gone[2];               /* pipe; written to at the end */
    gint agent;                /* the guest opened the agent's port */
    GMutex lock;               /* of `monitor`: one line at a time */
    int monitor;
};

static gpointer serve_events(gpointer nothing)
{
    for (;;) {
        virEventRunDefaultImpl();
    }
    return nothing;
}

static void quiet(void *nothing, virErrorPtr error)
{
    (void)nothing, (void)error; /* every caller reports for itself */
}

static void start_events(void)
{
    static gsize once;
    if (g_once_init_enter(&once)) {
        virSetErrorFunc(NULL, quiet);
        virEventRegisterDefaultImpl();
        g_thread_unref(g_thread_new("libvirt", serve_events, NULL));
        g_once_init_leave(&once, 1);
    }
}

gboolean libvirt_fail(GError **error, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *what = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_autofree char *why = g_strdup(virGetLastErrorMessage());
    g_strdelimit(why, "\n", ' ');
    return fail(error,
                virGetLastErrorCode() == VIR_ERR_NO_DOMAIN
                    ? HARNESS_ERROR_NOT_FOUND
                    : HARNESS_ERROR_FAILED,
                "%s: %s", what, g_strstrip(why));
}

virConnectPtr libvirt_open(const char *uri, GError **error)
{
    start_events();
    virConnectPtr conn = virConnectOpen(uri);
    if (!conn) {
        libvirt_fail(error, "libvirt %s", uri ? uri : "(its default)");
    } else {
        /* drivers without a connection have none to keep alive */
        virConnectSetKeepAlive(conn, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
    }
    return conn;
}

/* The element's text: libvirt gives the element back as it likes it. */
struct vm_config *libvirt_record(virDomainPtr domain)
{
    char *xml = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT,
                                     DOMAIN_XML_URI, 0);
    struct vm_config *config = NULL;
    char *start = xml ? strchr(xml, '>') : NULL;
    char *end = start ? strrchr(start, '<') : NULL;
    if (end) {
        *end = '\0';
        config = vm_config_from_json(start + 1);
    }
    free(xml);
    return config;
}

struct watch *watch_ref(struct watch *watch)
{
    g_atomic_ref_count_inc(&watch->refs);
    return watch;
}

void watch_unref(void *opaque)
{
    struct watch *watch = opaque;
    if (g_atomic_ref_count_dec(&watch->refs)) {
        watch_set_monitor(watch, -1);
        close(watch->gone[0]);
        close(watch->gone[1]);
        g_free(watch->name);
        g_free(watch);
    }
}

static gboolean is_ours(const struct watch *watch, virDomainPtr domain)
{
    return strcmp(virDomainGetName(domain), watch->name) == 0;
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event,
                        int detail, void *opaque)
{
    struct watch *watch = opaque;
    (void)conn, (void)detail;
    if (is_ours(watch, domain) && event == VIR_DOMAIN_EVENT_STOPPED) {
        watch_set_gone(watch);
    }
    return 0;
}

static void on_agent(virConnectPtr conn, virDomainPtr domain, int state,
                     int reason, void *opaque)
{
    struct watch *watch = opaque;
    (void)conn, (void)reason;
    if (is_ours(watch, domain)) {
        watch_set_agent(
            watch,
            state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED);
    }
}

static void on_monitor(virConnectPtr conn, virDomainPtr domain,
                       const char *event, long long seconds, unsigned micros,
                       const char *details, void *opaque)
{
    struct watch *watch = opaque;
    (void)conn;
    if (is_ours(watch, domain)) {
        g_autofree char *line =
            g_strdup_printf("{\"event\":\"%s\",\"timestamp\":{\"seconds\":%lld,"
                            "\"microseconds\":%u},\"data\":%s}\n",
                            event, seconds, micros, details ? details : "{}");
        watch_write(watch, line);
    }
}

static void on_close(virConnectPtr conn, int reason, void *opaque)
{
    (void)conn, (void)reason;
    watch_set_gone(opaque);
}

static void listen_to_events(struct watch *w)
{
    w->callback[EVENT_LIFECYCLE] = virConnectDomainEventRegisterAny(
        w->conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
        VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), watch_ref(w), watch_unref);
    w->callback[EVENT_AGENT] = virConnectDomainEventRegisterAny(
        w->conn, NULL, VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE,
        VIR_DOMAIN_EVENT_CALLBACK(on_agent), watch_ref(w), watch_unref);
    w->callback[EVENT_MONITOR] = virConnectDomainQemuMonitorEventRegister(
        w->conn, NULL, NULL, on_monitor, watch_ref(w), watch_unref, 0);
    virConnectRegisterCloseCallback(w->conn, on_close, watch_ref(w),
                                    watch_unref);
}

struct watch *watch_new(virConnectPtr conn, const char *name)
{
    struct watch *w = g_new0(struct watch, 1);
    g_atomic_ref_count_init(&w->refs);
    g_mutex_init(&w->lock);
    w->conn = conn;
    w->name = g_strdup(name);
    w->monitor = -1;
    if (pipe2(w->gone, O_CLOEXEC) < 0) {
        w->gone[0] = w->gone[1] = -1;
    }
    listen_to_events(w);
    return w;
}

void watch_free(struct watch *w)
{
    if (!w) {
        return;
    }
    for (int i = 0; i < EVENT_COUNT; i++) {
        if (w->callback[i] < 0) {
            continue;
        }
        if (i == EVENT_MONITOR) {
            virConnectDomainQemuMonitorEventDeregister(w->conn, w->callback[i]);
        } else {
            virConnectDomainEventDeregisterAny(w->conn, w->callback[i]);
        }
    }
    virConnectUnregisterCloseCallback(w->conn, on_close);
    watch_unref(w);
}

int watch_gone(const struct watch *watch)
{
    return watch->gone[0];
}

gboolean watch_agent(const struct watch *watch)
{
    return g_atomic_int_get(&watch->agent) != 0;
}

void watch_set_agent(struct watch *watch, gboolean connected)
{
    g_atomic_int_set(&watch->agent, connected);
}

void watch_set_gone(struct watch *watch)
{
    if (write(watch->gone[1], "", 1) < 0) {
        /* full: it has been said */
    }
}

void watch_set_monitor(struct watch *watch, int fd)
{
    g_mutex_lock(&watch->lock);
    if (watch->monitor >= 0) {
        close(watch->monitor);
    }
    watch->monitor = fd;
    g_mutex_unlock(&watch->lock);
}

gboolean watch_write(struct watch *watch, const char *line)
{
    size_t left = strlen(line);
    g_mutex_lock(&watch->lock);
    while (left > 0 && watch->monitor >= 0) {
        ssize_t n = send(watch->monitor, line, left, MSG_NOSIGNAL);
        if (n < 0) {
            break;
        }
        line += n;
        left -= (size_t)n;
    }
    g_mutex_unlock(&watch->lock);
    return left == 0;
}

#endif
