/* SPDX-License-Identifier: MIT */
/*
 * QEMU as a child of ours. It inherits listening sockets and the lock of its
 * directory, so that the kernel tells whether it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness/backend.h"
#include "harness/cmdline.h"
#include "harness/tree.h"

/* QEMU has this long to answer QMP; launching the IGVM file is part of it. */
#define START_SECONDS 30
/* How long others may hold the lock of a VM that ended. */
#define RETAKE_MS 3000

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

static gboolean claim(struct vm *vm, GError **error)
{
    return platform_check_here(vm->config->platform, error) &&
           state_claim(vm->config->name, &vm->dir, error);
}

static gboolean find(struct vm *vm, const char *name, GError **error)
{
    if (!state_find(name, &vm->dir, error) ||
        !(vm->config = vm_config_load(vm->dir.path, error))) {
        return FALSE;
    }
    return process_attach(vm->config->pid, &vm->process) ||
           fail(error, HARNESS_ERROR_NOT_FOUND,
                "the VM \"%s\" is starting or ending", name);
}

static gboolean boot(struct vm *vm, GError **error)
{
    int channel[CHANNEL_COUNT] = { -1, -1, -1, -1 };
    gboolean ok = TRUE;
    for (int i = 0; ok && i < CHANNEL_COUNT; i++) {
        channel[i] = listen_at(vm->dir.path, channel_name[i], error);
        ok = channel[i] >= 0;
    }
    ok = ok && spawn(vm, channel, error);
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        if (channel[i] >= 0) {
            close(channel[i]);
        }
    }
    vm->config->pid = vm->process.pid;
    return ok;
}

static char *channel_path(struct vm *vm, int channel)
{
    return g_build_filename(vm->dir.path, channel_name[channel], NULL);
}

static gboolean open_monitor(struct vm *vm, gboolean owner, GError **error)
{
    g_autofree char *path = channel_path(vm, owner ? CHANNEL_OWN : CHANNEL_QMP);
    return qmp_open(&vm->qmp, path, vm->process.pidfd,
                    deadline_in(START_SECONDS), error);
}

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

static gboolean open_agent(struct vm *vm, deadline_t deadline, GError **error)
{
    g_autofree char *path = channel_path(vm, CHANNEL_GA);
    return ga_open(&vm->ga, path, vm->process.pidfd, deadline, error);
}

static int open_console(struct vm *vm, GError **error)
{
    g_autofree char *path = channel_path(vm, CHANNEL_CONSOLE);
    return json_stream_connect(path, "console", error);
}

static gboolean save(struct vm *vm, GError **error)
{
    return vm_config_save(vm->config, vm->dir.path, error);
}

static struct vm_config *load(struct vm *vm)
{
    return vm_config_load(vm->dir.path, NULL);
}

static gboolean retake(struct vm *vm, GError **error)
{
    return state_relock(&vm->dir, RETAKE_MS, error);
}

/* QEMU ends in order when asked to; else it is made to. */
static void end(struct vm *vm)
{
    if (vm->qmp.stream.fd >= 0 && process_alive(&vm->process)) {
        qmp_run(&vm->qmp, "quit", NULL, deadline_in(5), NULL);
        process_wait(&vm->process, deadline_in(5), "QEMU", NULL);
    }
    process_end(&vm->process, 2000);
}

static void release(struct vm *vm)
{
    (void)vm; /* it holds all that it needs */
}

static void forget(struct vm *vm)
{
    state_remove(&vm->dir);
}

static void clear(struct vm *vm)
{
    state_dir_clear(&vm->dir);
}

static char *qemu_log(struct vm *vm)
{
    return g_build_filename(vm->dir.log, "qemu.log", NULL);
}

/* A VM that is being started has no record yet; it is left out until it has. */
static struct vm_config *running(const char *name)
{
    struct state_dir dir;
    struct vm_config *config = NULL;
    if (state_find(name, &dir, NULL)) {
        struct process process = PROCESS_NONE;
        config = vm_config_load(dir.path, NULL);
        if (config && !process_attach(config->pid, &process)) {
            g_clear_pointer(&config, vm_config_free);
        }
        process_clear(&process);
        state_dir_clear(&dir);
    }
    return config;
}

static GPtrArray *list(const char *connect, GError **error)
{
    g_autoptr(GPtrArray) names = state_list(error);
    (void)connect;
    if (!names) {
        return NULL;
    }
    GPtrArray *configs =
        g_ptr_array_new_with_free_func((GDestroyNotify)vm_config_free);
    for (guint i = 0; i < names->len; i++) {
        struct vm_config *config = running(g_ptr_array_index(names, i));
        if (config) {
            g_ptr_array_add(configs, config);
        }
    }
    return configs;
}

const struct vm_backend backend_qemu = {
    .name = "qemu",
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
