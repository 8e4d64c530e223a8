/* SPDX-License-Identifier: MIT */
/* The commands that deal with VMs, when all is well. */
#include <json-glib/json-glib.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/state.h"
#include "tests/e2e/e2e.h"

/* Output of the command comes through, and its exit status. */
static void test_exec(void)
{
    struct e2e_result r;
    e2e_evtpm(&r, "launch", "--memory", "384M", "--exec",
              "echo out; echo err >&2; test -c /dev/tpm0 && exit 7", NULL);
    g_assert_cmpint(r.status, ==, 7);
    g_assert_cmpstr(r.out, ==, "out\n");
    g_assert_nonnull(strstr(r.err, "err\n"));
    e2e_result_clear(&r);
    e2e_assert_no_vms();
}

static JsonNode *ps(void)
{
    struct e2e_result r;
    e2e_evtpm(&r, "ps", "--json", NULL);
    g_assert_cmpint(r.status, ==, 0);
    JsonNode *root = json_from_string(r.out, NULL);
    g_assert_nonnull(root);
    e2e_result_clear(&r);
    return root;
}

static gint64 ps_number(const char *member)
{
    g_autoptr(JsonNode) root = ps();
    JsonArray *list = json_node_get_array(root);
    g_assert_cmpuint(json_array_get_length(list), ==, 1);
    return json_object_get_int_member(json_array_get_object_element(list, 0),
                                      member);
}

static void expect(int status, const char *command, const char *argument,
                   const char *text)
{
    struct e2e_result r;
    e2e_evtpm(&r, command, argument, NULL);
    g_assert_cmpint(r.status, ==, status);
    g_assert_nonnull(strstr(r.err, text));
    e2e_result_clear(&r);
}

/* A VM that outlives its command: listed, attested, rebooted, stopped. */
static void test_detached(void)
{
    struct e2e_result r;
    e2e_evtpm(&r, "launch", "--name", "d", "--memory", "384", "--detach", NULL);
    g_assert_cmpint(r.status, ==, 0);
    g_assert_cmpstr(r.out, ==, "d\n");
    e2e_result_clear(&r);
    g_assert_cmpint(ps_number("boots"), ==, 1);

    /* its name is taken, also for a moment's VM */
    e2e_evtpm(&r, "launch", "--name", "d", "--exec", "true", NULL);
    g_assert_cmpint(r.status, ==, 1);
    g_assert_nonnull(strstr(r.err, "a VM named \"d\" is running already"));
    e2e_result_clear(&r);

    e2e_evtpm(&r, "attest", "d", "--evidence-out", "e.json", NULL);
    g_assert_cmpint(r.status, ==, 0);
    g_assert_nonnull(strstr(r.out, "launch-digest"));
    g_assert_nonnull(strstr(r.out, "this proves the software, not"));
    e2e_result_clear(&r);
    /* what was kept can be verified later, against a root that is named, and
     * only so */
    struct vm_config *c = e2e_config();
    struct attest_policy policy = e2e_policy(c);
    vm_config_free(c);
    e2e_evtpm(&r, "verify", "--root", policy.root, "e.json", NULL);
    g_assert_cmpint(r.status, ==, 0);
    e2e_result_clear(&r);
    expect(evtpm_link_exit_status(EVTPM_LINK_ROOT), "verify", "e.json",
           "attestation failed: root: ");

    pid_t pid = e2e_qemu_pid("d");
    g_assert_cmpint(ps_number("pid"), ==, e2e_by_libvirt() ? 0 : pid);
    e2e_evtpm(&r, "reboot", "d", NULL);
    g_assert_cmpint(r.status, ==, 0);
    e2e_result_clear(&r);
    g_assert_cmpint(ps_number("boots"), ==, 2);
    g_assert_cmpint(e2e_qemu_pid("d"), !=, pid);
    g_assert_cmpint(kill(pid, 0), ==, -1);

    e2e_evtpm(&r, "stop", "d", NULL);
    g_assert_cmpint(r.status, ==, 0);
    e2e_result_clear(&r);
    expect(1, "stop", "d", "no VM named \"d\" is running");
    expect(1, "attest", "d", "no VM named \"d\" is running");
    expect(1, "reboot", "d", "no VM named \"d\" is running");
    e2e_assert_no_vms();
}

/* Reads until `text` came; what was read so far is in `seen`. */
static void read_until(int fd, GString *seen, const char *text)
{
    deadline_t end = deadline_in(E2E_SECONDS);
    while (!strstr(seen->str, text)) {
        char buf[4096];
        g_autoptr(GError) error = NULL;
        wait_fd(fd, POLLIN, -1, end, text, &error);
        g_assert_no_error(error);
        ssize_t n = read(fd, buf, sizeof(buf));
        g_assert_cmpint(n, >, 0);
        for (ssize_t i = 0; i < n; i++) {
            g_string_append_c(seen, buf[i] ? buf[i] : ' ');
        }
    }
}

/* The console: what is typed reaches the guest's shell; a reboot starts it
 * again; Ctrl-] ends. */
static void test_console(void)
{
    int in[2], out[2];
    struct process p = PROCESS_NONE;
    g_autoptr(GString) seen = g_string_new(NULL);
    g_assert_cmpint(pipe2(in, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pipe2(out, O_CLOEXEC), ==, 0);
    e2e_evtpm_start(&p, in[0], out[1], 0, "launch", "--name", "c", "--memory",
                    "384", NULL);
    close(in[0]);
    close(out[1]);
    read_until(out[0], seen, "evtpm: userspace ready");
    read_until(out[0], seen, "# ");
    const char *line = "echo $((6 * 7)) is it\n";
    g_assert_cmpint(write(in[1], line, strlen(line)), >, 0);
    read_until(out[0], seen, "42 is it");

    g_string_truncate(seen, 0);
    line = "reboot -f\n";
    g_assert_cmpint(write(in[1], line, strlen(line)), >, 0);
    read_until(out[0], seen, "evtpm: userspace ready");
    g_assert_cmpint(ps_number("boots"), ==, 2);

    g_assert_cmpint(write(in[1], "\035", 1), ==, 1);
    g_assert_true(process_wait(&p, deadline_in(30), "evtpm", NULL));
    g_assert_true(WIFEXITED(p.status));
    g_assert_cmpint(WEXITSTATUS(p.status), ==, 0);
    process_clear(&p);
    close(in[1]);
    close(out[0]);
    e2e_assert_no_vms();
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/launch/exec", test_exec, 0, 512 },
    { "/e2e/launch/detached", test_detached, 0, 512 },
    { "/e2e/launch/console", test_console, 0, 512 },
};

int main(int argc, char **argv)
{
    return e2e_main(argc, argv, E2E_TABLE(scenarios));
}
