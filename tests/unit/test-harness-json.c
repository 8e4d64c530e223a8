/* SPDX-License-Identifier: MIT */
/* QMP and guest agent clients against a scripted peer. */
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness/ga.h"
#include "harness/qmp.h"
#include "harness/tree.h"

/* The peer: waits for a line before each reply; "@ID@" in a reply is the number
 * of the request. */
struct peer {
    char *dir, *path;
    int listener;
    const char *const *replies;
    GThread *thread;
};

static char *read_request(int fd)
{
    GString *line = g_string_new(NULL);
    char c;
    while (read(fd, &c, 1) == 1 && c != '\n') {
        g_string_append_c(line, c);
    }
    return g_string_free(line, FALSE);
}

static void *serve(void *data)
{
    struct peer *p = data;
    int fd = accept(p->listener, NULL, NULL);
    for (const char *const *r = p->replies; *r; r++) {
        const char *reply = *r;
        g_autofree char *request =
            *reply == '<' ? g_strdup("") : read_request(fd);
        const char *id = strstr(request, "\"id\":");
        g_auto(GStrv) parts = g_strsplit(reply + (*reply == '<'), "@ID@", 2);
        g_autofree char *number =
            id ? g_strndup(id + 5, strspn(id + 5, "0123456789")) : g_strdup("");
        g_autofree char *text = g_strjoinv(number, parts);
        if (write(fd, text, strlen(text)) < 0) {
            break;
        }
    }
    shutdown(fd, SHUT_WR);
    g_autofree char *rest = read_request(fd);
    close(fd);
    return NULL;
}

static void peer_start(struct peer *p, const char *const *replies)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    p->dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    p->path = g_build_filename(p->dir, "s", NULL);
    p->replies = replies;
    g_strlcpy(addr.sun_path, p->path, sizeof(addr.sun_path));
    p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(p->listener, (struct sockaddr *)&addr, sizeof(addr)),
                    ==, 0);
    g_assert_cmpint(listen(p->listener, 1), ==, 0);
    p->thread = g_thread_new("peer", serve, p);
}

static void peer_end(struct peer *p)
{
    g_thread_join(p->thread);
    close(p->listener);
    tree_remove(p->dir);
    g_free(p->dir);
    g_free(p->path);
}

#define GREETING "<{\"QMP\":{\"version\":{}}}\n"

static void test_qmp(void)
{
    static const char *const script[] = {
        GREETING,
        "{\"return\":{}}\n",
        "{\"event\":\"RESUME\",\"timestamp\":{}}\n{\"return\":",
        "<{\"running\":true}}\n",
        "{\"error\":{\"class\":\"GenericError\",\"desc\":\"no such thing\"}}\n",
        "<{\"event\":\"SHUTDOWN\",\"data\":{\"reason\":\"guest-reset\"}}\n",
        NULL,
    };
    struct peer peer;
    struct qmp qmp;
    g_autoptr(GError) error = NULL;
    deadline_t soon = deadline_in(5);
    peer_start(&peer, script);
    g_assert_true(qmp_open(&qmp, peer.path, -1, soon, &error));
    g_autoptr(JsonNode) node =
        qmp_call(&qmp, "query-status", NULL, soon, &error);
    g_assert_no_error(error);
    g_assert_true(
        json_object_get_boolean_member(json_node_get_object(node), "running"));
    g_assert_false(qmp_run(&qmp, "x", NULL, soon, &error));
    g_assert_cmpstr(error->message, ==, "QEMU refuses x: no such thing");
    /* an event that came in between is not lost */
    g_autoptr(JsonObject) event = qmp_event(&qmp, "RESUME", soon, NULL);
    g_assert_nonnull(event);
    g_assert_cmpstr(qmp_shutdown_reason(&qmp), ==, "guest-reset");
    qmp_close(&qmp);
    peer_end(&peer);
}

