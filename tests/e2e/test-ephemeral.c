/* SPDX-License-Identifier: MIT */
/*
 * Whatever ends a boot, nothing of its TPM is left: a table of what can happen
 * and of what could stay. Each row leaves traces, finds all of them (the
 * control), lets it happen, and finds none; what one row boots, the next one
 * leaves its traces in.
 *
 * needs: emulator
 */
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/tree.h"
#include "tests/e2e/swap.h"
#include "tests/e2e/traces.h"

#define HELD "held"

/* To be seen of a VM's traces in another one that has the like of its own: the
 * same handles, but not the same things. */
static const char *const trace_others[TRACE_COUNT] = {
    "other",   "other",   "neither", "there", "there", "refused",
    "refused", "goes on", "none",    "none",  "gone",  "locked"
};

static struct vm *vm;     /* of the moment */
static char *first_pcrs;  /* of the first boot */
static GString *table;    /* lines */
static gboolean may_lock; /* QEMU may, as much as our VMs have */

static struct vm_config *config(const char *name)
{
    struct vm_config *c = e2e_config();
    g_free(c->name);
    c->name = g_strdup(name);
    c->debug_read = TRUE;
    return c;
}

static void start(const char *name, const char *igvm)
{
    struct vm_config *c = config(name);
    if (igvm) {
        g_free(c->igvm);
        c->igvm = g_strdup(igvm);
    }
    vm = e2e_boot(c);
    vm_config_free(c);
}

static void ends(enum vm_end wanted)
{
    g_autoptr(GError) error = NULL;
    enum vm_end end = VM_END_RUNNING;
    vm_wait_end(vm, deadline_in(E2E_SECONDS), &end, &error);
    e2e_check(vm, error);
    g_assert_cmpint(end, ==, wanted);
}

/* ---- what can happen; each leaves `vm` in its next boot ---- */

static void guest_reboots(void)
{
    e2e_reboot(vm);
}

/* The agent cannot answer any more. */
static void tell(const char *command)
{
    struct ga_result result = { 0 };
    ga_exec(&vm->ga, command, NULL, deadline_in(5), &result, NULL);
    ga_result_clear(&result);
}

static void guest_panics(void)
{
    g_autoptr(GError) error = NULL;
    tell("echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger");
    ends(VM_END_RESET);
    vm_boot(vm, &error);
    e2e_check(vm, error);
    e2e_up(vm);
}

static void shuts_down(void)
{
    tell("poweroff -f");
    ends(VM_END_SHUTDOWN);
    e2e_vm_end(vm);
    start("t", NULL);
}

static void qemu_is_killed(void)
{
    kill(e2e_vm_pid(vm), SIGKILL);
    ends(VM_END_FAILED);
    e2e_vm_end(vm);
    start("t", NULL);
}

/* One byte of a message that nobody prints; see test-igvm. */
static void image_changes(void)
{
    static const char text[] = "X509v3 CRL Number";
    g_autoptr(GError) error = NULL;
    g_autofree char *changed = g_build_filename(e2e_dir(), "changed", NULL);
    char *data;
    gsize size;
    g_file_get_contents(vm->config->igvm, &data, &size, &error);
    g_assert_no_error(error);
    char *at = memmem(data, size, text, strlen(text));
    g_assert_nonnull(at);
    *at ^= 1;
    tree_write(changed, data, (gssize)size, &error);
    g_assert_no_error(error);
    g_free(data);
    e2e_vm_end(vm);
    start("t", changed);
}

/* A process that starts a VM and waits: "test-ephemeral --hold". */
static int hold(void)
{
    g_autoptr(GError) error = NULL;
    struct vm_config *c = config(HELD);
    struct vm *held = vm_start(c, FALSE, &error);
    while (held) {
        pause();
    }
    return 1;
}

static void start_held(struct process *holder)
{
    g_autoptr(GError) error = NULL;
    const char *argv[] = { "/proc/self/exe", "--hold", NULL };
    struct process_options options = { 0 };
    process_spawn(argv, &options, holder, &error);
    g_assert_no_error(error);
    e2e_await(e2e_qemu_pid(HELD) > 0);
    e2e_await((vm = vm_attach(HELD, NULL)) != NULL);
    e2e_up(vm);
}

/* ---- the table ---- */

static void head(void)
{
    table = g_string_new(NULL);
    g_string_append_printf(table, "%-30s", "");
    for (int i = 0; i < TRACE_COUNT; i++) {
        g_string_append_printf(table, " %-8s", trace_name[i]);
    }
}

