/* SPDX-License-Identifier: MIT */
/*
 * VMs as libvirt domains. libvirt keeps the list of them, and in a domain's
 * metadata the VM's record; what is not detached ends with our connection,
 * however we end.
 */
#include "harness/backend.h"

#ifdef HAVE_LIBVIRT

#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/domain_xml.h"
#include "harness/libvirt.h"
#include "harness/tree.h"

#define MONITOR_SECONDS 30
#define END_SECONDS 20

/* vm->backend_data */
struct domain {
    virConnectPtr conn;
    virDomainPtr handle; /* of the run under way, or of the last */
    struct watch *watch;
    gboolean defined; /* by us, just now */
};

static struct domain *of(struct vm *vm)
{
    return vm->backend_data;
}

static gboolean connect_to(struct vm *vm, const char *uri, GError **error)
{
    virConnectPtr conn = libvirt_open(uri, error);
    if (conn) {
        struct domain *d = g_new0(struct domain, 1);
        d->conn = conn;
        vm->backend_data = d;
    }
    return conn != NULL;
}

/* Logs stand where those of other VMs do. */
static gboolean make_dir(struct vm *vm, const char *name, GError **error)
{
    g_autofree char *root = state_root(error);
    if (!root) {
        return FALSE;
    }
    vm->dir.name = g_strdup(name);
    vm->dir.log = g_build_filename(root, "log", name, NULL);
    return TRUE;
}

/* A daemon elsewhere knows its own machine. */
static gboolean check_platform(struct vm *vm, GError **error)
{
    char *uri = virConnectGetURI(of(vm)->conn);
    gboolean here = uri && strstr(uri, ":///");
    free(uri);
    return !here || platform_check_here(vm->config->platform, error);
}

/* The domain of this name. One that is not defined and runs no more is gone in
 * a moment. */
static virDomainPtr look_up(struct domain *d, const char *name)
{
    deadline_t end = deadline_in(END_SECONDS);
    for (;;) {
        virDomainPtr other = virDomainLookupByName(d->conn, name);
        if (!other || virDomainIsActive(other) != 0 ||
            virDomainIsPersistent(other) != 0 || deadline_passed(end) ||
            !wait_ms(20, -1, NULL)) {
            return other;
        }
        virDomainFree(other);
    }
}

/* 1 if a domain has the name, 0 if none, -1 with an error. */
static int name_taken(struct domain *d, const char *name, GError **error)
{
    virDomainPtr other = look_up(d, name);
    if (other) {
        gboolean active = virDomainIsActive(other) == 1;
        fail(error, HARNESS_ERROR_BUSY,
             active ? "a VM named \"%s\" is running already"
                    : "libvirt has a domain \"%s\" already (virsh start or "
                      "undefine it)",
             name);
        virDomainFree(other);
        return 1;
    }
    if (virGetLastErrorCode() == VIR_ERR_NO_DOMAIN) {
        return 0;
    }
    libvirt_fail(error, "libvirt");
    return -1;
}