static void refuse_qmp(const char *const *script, const char *expect,
                       enum harness_error code)
{
    struct peer peer;
    struct qmp qmp;
    g_autoptr(GError) error = NULL;
    peer_start(&peer, script);
    g_assert_false(qmp_open(&qmp, peer.path, -1, deadline_in(5), &error));
    g_assert_error(error, HARNESS_ERROR, (gint)code);
    g_assert_nonnull(strstr(error->message, expect));
    g_assert_null(strchr(error->message, '\n'));
    peer_end(&peer);
}

static void test_qmp_refused(void)
{
    static const char *const closed[] = { NULL };
    static const char *const garbage[] = { "<hello\n", NULL };
    static const char *const deep[] = {
        "<[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n", NULL
    };
    static const char *const array[] = { "<[1,2]\n", NULL };
    static const char *const no_greeting[] = { "<{\"return\":{}}\n", NULL };
    static const char *const denied[] = { GREETING, "{\"error\":7}\n", NULL };
    refuse_qmp(closed, "connection closed", HARNESS_ERROR_VM_ENDED);
    refuse_qmp(garbage, "not JSON", HARNESS_ERROR_FAILED);
    refuse_qmp(deep, "nested too deeply", HARNESS_ERROR_FAILED);
    refuse_qmp(array, "not a JSON object", HARNESS_ERROR_FAILED);
    refuse_qmp(no_greeting, "no greeting", HARNESS_ERROR_FAILED);
    refuse_qmp(denied, "unknown error", HARNESS_ERROR_FAILED);
}

static void test_timeout(void)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair),
                    ==, 0);
    struct json_stream s = {
        .fd = pair[0], .gone = -1, .who = "peer", .in = g_byte_array_new()
    };
    g_autoptr(GError) error = NULL;
    g_assert_null(json_stream_receive(&s, deadline_in_ms(20), &error));
    g_assert_error(error, HARNESS_ERROR, HARNESS_ERROR_TIMEOUT);
    json_stream_close(&s);
    close(pair[1]);
}

#define SYNC "{\"return\":7}\n\xff{\"return\":@ID@}\n"

static void test_agent(void)
{
    static const char *const script[] = {
        SYNC,
        "{\"return\":{\"pid\":5}}\n",
        "{\"return\":{\"exited\":false}}\n",
        "{\"return\":{\"exited\":true,\"exitcode\":3,"
        "\"out-data\":\"aGVsbG8K\",\"err-data\":\"b29wcwo=\"}}\n",
        "{\"return\":{\"pid\":6}}\n",
        "{\"return\":{\"exited\":true,\"signal\":9}}\n",
        "{\"return\":{\"pid\":7}}\n",
        "{\"return\":{\"exited\":true,\"exitcode\":4,"
        "\"err-data\":\"b25lCnR3bwo=\"}}\n",
        NULL,
    };
    struct peer peer;
    struct ga ga;
    struct ga_result result;
    g_autoptr(GError) error = NULL;
    deadline_t soon = deadline_in(5);
    peer_start(&peer, script);
    g_assert_true(ga_open(&ga, peer.path, -1, soon, &error));
    g_assert_true(ga_exec(&ga, "x", NULL, soon, &result, &error));
    g_assert_cmpint(result.status, ==, 3);
    g_assert_cmpmem(g_bytes_get_data(result.out, NULL), 6, "hello\n", 6);
    g_assert_cmpmem(g_bytes_get_data(result.err, NULL), 5, "oops\n", 5);
    ga_result_clear(&result);
    g_assert_true(ga_exec(&ga, "x", NULL, soon, &result, &error));
    g_assert_cmpint(result.status, ==, 137);
    ga_result_clear(&result);
    g_assert_null(ga_shell(&ga, soon, &error, "cmd %d", 1));
    g_assert_cmpstr(error->message, ==,
                    "in the guest, status 4 of: cmd 1: two");
    ga_close(&ga);
    peer_end(&peer);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/harness/json/qmp", test_qmp);
    g_test_add_func("/harness/json/qmp-refused", test_qmp_refused);
    g_test_add_func("/harness/json/timeout", test_timeout);
    g_test_add_func("/harness/json/agent", test_agent);
    return g_test_run();
}