/* A line of the table; each cell must be as it should. */
static void look(const char *event, const char *when,
                 const struct traces *traces,
                 const char *const wanted[TRACE_COUNT])
{
    const char *seen[TRACE_COUNT] = { NULL };
    traces_look(vm, traces, seen);
    g_string_append_printf(table, "\n%-20s %-9s", event, when);
    for (int i = 0; i < TRACE_COUNT; i++) {
        gboolean good = g_strcmp0(seen[i], wanted[i]) == 0 ||
                        (i == TRACE_SWAP && !may_lock &&
                         (strcmp(seen[i], "unlocked") == 0 ||
                          strcmp(seen[i], "partly locked") == 0));
        g_string_append_printf(table, " %-8s", seen[i]);
        if (!good) {
            g_test_fail_printf("%s, %s: %s is \"%s\", not \"%s\"", event, when,
                               trace_name[i], seen[i], wanted[i]);
        }
    }
}

/* Nothing of these traces, and the PCRs of a first boot. */
static void assert_lost(const char *event, const struct traces *traces)
{
    g_autofree char *pcrs = e2e_pcrs(vm);
    look(event, "after", traces, trace_lost);
    /* other code is measured otherwise, but not by the TPM's own history */
    g_assert_cmpstr(pcrs, ==, first_pcrs);
}

static void leave(const char *event, struct traces *traces)
{
    traces_leave(vm, traces);
    g_autofree char *pcrs = e2e_pcrs(vm);
    g_assert_cmpstr(pcrs, !=, first_pcrs);
    look(event, "before", traces, trace_kept);
}

static void row(const char *event, void (*happens)(void))
{
    struct traces traces;
    leave(event, &traces);
    happens();
    assert_lost(event, &traces);
    traces_clear(&traces);
}

/* Two VMs of one image: neither has anything of the other's. The second one's
 * harness is then killed, and another VM gets its name; in place of the first
 * one comes another image. */
static void two_at_once(void)
{
    struct process holder = PROCESS_NONE;
    struct traces one, two;
    struct vm *first = vm;
    leave("two VMs at once", &one);
    start_held(&holder);
    assert_lost("two VMs at once", &one);
    leave("harness killed", &two);
    struct vm *second = vm;
    vm = first;
    look("two VMs at once", "still", &one, trace_kept);
    look("the other's", "never", &two, trace_others);

    pid_t qemu = e2e_vm_pid(second);
    kill(holder.pid, SIGKILL);
    g_assert_true(process_wait(&holder, deadline_in(30), "holder", NULL));
    process_clear(&holder);
    e2e_await_end(HELD, qemu);
    vm_free(second);
    start(HELD, NULL);
    assert_lost("harness killed", &two);
    e2e_vm_end(vm);

    vm = first;
    look("changed IGVM", "before", &one, trace_kept);
    image_changes();
    assert_lost("changed IGVM", &one);
    traces_clear(&one);
    traces_clear(&two);
}

/* The control of the column "swap": a QEMU that may not lock. */
static void test_unlocked(void)
{
    g_autofree char *script = g_build_filename(e2e_dir(), "unlocked", NULL);
    struct vm_config *c = config("t");
    g_autofree char *text = g_strdup_printf(
        "#!/bin/sh\nexec %s prlimit --memlock=65536:65536 '%s' \"$@\"\n",
        geteuid() ? ""
                  : "setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock",
        c->qemu);
    g_assert_true(g_file_set_contents(script, text, -1, NULL));
    g_assert_cmpint(chmod(script, 0700), ==, 0);
    g_free(c->qemu);
    c->qemu = g_strdup(script);
    struct vm *unlocked = e2e_start(c);
    vm_config_free(c);
    g_assert_cmpstr(swap_look(unlocked), ==, "unlocked");
    e2e_vm_end(unlocked);
}

static void test_matrix(void)
{
    struct vm_config *c = config("t");
    /* libvirt's QEMU has neither our limit nor our privileges */
    may_lock = !e2e_by_libvirt() && swap_may_lock(2 * c->memory);
    vm_config_free(c);
    if (!may_lock) {
        g_test_message("QEMU may not lock so much memory (ulimit -l): the "
                       "column \"swap\" has \"unlocked\" or \"partly locked\"");
    }
    head();
    start("t", NULL);
    first_pcrs = e2e_pcrs(vm);
    row("guest reboots", guest_reboots);
    row("guest panics", guest_panics);
    row("off and on, same IGVM", shuts_down);
    row("QEMU killed", qemu_is_killed);
    two_at_once();
    e2e_vm_end(vm);
    e2e_assert_no_vms();
    g_test_message("%s", table->str);
    g_string_free(table, TRUE);
    g_free(first_pcrs);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/ephemeral/unlocked-is-seen", test_unlocked, E2E_EMULATED, 512 },
    { "/e2e/ephemeral/matrix", test_matrix, E2E_EMULATED, 1024 },
};

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--hold") == 0) {
        return hold();
    }
    return e2e_main(argc, argv, E2E_TABLE(scenarios));
}
