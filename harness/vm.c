/* SPDX-License-Identifier: MIT */
/* Life of a VM: start, watch, restart. */
#include "harness/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness/cmdline.h"
#include "harness/exits.h"
#include "harness/tree.h"

/* QEMU has this long to answer QMP; launching the IGVM file is part of it. */
#define START_SECONDS 30

/* Two monitors, because QEMU serves one client each: "own" is the supervisor's.
 */
enum { CHANNEL_OWN, CHANNEL_QMP, CHANNEL_GA, CHANNEL_CONSOLE, CHANNEL_COUNT };
static const char *const channel_name[] = { "own", "qmp", "ga", "con" };

static int listen_at(const char *dir, const char *name, GError **error)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    g_autofree char *path = g_build_filename(dir, name, NULL);
    if (g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path)) >=
        sizeof(addr.sun_path)) {
        fail(error, HARNESS_ERROR_FAILED,
             "%s: longer than a socket's path may be", path);
        return -1;
    }
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
        listen(fd, 8) < 0) {
        fail_errno(error, errno, "%s", path);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static int open_log(struct vm *vm, GError **error)
{
    g_autofree char *path = g_build_filename(vm->dir.log, "qemu.log", NULL);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        fail_errno(error, errno, "%s", path);
    }
    return fd;
}

static gboolean spawn(struct vm *vm, const int channel[CHANNEL_COUNT],
                      GError **error)
{
    g_autofree char *console =
        g_build_filename(vm->dir.log, "console.log", NULL);
    g_auto(GStrv) argv =
        cmdline_build(vm->config, &(struct cmdline_channels){
                                      .own = channel[CHANNEL_OWN],
                                      .qmp = channel[CHANNEL_QMP],
                                      .ga = channel[CHANNEL_GA],
                                      .console = channel[CHANNEL_CONSOLE],
                                      .console_log = console,
                                  });
    g_autofree char *text = cmdline_text((const char *const *)argv);
    g_autofree char *path = g_build_filename(vm->dir.log, "command", NULL);
    if (!tree_write(path, text, -1, error)) {
        return FALSE;
    }
    int log = open_log(vm, error);
    if (log < 0) {
        return FALSE;
    }
    const int keep[] = { channel[CHANNEL_OWN], channel[CHANNEL_QMP],
                         channel[CHANNEL_GA],  channel[CHANNEL_CONSOLE],
                         vm->dir.lock,         -1 };
    struct process_options options = { .detach = vm->detach,
                                       .out = log,
                                       .err = log,
                                       .keep = keep,
                                       .cwd = vm->dir.path };
    gboolean ok =
        process_spawn((const char *const *)argv, &options, &vm->process, error);
    close(log);
    return ok;
}

char *vm_command_text(const struct vm_config *config)
{
    g_auto(GStrv) argv = cmdline_build(
        config, &(struct cmdline_channels){ .own = 3,
                                            .qmp = 4,
                                            .ga = 5,
                                            .console = 6,
                                            .console_log = "console.log" });
    return cmdline_text((const char *const *)argv);
}

static gboolean open_qmp(struct vm *vm, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(vm->dir.path, name, NULL);
    return qmp_open(&vm->qmp, path, vm->process.pidfd,
                    deadline_in(START_SECONDS), error);
}

gboolean vm_boot(struct vm *vm, GError **error)
{
    int channel[CHANNEL_COUNT] = { -1, -1, -1, -1 };
    gboolean ok = TRUE;
    vm->reason = NULL;
    process_clear(&vm->process);
    for (int i = 0; ok && i < CHANNEL_COUNT; i++) {
        channel[i] = listen_at(vm->dir.path, channel_name[i], error);
        ok = channel[i] >= 0;
    }
    boot_watch_start(&vm->boot);
    ok = ok && spawn(vm, channel, error);
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        if (channel[i] >= 0) {
            close(channel[i]);
        }
    }
    if (!ok) {
        return FALSE;
    }
    vm->config->pid = vm->process.pid;
    vm->config->supervisor = vm->detach ? 0 : getpid();
    vm->config->boots++;
    vm->config->started = g_get_real_time();
    return (open_qmp(vm, "own", error) &&
            vm_config_save(vm->config, vm->dir.path, error)) ||
           vm_explain(vm, error);
}

