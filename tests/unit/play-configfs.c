/* SPDX-License-Identifier: MIT */
/* Linked into a program under test: its mkdir() and rmdir() run the programs of
 * these names from PATH, by which a shell test plays configfs. */
#include <errno.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int run(const char *program, const char *path)
{
    char *argv[] = { (char *)program, (char *)path, NULL };
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t pid;
    int status;

    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    errno = posix_spawnp(&pid, program, NULL, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    if (errno != 0 || waitpid(pid, &status, 0) != pid) {
        return -1;
    }
    errno = EIO;
    return status == 0 ? 0 : -1;
}

int mkdir(const char *path, mode_t mode)
{
    struct stat st;

    (void)mode;
    if (stat(path, &st) == 0) {
        errno = EEXIST;
        return -1;
    }
    return run("mkdir", path);
}

int rmdir(const char *path)
{
    return run("rmdir", path);
}