static char *free_name(struct domain *d, GError **error)
{
    for (int i = 1; i < 1000; i++) {
        g_autofree char *name =
            i == 1 ? g_strdup("vm") : g_strdup_printf("vm%d", i);
        g_autoptr(GError) local = NULL;
        int taken = name_taken(d, name, &local);
        if (taken == 0) {
            return g_steal_pointer(&name);
        }
        if (taken < 0) {
            g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
    }
    fail(error, HARNESS_ERROR_BUSY, "too many VMs are running");
    return NULL;
}

static gboolean claim(struct vm *vm, GError **error)
{
    const char *given = vm->config->name;
    if ((given && !state_name_check(given, error)) ||
        !connect_to(vm, vm->config->connect, error) ||
        !check_platform(vm, error)) {
        return FALSE;
    }
    g_autofree char *name = given ? g_strdup(given) : free_name(of(vm), error);
    if (!name || (given && name_taken(of(vm), name, error) != 0) ||
        !make_dir(vm, name, error)) {
        return FALSE;
    }
    tree_remove(vm->dir.log);
    return tree_make(vm->dir.log, error);
}

/* Watches a domain before it can end. */
static void watch(struct vm *vm)
{
    struct domain *d = of(vm);
    watch_free(d->watch);
    d->watch = watch_new(d->conn, vm->dir.name);
    process_clear(&vm->process);
    vm->process.pidfd = dup(watch_gone(d->watch));
}

static void set_handle(struct domain *d, virDomainPtr handle)
{
    if (d->handle) {
        virDomainFree(d->handle);
    }
    d->handle = handle;
}

/* The agent's port may have been opened before we looked. */
static void look_at_agent(struct domain *d)
{
    char *xml = virDomainGetXMLDesc(d->handle, 0);
    const char *port = xml ? strstr(xml, "'org.qemu.guest_agent.0'") : NULL;
    const char *end = port ? strchr(port, '>') : NULL;
    if (end && g_strstr_len(port, end - port, "state='connected'")) {
        watch_set_agent(d->watch, TRUE);
    }
    free(xml);
}

static gboolean find(struct vm *vm, const char *name, GError **error)
{
    if (!state_name_check(name, error) || !connect_to(vm, vm->connect, error) ||
        !make_dir(vm, name, error)) {
        return FALSE;
    }
    struct domain *d = of(vm);
    watch(vm);
    set_handle(d, virDomainLookupByName(d->conn, name));
    if (!d->handle || virDomainIsActive(d->handle) != 1) {
        return fail(error, HARNESS_ERROR_NOT_FOUND,
                    "no VM named \"%s\" is running (see evtpm ps)", name);
    }
    vm->config = libvirt_record(d->handle);
    if (!vm->config) {
        return fail(error, HARNESS_ERROR_NOT_FOUND,
                    "the domain \"%s\" is none of evtpm's", name);
    }
    g_free(vm->config->connect);
    vm->config->connect = g_strdup(vm->connect);
    look_at_agent(d);
    return TRUE;
}

/* What is not detached ends with our connection. */
static virDomainPtr create_transient(struct vm *vm, GError **error)
{
    g_autofree char *log = g_build_filename(vm->dir.log, "console.log", NULL);
    g_autofree char *xml = domain_xml(vm->config, log);
    virDomainPtr domain = virDomainCreateXML(
        of(vm)->conn, xml, vm->detach ? 0 : VIR_DOMAIN_START_AUTODESTROY);
    if (!domain) {
        libvirt_fail(error, "libvirt cannot start \"%s\"", vm->dir.name);
    }
    return domain;
}

/* Without a log: it may be started long after our log directory is gone. */
static gboolean define(struct vm *vm, GError **error)
{
    struct domain *d = of(vm);
    g_autofree char *xml = domain_xml(vm->config, NULL);
    d->handle = virDomainDefineXML(d->conn, xml);
    d->defined = d->handle != NULL;
    return d->handle ||
           libvirt_fail(error, "libvirt cannot define \"%s\"", vm->dir.name);
}

/* The record of a domain that is there already. */
static gboolean update_record(struct vm *vm, GError **error)
{
    g_autofree char *record = vm_config_to_json(vm->config, FALSE);
    g_autofree char *element = g_markup_printf_escaped("<vm>%s</vm>", record);
    return virDomainSetMetadata(of(vm)->handle, VIR_DOMAIN_METADATA_ELEMENT,
                                element, DOMAIN_XML_PREFIX, DOMAIN_XML_URI,
                                VIR_DOMAIN_AFFECT_CONFIG) == 0 ||
           libvirt_fail(error, "libvirt: record of \"%s\"", vm->dir.name);
}

static gboolean create_defined(struct vm *vm, GError **error)
{
    struct domain *d = of(vm);
    return (d->handle ? update_record(vm, error) : define(vm, error)) &&
           (virDomainCreate(d->handle) == 0 ||
            libvirt_fail(error, "libvirt cannot start \"%s\"", vm->dir.name));
}

static gboolean boot(struct vm *vm, GError **error)
{
    struct domain *d = of(vm);
    vm->config->pid = 0;
    watch(vm);
    if (vm->config->define) {
        return create_defined(vm, error);
    }
    virDomainPtr domain = create_transient(vm, error);
    if (domain) {
        set_handle(d, domain);
    }
    return domain != NULL;
}

static gboolean open_monitor(struct vm *vm, gboolean owner, GError **error)
{
    (void)owner; /* libvirt has the one monitor, for all */
    int fd = channel_qmp(of(vm)->handle, of(vm)->watch, error);
    return fd >= 0 && qmp_adopt(&vm->qmp, fd, vm->process.pidfd,
                                deadline_in(MONITOR_SECONDS), error);
}

static gboolean agent_listens(struct vm *vm, gboolean *open, GError **error)
{
    *open = watch_agent(of(vm)->watch);
    return process_alive(&vm->process) ||
           fail(error, HARNESS_ERROR_VM_ENDED,
                "the VM ended while waiting for the guest");
}

static gboolean open_agent(struct vm *vm, deadline_t deadline, GError **error)
{
    int fd = channel_agent(of(vm)->handle, error);
    return fd >= 0 && ga_adopt(&vm->ga, fd, vm->process.pidfd, deadline, error);
}

static int open_console(struct vm *vm, GError **error)
{
    return channel_console(of(vm)->handle, error);
}

/* The record went into the domain when it was made. */
static gboolean save(struct vm *vm, GError **error)
{
    (void)vm, (void)error;
    return TRUE;
}

static struct vm_config *load(struct vm *vm)
{
    virDomainPtr domain = virDomainLookupByName(of(vm)->conn, vm->dir.name);
    struct vm_config *config = NULL;
    if (domain) {
        config = virDomainIsActive(domain) == 1 ? libvirt_record(domain) : NULL;
        virDomainFree(domain);
    }
    return config;
}

static gboolean retake(struct vm *vm, GError **error)
{
    (void)vm, (void)error; /* libvirt itself lets one start it only */
    return TRUE;
}

static void end(struct vm *vm)
{
    struct domain *d = of(vm);
    if (d->handle && process_alive(&vm->process)) {
        virDomainDestroy(d->handle);
        struct process *p = &vm->process;
        if (process_wait(p, deadline_in(END_SECONDS), "the VM", NULL)) {
            return;
        }
        p->waited = TRUE; /* interrupted, or the daemon is gone */
    }
}

/* It was started without VIR_DOMAIN_START_AUTODESTROY. */
static void release(struct vm *vm)
{
    of(vm)->defined = FALSE;
}

/* A domain that was defined stays, unless its first start went wrong. */
static void forget(struct vm *vm)
{
    struct domain *d = of(vm);
    if (d->defined) {
        virDomainUndefine(d->handle);
    }
}

static void clear(struct vm *vm)
{
    struct domain *d = of(vm);
    if (d) {
        watch_free(d->watch);
        set_handle(d, NULL);
        virConnectClose(d->conn);
        g_free(d);
    }
    state_dir_clear(&vm->dir);
}

/* Where libvirt writes what QEMU says, by its documentation. */
static char *libvirt_log(struct vm *vm)
{
    char *uri = virConnectGetURI(of(vm)->conn);
    gboolean session = uri && strstr(uri, ":///session");
    g_autofree char *file = g_strconcat(vm->dir.name, ".log", NULL);
    free(uri);
    return session ? g_build_filename(g_get_user_cache_dir(), "libvirt", "qemu",
                                      "log", file, NULL)
                   : g_build_filename("/var/log/libvirt/qemu", file, NULL);
}

/* A QEMU that has ended its guest waits for libvirt's signal, and says so. */
static gboolean is_last_word(const char *message)
{
    return strstr(message, "terminating on signal ") &&
           (strstr(message, "libvirtd)") || strstr(message, "virtqemud)"));
}

/* Of the last start, the lines that are QEMU's own, without their times. */
static char *own_lines(const char *text)
{
    const char *start = text;
    for (const char *p = text; (p = strstr(p, ": starting up")); p++) {
        start = p;
    }
    g_auto(GStrv) lines = g_strsplit(start, "\n", -1);
    GString *out = g_string_new(NULL);
    for (char **l = lines; *l; l++) {
        const char *message = strstr(*l, "Z qemu-system-");
        if (message && !is_last_word(message)) {
            g_string_append_printf(out, "%s\n", message + 2);
        }
    }
    return g_string_free(out, FALSE);
}

static char *qemu_log(struct vm *vm)
{
    g_autofree char *path = libvirt_log(vm);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return NULL;
    }
    g_autofree char *lines = own_lines(text);
    g_autofree char *copy = g_build_filename(vm->dir.log, "qemu.log", NULL);
    return tree_write(copy, lines, -1, NULL) ? g_steal_pointer(&copy) : NULL;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    const struct vm_config *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static GPtrArray *list(const char *connect, GError **error)
{
    virConnectPtr conn = libvirt_open(connect, error);
    virDomainPtr *domains = NULL;
    if (!conn) {
        return NULL;
    }
    GPtrArray *configs =
        g_ptr_array_new_with_free_func((GDestroyNotify)vm_config_free);
    int n = virConnectListAllDomains(conn, &domains,
                                     VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    if (n < 0) {
        libvirt_fail(error, "libvirt");
        g_clear_pointer(&configs, g_ptr_array_unref);
    }
    for (int i = 0; i < n; i++) {
        struct vm_config *config = libvirt_record(domains[i]);
        if (config) {
            g_ptr_array_add(configs, config);
        }
        virDomainFree(domains[i]);
    }
    free(domains);
    virConnectClose(conn);
    if (configs) {
        g_ptr_array_sort(configs, by_name);
    }
    return configs;
}

const struct vm_backend backend_libvirt = {
    .name = "libvirt",
    .claim = claim,
    .find = find,
    .boot = boot,
    .open_monitor = open_monitor,
    .agent_listens = agent_listens,
    .open_agent = open_agent,
    .open_console = open_console,
    .save = save,
    .load = load,
    .retake = retake,
    .end = end,
    .release = release,
    .forget = forget,
    .clear = clear,
    .qemu_log = qemu_log,
    .list = list,
};

#endif
