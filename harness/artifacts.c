/* SPDX-License-Identifier: MIT */
/* Finding artefacts, the cache and the chip directory. */
#include "harness/artifacts.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "harness/tree.h"
#include "lib/chip.h"

static const struct {
    const char *what;
    const char *name;  /* in the artefacts directory */
    const char *built; /* in the build directory; NULL: artifacts/NAME */
    const char *target;
} table[ARTIFACT_COUNT] = {
    [ARTIFACT_QEMU] = { "QEMU", "qemu-system-x86_64", NULL, "artifacts" },
    [ARTIFACT_KERNEL] = { "guest kernel", "bzImage", NULL, "artifacts" },
    [ARTIFACT_INITRD] = { "initramfs", "initramfs.img", NULL, "artifacts" },
    [ARTIFACT_FIRMWARE] = { "firmware", "OVMF.fd", NULL, "artifacts" },
    [ARTIFACT_FIRMWARE_HASHES] = { "firmware", "OVMF.amdsev.fd", NULL,
                                   "artifacts" },
    [ARTIFACT_SVSM] = { "SVSM", "svsm.elf", "svsm/svsm.elf", "all" },
    [ARTIFACT_VTPM] = { "vTPM program", "evtpm-vtpm", "svsm/vtpm/evtpm-vtpm",
                        "all" },
};

char *artifacts_build_dir(void)
{
    const char *given = g_getenv("EVTPM_BUILD");
    if (given && *given) {
        return g_strdup(given);
    }
    g_autofree char *dir = g_file_read_link("/proc/self/exe", NULL);
    for (int up = 0; dir && up < 4; up++) {
        char *parent = g_path_get_dirname(dir);
        g_free(dir);
        dir = parent;
        g_autofree char *mark = g_build_filename(dir, "config.status", NULL);
        if (g_file_test(mark, G_FILE_TEST_EXISTS)) {
            return g_steal_pointer(&dir);
        }
    }
    return NULL;
}

/* QEMU finds its own files by its real path, so links are resolved. */
static char *existing(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *real = realpath(path, NULL);
    return real ? g_strdup(real) : NULL;
}

char *artifact_path(enum artifact which, GError **error)
{
    const char *given = g_getenv("EVTPM_ARTIFACTS");
    g_autofree char *build = artifacts_build_dir();
    char *path = given && *given ? existing(given, table[which].name) : NULL;
    if (!path && build && table[which].built) {
        path = existing(build, table[which].built);
    } else if (!path && build && !(given && *given)) {
        g_autofree char *dir = g_build_filename(build, "artifacts", NULL);
        path = existing(dir, table[which].name);
    }
    if (!path) {
        fail(error, HARNESS_ERROR_NOT_FOUND,
             "%s (%s) is not there: run \"make %s\", or name a directory in "
             "EVTPM_ARTIFACTS",
             table[which].what, table[which].name, table[which].target);
    }
    return path;
}

char *artifacts_cache(GError **error)
{
    const char *given = g_getenv("EVTPM_CACHE");
    char *cache = given && *given
                      ? g_canonicalize_filename(given, NULL)
                      : g_build_filename(g_get_user_cache_dir(), "evtpm", NULL);
    if (!tree_make(cache, error)) {
        g_clear_pointer(&cache, g_free);
    }
    return cache;
}

char *artifacts_cache_path(const char *sub, const char *name, GError **error)
{
    g_autofree char *cache = artifacts_cache(error);
    if (!cache) {
        return NULL;
    }
    g_autofree char *dir = g_build_filename(cache, sub, NULL);
    return tree_make(dir, error) ? g_build_filename(dir, name, NULL) : NULL;
}

char *artifacts_chip(GError **error)
{
    g_autofree char *chip = artifacts_cache_path("chip", "default", error);
    g_autofree char *lock = chip ? g_strconcat(chip, ".lock", NULL) : NULL;
    if (!chip) {
        return NULL;
    }
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        fail_errno(error, errno, "%s", lock);
        return NULL;
    }
    /* two first runs at once: the second waits for the first one's chip */
    flock(fd, LOCK_EX);
    struct evtpm_error err = { "" };
    const struct evtpm_chip_params params = { 0 };
    gboolean ok = g_file_test(chip, G_FILE_TEST_IS_DIR) ||
                  evtpm_chip_create(chip, &params, &err) == 0;
    close(fd);
    if (!ok) {
        fail_lib(error, &err);
        return NULL;
    }
    return g_steal_pointer(&chip);
}