static struct vm *vm_new(void)
{
    struct vm *vm = g_new0(struct vm, 1);
    vm->process = (struct process)PROCESS_NONE;
    vm->qmp.stream.fd = -1;
    vm->ga.stream.fd = -1;
    vm->dir.lock = -1;
    return vm;
}

static gboolean check_platform(const struct vm_config *config, GError **error)
{
    return config->platform != PLATFORM_SNP || platform_snp_available() ||
           fail(error, HARNESS_ERROR_FAILED,
                "this machine starts no SEV-SNP guests (KVM with SEV-SNP and "
                "access to /dev/kvm and /dev/sev are needed); evtpm launch "
                "--print-command shows what would be run");
}

static void guard_logs(struct vm *vm)
{
    g_autofree char *console =
        g_build_filename(vm->dir.log, "console.log", NULL);
    g_autofree char *qemu = g_build_filename(vm->dir.log, "qemu.log", NULL);
    gint64 limit = vm->config->log_limit;
    vm->logs =
        log_guard_start(console, qemu, limit ? limit : LOG_BOUND_DEFAULT);
}

struct vm *vm_start(const struct vm_config *config, gboolean detach,
                    GError **error)
{
    struct vm *vm = vm_new();
    if (!vm_config_check(config, error) || !check_platform(config, error) ||
        !state_claim(config->name, &vm->dir, error)) {
        g_free(vm);
        return NULL;
    }
    vm->config = vm_config_copy(config);
    g_free(vm->config->name);
    vm->config->name = g_strdup(vm->dir.name);
    vm->config->boots = 0;
    vm->owner = TRUE;
    vm->detach = detach;
    guard_logs(vm);
    if (!vm_boot(vm, error)) {
        vm_free(vm);
        return NULL;
    }
    return vm;
}

struct vm *vm_attach(const char *name, GError **error)
{
    struct vm *vm = vm_new();
    if (!state_find(name, &vm->dir, error)) {
        g_free(vm);
        return NULL;
    }
    vm->config = vm_config_load(vm->dir.path, error);
    if (vm->config && !process_attach(vm->config->pid, &vm->process)) {
        fail(error, HARNESS_ERROR_NOT_FOUND,
             "the VM \"%s\" is starting or ending", name);
    } else if (vm->config && open_qmp(vm, "qmp", error)) {
        vm->detach = vm->config->supervisor == 0;
        return vm;
    }
    vm_free(vm);
    return NULL;
}

void vm_release(struct vm *vm)
{
    vm->owner = FALSE;
}

static void close_channels(struct vm *vm)
{
    if (vm->ga.stream.fd >= 0) {
        ga_close(&vm->ga);
    }
    if (vm->qmp.stream.fd >= 0) {
        qmp_close(&vm->qmp);
    }
}

void vm_free(struct vm *vm)
{
    if (!vm) {
        return;
    }
    close_channels(vm);
    log_guard_stop(vm->logs);
    if (vm->owner) {
        process_end(&vm->process, 2000);
        state_remove(&vm->dir);
    }
    process_clear(&vm->process);
    state_dir_clear(&vm->dir);
    vm_config_free(vm->config);
    g_free(vm);
}

/* Has the guest opened the agent's port? What is sent earlier would be lost. */
static gboolean agent_listens(struct vm *vm, gboolean *open, GError **error)
{
    g_autoptr(JsonNode) node =
        qmp_call(&vm->qmp, "query-chardev", NULL, deadline_in(10), error);
    if (!node || !JSON_NODE_HOLDS_ARRAY(node)) {
        return FALSE;
    }
    JsonArray *list = json_node_get_array(node);
    for (guint i = 0; i < json_array_get_length(list); i++) {
        JsonObject *dev = json_array_get_object_element(list, i);
        if (strcmp(json_object_get_string_member_with_default(dev, "label", ""),
                   "ga") == 0) {
            *open = json_object_get_boolean_member_with_default(
                dev, "frontend-open", FALSE);
        }
    }
    return TRUE;
}

