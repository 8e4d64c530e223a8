/* SPDX-License-Identifier: MIT */
/* Listing children. */
#include "harness/children.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The parent of a process, and its name; 0 if it is gone. */
static pid_t parent_of(const char *pid, char name[CHILD_NAME_SIZE])
{
    char path[64], line[512];
    snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(line, 1, sizeof(line) - 1, file) : 0;
    if (file) {
        fclose(file);
    }
    line[n] = '\0';
    /* "PID (NAME) STATE PPID": the name may hold anything, so the last ")" */
    const char *open = strchr(line, '('), *close = strrchr(line, ')');
    if (!open || !close || strlen(close) < 5) {
        return 0;
    }
    snprintf(name, CHILD_NAME_SIZE, "%.*s", (int)(close - open - 1), open + 1);
    return (pid_t)strtol(close + 4, NULL, 10);
}

void children_each(child_fn visit, void *user)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    while (proc && (entry = readdir(proc))) {
        char name[CHILD_NAME_SIZE];
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
            parent_of(entry->d_name, name) == getpid()) {
            visit((pid_t)strtol(entry->d_name, NULL, 10), name, user);
        }
    }
    if (proc) {
        closedir(proc);
    }
}
