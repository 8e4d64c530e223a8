/* SPDX-License-Identifier: MIT */
/*
 * Threads that stand between a socket of ours and calls of libvirt, which
 * block. Lines are JSON as QEMU's monitor and agent speak it.
 */
#include "harness/libvirt.h"

#ifdef HAVE_LIBVIRT

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Seconds that libvirt waits for the agent's answer to one command. */
#define AGENT_SECONDS 30

struct channel {
    virDomainPtr domain;
    struct watch *watch; /* of a QMP channel */
    virStreamPtr stream; /* of a console */
    int fd;              /* our end */
    gint users;          /* threads of a console */
};

/* Descriptor for the caller, with a channel at its other end. */
static struct channel *channel_new(virDomainPtr domain, int *theirs,
                                   GError **error)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        fail_errno(error, errno, "socketpair");
        return NULL;
    }
    /* theirs is polled, ours is waited at by a thread */
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    struct channel *c = g_new0(struct channel, 1);
    virDomainRef(domain);
    c->domain = domain;
    c->fd = pair[1];
    *theirs = pair[0];
    return c;
}

static void channel_free(struct channel *c)
{
    close(c->fd);
    if (c->watch) {
        watch_unref(c->watch);
    }
    virDomainFree(c->domain);
    g_free(c);
}

static gboolean write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
        if (n <= 0) {
            return FALSE;
        }
        data += n;
        size -= (size_t)n;
    }
    return TRUE;
}

/* An answer in QEMU's form that says what libvirt said. */
static char *error_answer(void)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *answer = json_object_new();
    JsonObject *error = json_object_new();
    json_object_set_string_member(error, "class", "GenericError");
    json_object_set_string_member(error, "desc", virGetLastErrorMessage());
    json_object_set_object_member(answer, "error", error);
    json_node_take_object(root, answer);
    return json_to_string(root, FALSE);
}

/* Why a call failed. */
enum failure {
    FAILURE_REFUSED, /* by its answer */
    FAILURE_PAUSED,  /* libvirt does not even ask a guest that stands still */
    FAILURE_OVER,    /* the other side is gone */
};

/* QEMU's end closes its sockets; by libvirt calls fail, some time before it
 * tells of the end. */
static enum failure find_failure(virDomainPtr domain, int code)
{
    int state = VIR_DOMAIN_NOSTATE;
    if (code == VIR_ERR_AGENT_UNRESPONSIVE ||
        virDomainGetState(domain, &state, NULL, 0) < 0) {
        return FAILURE_OVER;
    }
    return state == VIR_DOMAIN_RUNNING  ? FAILURE_REFUSED
           : state == VIR_DOMAIN_PAUSED ? FAILURE_PAUSED
                                        : FAILURE_OVER;
}

/* Lines of a descriptor for a thread that may block; NULL at the end. */
static char *read_line(FILE *in)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n = getline(&line, &room, in);
    if (n <= 0) {
        free(line);
        return NULL;
    }
    return line;
}

static gpointer serve_qmp(gpointer data)
{
    struct channel *c = data;
    FILE *in = fdopen(dup(c->fd), "r");
    char *line = NULL;
    gboolean open = in != NULL;
    for (; open && (line = read_line(in)); free(line)) {
        char *answer = NULL;
        if (strstr(line, "\"qmp_capabilities\"")) {
            /* libvirt's affair: it negotiated long ago */
            open = watch_write(c->watch, "{\"return\":{}}\n");
            continue;
        }
        /* not closed when libvirt knows of the end: its event may yet come */
        g_autofree char *text =
            virDomainQemuMonitorCommand(c->domain, line, &answer, 0) < 0
                ? error_answer()
                : g_strdup(answer);
        g_autofree char *whole = g_strconcat(text, "\n", NULL);
        free(answer);
        open = watch_write(c->watch, whole);
    }
    if (in) {
        fclose(in);
    }
    channel_free(c);
    return NULL;
}

int channel_qmp(virDomainPtr domain, struct watch *watch, GError **error)
{
    static const char greeting[] = "{\"QMP\":{}}\n";
    int theirs;
    struct channel *c = channel_new(domain, &theirs, error);
    if (!c) {
        return -1;
    }
    /* answers and events share the socket, so the watch writes both; it may
     * be gone before this thread is */
    c->watch = watch_ref(watch);
    write_all(c->fd, greeting, strlen(greeting)); /* before any event */
    watch_set_monitor(watch, dup(c->fd));
    g_thread_unref(g_thread_new("qmp", serve_qmp, c));
    return theirs;
}

