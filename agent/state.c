/* SPDX-License-Identifier: MIT */
#include "agent/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/file.h"

#define NAME_ROOM 32 /* for our own file names */
#define FILE_MOST 0x1000

int state_open(const char *dir, struct evtpm_error *err)
{
    struct stat st;

    if (strlen(dir) + NAME_ROOM > PATH_MAX) {
        return evtpm_fail(err, "EVTPM_STATE is too long");
    }
    if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
        return evtpm_fail(err, "cannot make %s: %s", dir, strerror(errno));
    }
    if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
        return evtpm_fail(err, "cannot make %s: not a directory", dir);
    }
    return 0;
}

struct state_path state_file(const char *dir, const char *name)
{
    struct state_path path;

    snprintf(path.text, sizeof(path.text), "%s/%s", dir, name);
    return path;
}

int state_write(const char *dir, const char *name,
                const struct evtpm_blob *blob, struct evtpm_error *err)
{
    return evtpm_file_write(state_file(dir, name).text, blob->data, blob->size,
                            0600, err);
}

int state_read(const char *dir, const char *name, struct evtpm_blob *out,
               struct evtpm_error *err)
{
    return evtpm_file_read(state_file(dir, name).text, FILE_MOST, out, err);
}