static gboolean await_agent(struct vm *vm, deadline_t deadline, GError **error)
{
    gboolean open = FALSE;
    g_autofree char *console =
        g_build_filename(vm->dir.log, "console.log", NULL);
    while (agent_listens(vm, &open, error)) {
        boot_watch_look(&vm->boot, console);
        if (open) {
            return TRUE;
        }
        if (deadline_passed(deadline)) {
            return fail(error, HARNESS_ERROR_TIMEOUT,
                        "timed out waiting for the guest to be up");
        }
        if (!wait_ms(30, vm->process.pidfd, error)) {
            return FALSE;
        }
    }
    return FALSE;
}

gboolean vm_wait_agent(struct vm *vm, deadline_t deadline, GError **error)
{
    if (vm->ga.stream.fd >= 0) {
        return TRUE;
    }
    g_autofree char *path = g_build_filename(vm->dir.path, "ga", NULL);
    if (!await_agent(vm, deadline, error) ||
        !ga_open(&vm->ga, path, vm->process.pidfd, deadline, error)) {
        return vm_explain(vm, error);
    }
    boot_watch_agent(&vm->boot);
    return TRUE;
}

enum vm_end vm_ended(struct vm *vm)
{
    if (process_alive(&vm->process)) {
        return VM_END_RUNNING;
    }
    process_wait(&vm->process, deadline_in(1), "QEMU", NULL);
    if (!vm->reason) {
        vm->reason = qmp_shutdown_reason(&vm->qmp);
    }
    const char *reason = vm->reason ? vm->reason : "";
    if (vm->process.ours && vm->process.status != 0) {
        return VM_END_FAILED;
    }
    return strcmp(reason, "guest-reset") == 0             ? VM_END_RESET
           : strcmp(reason, "host-qmp-system-reset") == 0 ? VM_END_RESET
           : strcmp(reason, "guest-shutdown") == 0        ? VM_END_SHUTDOWN
           : g_str_has_prefix(reason, "host-")            ? VM_END_QUIT
                                                          : VM_END_FAILED;
}

gboolean vm_wait_end(struct vm *vm, deadline_t deadline, enum vm_end *end,
                     GError **error)
{
    if (!process_wait(&vm->process, deadline, "the VM to end", error)) {
        return FALSE;
    }
    *end = vm_ended(vm);
    close_channels(vm);
    return TRUE;
}

static GString *post_mortem;

const char *vm_post_mortem(void)
{
    return post_mortem && post_mortem->len ? post_mortem->str : NULL;
}

static void keep_logs(struct vm *vm)
{
    g_autofree char *console =
        g_build_filename(vm->dir.log, "console.log", NULL);
    g_autofree char *tail = tree_tail(console, 12);
    if (!post_mortem) {
        post_mortem = g_string_new(NULL);
    }
    g_string_truncate(post_mortem, 0);
    if (tail) {
        g_string_append_printf(post_mortem,
                               "--- last console lines of \"%s\":\n%s\n---\n",
                               vm->config->name, tail);
    }
    g_string_append_printf(post_mortem, "logs: %s/console.log, qemu.log\n",
                           vm->dir.log);
}

gboolean vm_explain(struct vm *vm, GError **error)
{
    if (error && *error &&
        g_error_matches(*error, HARNESS_ERROR, HARNESS_ERROR_INTERRUPTED)) {
        return FALSE;
    }
    /* a lost connection is noticed before the process is gone */
    if (error &&
        g_error_matches(*error, HARNESS_ERROR, HARNESS_ERROR_VM_ENDED)) {
        process_wait(&vm->process, deadline_in(2), "QEMU", NULL);
    }
    if (vm->process.pid > 0 && vm_ended(vm) != VM_END_RUNNING) {
        g_autofree char *log = g_build_filename(vm->dir.log, "qemu.log", NULL);
        int status = vm->process.ours ? vm->process.status : -1;
        g_autofree char *why =
            status == 0 && vm->reason
                ? g_strdup_printf("the VM ended unexpectedly (%s)", vm->reason)
                : exits_explain(status, log);
        g_clear_error(error);
        fail(error, HARNESS_ERROR_FAILED, "%s", why);
    }
    keep_logs(vm);
    return FALSE;
}