/*
 * "guest-sync" is asked for and answered here: libvirt does its own, and says
 * by its error that nobody is there yet. Then no answer is the answer.
 * Nor is there one from a guest that is paused.
 */
static char *agent_answer(struct channel *c, const char *line,
                          enum failure *failure)
{
    const char *id = strstr(line, "\"id\":");
    if (strstr(line, "\"guest-sync")) {
        char *pong = virDomainQemuAgentCommand(
            c->domain, "{\"execute\":\"guest-ping\"}", AGENT_SECONDS, 0);
        gboolean there = pong != NULL;
        free(pong);
        return there && id
                   ? g_strdup_printf(
                         "{\"return\":%" G_GINT64_FORMAT "}",
                         g_ascii_strtoll(id + strlen("\"id\":"), NULL, 10))
                   : NULL;
    }
    char *answer = virDomainQemuAgentCommand(c->domain, line, AGENT_SECONDS, 0);
    char *text = answer ? g_strdup(answer) : error_answer();
    if (!answer) {
        *failure = find_failure(c->domain, virGetLastErrorCode());
    }
    if (*failure != FAILURE_REFUSED) {
        g_clear_pointer(&text, g_free);
    }
    free(answer);
    return text;
}

static gpointer serve_agent(gpointer data)
{
    struct channel *c = data;
    FILE *in = fdopen(dup(c->fd), "r");
    char *line = NULL;
    gboolean open = in != NULL;
    for (; open && (line = read_line(in)); free(line)) {
        const char *mark = strrchr(line, '\xff');
        enum failure failure = FAILURE_REFUSED;
        g_autofree char *text =
            agent_answer(c, mark ? mark + 1 : line, &failure);
        g_autofree char *whole = text ? g_strconcat(text, "\n", NULL) : NULL;
        open = failure != FAILURE_OVER &&
               (!whole || write_all(c->fd, whole, strlen(whole)));
    }
    if (in) {
        fclose(in);
    }
    channel_free(c);
    return NULL;
}

int channel_agent(virDomainPtr domain, GError **error)
{
    int theirs;
    struct channel *c = channel_new(domain, &theirs, error);
    if (!c) {
        return -1;
    }
    g_thread_unref(g_thread_new("agent", serve_agent, c));
    return theirs;
}

/* The last of a console's two threads cleans up. */
static void console_done(struct channel *c)
{
    if (g_atomic_int_dec_and_test(&c->users)) {
        virStreamFree(c->stream);
        channel_free(c);
    }
}

static gpointer console_to_guest(gpointer data)
{
    struct channel *c = data;
    char buf[4096];
    ssize_t n;
    while ((n = read(c->fd, buf, sizeof(buf))) > 0) {
        ssize_t done = 0;
        while (done < n) {
            int sent = virStreamSend(c->stream, buf + done, (size_t)(n - done));
            if (sent < 0) {
                break;
            }
            done += sent;
        }
    }
    virStreamAbort(c->stream); /* the other thread wakes up */
    console_done(c);
    return NULL;
}

static gpointer console_from_guest(gpointer data)
{
    struct channel *c = data;
    char buf[4096];
    int n;
    while ((n = virStreamRecv(c->stream, buf, sizeof(buf))) > 0 &&
           write_all(c->fd, buf, (size_t)n)) {
    }
    shutdown(c->fd, SHUT_RDWR); /* the other thread wakes up */
    console_done(c);
    return NULL;
}

int channel_console(virDomainPtr domain, GError **error)
{
    int theirs = -1;
    virStreamPtr stream = virStreamNew(virDomainGetConnect(domain), 0);
    if (!stream || virDomainOpenConsole(domain, NULL, stream, 0) < 0) {
        libvirt_fail(error, "console");
    } else {
        struct channel *c = channel_new(domain, &theirs, error);
        if (c) {
            c->stream = stream;
            c->users = 2;
            g_thread_unref(g_thread_new("con-in", console_to_guest, c));
            g_thread_unref(g_thread_new("con-out", console_from_guest, c));
            return theirs;
        }
        virStreamAbort(stream);
    }
    if (stream) {
        virStreamFree(stream);
    }
    return -1;
}

#endif
