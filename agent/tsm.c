/* SPDX-License-Identifier: MIT */
#include "agent/tsm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/kernel_file.h"

#define PROVIDER "svsm\n"
#define VTPM_SERVICE "c476f1eb-0123-45a5-9641-b4e7dde5bfe3\n"
#define REPORT_SIZE 1184  /* SNP firmware ABI: ATTESTATION_REPORT */
#define BLOB_MAX 0x100000 /* larger than any that the kernel hands out */

static int set(int entry, const char *name, const void *data, size_t size,
               struct evtpm_error *err)
{
    if (kernel_file_write(entry, name, data, size) < 0) {
        return evtpm_fail(err, "configfs-tsm refuses %s: %s", name,
                          strerror(errno));
    }
    return 0;
}

static int get(int entry, const char *name, struct evtpm_blob *out,
               struct evtpm_error *err)
{
    if (kernel_file_read(entry, name, BLOB_MAX, out) < 0) {
        return evtpm_fail(err, "no %s: %s", name, strerror(errno));
    }
    return 0;
}

static int request(int entry, const struct evtpm_blob *nonce,
                   struct evtpm_error *err)
{
    if (faccessat(entry, "service_provider", F_OK, 0) < 0) {
        return evtpm_fail(err, "this guest has no SVSM");
    }
    if (set(entry, "service_provider", PROVIDER, strlen(PROVIDER), err) < 0 ||
        set(entry, "service_guid", VTPM_SERVICE, strlen(VTPM_SERVICE), err) <
            0) {
        return -1;
    }
    return set(entry, "inblob", nonce->data, nonce->size, err);
}

static int answer(int entry, struct evtpm_evidence *e, struct evtpm_error *err)
{
    if (get(entry, "outblob", &e->report, err) < 0 ||
        get(entry, "manifestblob", &e->manifest, err) < 0) {
        return -1;
    }
    /* The host need not give certificates. */
    kernel_file_read(entry, "auxblob", BLOB_MAX, &e->certificates);
    if (e->report.size != REPORT_SIZE) {
        return evtpm_fail(err, "the report has %zu bytes, not %d",
                          e->report.size, REPORT_SIZE);
    }
    return 0;
}

/* The kernel counts the writes to an entry: nobody else may have made one. */
static int use_entry(int entry, struct evtpm_evidence *e,
                     struct evtpm_error *err)
{
    struct evtpm_blob before = { 0 }, after = { 0 };
    int rc = -1;

    if (request(entry, &e->nonce, err) == 0 &&
        get(entry, "generation", &before, err) == 0 &&
        answer(entry, e, err) == 0 &&
        get(entry, "generation", &after, err) == 0) {
        rc = evtpm_blob_equal(&before, &after)
                 ? 0
                 : evtpm_fail(err, "the report changed while it was read");
    }
    evtpm_blob_clear(&before);
    evtpm_blob_clear(&after);
    return rc;
}

static int with_entry(const char *path, struct evtpm_evidence *e,
                      struct evtpm_error *err)
{
    int entry, rc = -1;

    if (mkdir(path, 0700) < 0) {
        return evtpm_fail(err, "cannot make %s: %s", path, strerror(errno));
    }
    entry = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (entry < 0) {
        evtpm_fail(err, "cannot open %s: %s", path, strerror(errno));
    } else {
        rc = use_entry(entry, e, err);
        close(entry);
    }
    if (rmdir(path) < 0 && rc == 0) {
        rc = evtpm_fail(err, "cannot remove %s: %s", path, strerror(errno));
    }
    return rc;
}

int tsm_report(const char *dir, struct evtpm_evidence *evidence,
               struct evtpm_error *err)
{
    char path[PATH_MAX];
    sigset_t all, old;
    struct stat st;
    int rc;

    if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
        return evtpm_fail(err, "the kernel offers no attestation reports (%s)",
                          dir);
    }
    if (snprintf(path, sizeof(path), "%s/evtpm.%ld", dir, (long)getpid()) >=
        (int)sizeof(path)) {
        return evtpm_fail(err, "EVTPM_TSM is too long");
    }
    /* An entry outlives its maker, so no signal may end this in between. */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    rc = with_entry(path, evidence, err);
    sigprocmask(SIG_SETMASK, &old, NULL);
    return rc;
}
