/* SPDX-License-Identifier: MIT */
/* Finding a libvirt daemon for the tests, or starting one. */
#include "harness/test_daemon.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/libvirt.h"
#include "harness/process.h"

#define VARIABLE "LIBVIRT_DEFAULT_URI"
#define SCRIPT "tests/e2e/with-libvirtd.sh"
/* How long an interrupted run may take to end what it started. */
#define GRACE_MS 30000

#ifdef HAVE_LIBVIRT

/* The socket of the session's daemon: all drivers' or QEMU's own. */
static char *session_socket(void)
{
    static const char *const names[] = { "virtqemud-sock", "libvirt-sock" };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        char *path = g_build_filename(g_get_user_runtime_dir(), "libvirt",
                                      names[i], NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            return path;
        }
        g_free(path);
    }
    return NULL;
}

/* Each test has an XDG_RUNTIME_DIR of its own, where libvirt would look for,
 * and start, a session's daemon of its own: so the one that is meant gets its
 * socket's name. */
static char *lasting_uri(virConnectPtr conn)
{
    char *uri = virConnectGetURI(conn);
    g_autofree char *socket =
        uri && g_str_has_suffix(uri, ":///session") ? session_socket() : NULL;
    char *lasting =
        socket ? g_strconcat(uri, "?socket=", socket, NULL) : g_strdup(uri);
    free(uri);
    return lasting;
}

gboolean test_daemon_use(const char *uri, GError **error)
{
    /* held to the end: a session's daemon ends some time after its last
     * connection */
    virConnectPtr conn = libvirt_open(uri, error);
    if (!conn) {
        g_prefix_error(error, "no daemon for the tests (name none, and they "
                              "start one of their own): ");
        return FALSE;
    }
    g_autofree char *lasting = lasting_uri(conn);
    if (lasting) {
        g_setenv(VARIABLE, lasting, TRUE);
    }
    return TRUE;
}

#else

gboolean test_daemon_use(const char *uri, GError **error)
{
    (void)uri;
    return fail(error, HARNESS_ERROR_USAGE, "built without libvirt");
}

#endif

gboolean test_daemon_given(const char *uri)
{
    const char *usual = g_getenv(VARIABLE);
    return uri || (usual && *usual);
}

/* This program with the same arguments; the build is done, and the backend may
 * have been the environment's choice. */
static GPtrArray *command_inside(const struct tests *tests, char *const *argv)
{
    GPtrArray *inside = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(inside, g_build_filename(tests->source, SCRIPT, NULL));
    g_ptr_array_add(inside, g_strdup("--required"));
    g_ptr_array_add(inside, g_file_read_link("/proc/self/exe", NULL));
    g_ptr_array_add(inside, g_strdup("test"));
    g_ptr_array_add(inside, g_strdup("--no-build"));
    g_ptr_array_add(inside, g_strdup("--backend=libvirt"));
    for (char *const *a = argv + 1; *a; a++) {
        g_ptr_array_add(inside, g_strdup(*a));
    }
    g_ptr_array_add(inside, NULL);
    return inside;
}

int test_daemon_run(const struct tests *tests, char *const *argv,
                    GError **error)
{
    g_autoptr(GPtrArray) inside = command_inside(tests, argv);
    const struct process_options options = { .out = STDOUT_FILENO,
                                             .err = STDERR_FILENO };
    struct process p = PROCESS_NONE;
    g_unsetenv("EVTPM_BACKEND"); /* the option says it */
    if (!process_spawn((const char *const *)inside->pdata, &options, &p,
                       error)) {
        return -1;
    }
    /* it says itself that it was interrupted */
    process_wait(&p, DEADLINE_NEVER, "the tests", NULL);
    process_end(&p, GRACE_MS);
    int status = p.status;
    process_clear(&p);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
