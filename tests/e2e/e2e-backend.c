/* SPDX-License-Identifier: MIT */
/* Scenarios: what they see of a VM's QEMU, whoever runs it. By libvirt it is no
 * child of ours, but a process of this machine all the same. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "harness/backend.h"
#include "harness/state.h"
#include "tests/e2e/e2e.h"

gboolean e2e_by_libvirt(void)
{
    return backend_find(NULL, NULL, NULL) != &backend_qemu;
}

/* Is it the command line of this domain? Its arguments end in NUL. */
static gboolean is_domain(const char *cmdline, gsize size, const char *guest)
{
    const char *end = cmdline + size;
    gsize length = strlen(guest);
    for (const char *a = cmdline; a < end; a += strlen(a) + 1) {
        const char *value = a + strlen(a) + 1;
        if (strcmp(a, "-name") == 0 && value < end) {
            return strncmp(value, guest, length) == 0 &&
                   (value[length] == ',' || value[length] == '\0');
        }
    }
    return FALSE;
}

/* libvirt does not tell; the process does. */
static pid_t find_domain(const char *name)
{
    g_autofree char *guest = g_strconcat("guest=", name, NULL);
    g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
    const char *entry;
    while (proc && (entry = g_dir_read_name(proc))) {
        g_autofree char *path =
            g_build_filename("/proc", entry, "cmdline", NULL);
        g_autofree char *text = NULL;
        gsize size = 0;
        if (g_ascii_isdigit(*entry) &&
            g_file_get_contents(path, &text, &size, NULL) &&
            is_domain(text, size, guest)) {
            return atoi(entry);
        }
    }
    return 0;
}

pid_t e2e_qemu_pid(const char *name)
{
    if (e2e_by_libvirt()) {
        return find_domain(name);
    }
    g_autofree char *root = state_root(NULL);
    g_autofree char *path = g_build_filename(root, "vm", name, "pid", NULL);
    g_autofree char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? atoi(text) : 0;
}

pid_t e2e_vm_pid(const struct vm *vm)
{
    return vm->process.pid > 0 ? vm->process.pid
                               : e2e_qemu_pid(vm->config->name);
}

void e2e_assert_exit(const struct vm *vm, int status)
{
    if (vm->process.ours) {
        g_assert_true(WIFEXITED(vm->process.status));
        g_assert_cmpint(WEXITSTATUS(vm->process.status), ==, status);
    }
}

const char *e2e_vmpl_fault_text(void)
{
    return e2e_by_libvirt() ? ": VMPL permission violation: "
                            : "the VM ended: VMPL violation";
}

const char *e2e_killed_text(const char *by_signal)
{
    return e2e_by_libvirt() ? "the VM ended" : by_signal;
}

/* ---- VMs that run ---- */

static GHashTable *strangers; /* names of domains that were there before */

static GPtrArray *domains(void)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *list = vm_list(NULL, NULL, &error);
    g_assert_no_error(error);
    return list;
}

void e2e_note_strangers(void)
{
    if (strangers) {
        return;
    }
    strangers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (e2e_by_libvirt()) {
        g_autoptr(GPtrArray) list = vm_list(NULL, NULL, NULL);
        for (guint i = 0; list && i < list->len; i++) {
            const struct vm_config *c = g_ptr_array_index(list, i);
            g_hash_table_add(strangers, g_strdup(c->name));
        }
    }
}

static gboolean is_listed(const char *name)
{
    g_autoptr(GPtrArray) list = domains();
    for (guint i = 0; i < list->len; i++) {
        const struct vm_config *c = g_ptr_array_index(list, i);
        if (strcmp(c->name, name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

void e2e_await_end(const char *name, pid_t pid)
{
    e2e_await(kill(pid, 0) < 0);
    e2e_await(!is_listed(name));
}

static void assert_no_domains(void)
{
    g_autoptr(GPtrArray) list = domains();
    for (guint i = 0; i < list->len; i++) {
        const struct vm_config *c = g_ptr_array_index(list, i);
        if (!g_hash_table_contains(strangers, c->name)) {
            g_assert_cmpstr(c->name, ==, "shared");
        }
    }
}

void e2e_assert_no_vms(void)
{
    if (e2e_by_libvirt()) {
        assert_no_domains();
    }
    g_autofree char *root = state_root(NULL);
    g_autofree char *vms = g_build_filename(root, "vm", NULL);
    g_autoptr(GDir) dir = g_dir_open(vms, 0, NULL);
    const char *name;
    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        g_assert_cmpstr(name, ==, "shared");
    }
}
