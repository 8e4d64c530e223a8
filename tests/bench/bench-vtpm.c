/* SPDX-License-Identifier: MIT */
/* bench-vtpm: the vTPM program beside swtpm, both started and driven alike.
 *
 * Lines "NAME  OURS ms  SWTPM ms  RATIO" of medians. Ratios within one run are
 * what may be compared; milliseconds are this machine's. Without swtpm, ours
 * alone. swtpm is also libtpms: the ratio shows what our shell around it costs.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "svsm/vtpm/protocol.h"

#define START_COUNT 10
#define RSA_COUNT 25 /* the search for primes takes its luck */
#define ECC_COUNT 200
#define QUICK_COUNT 500
#define CONNECTION 3 /* the child's end of the socket, as swtpm wants it */

struct tpm {
    GPid pid;
    int fd;
};

static void child_setup(gpointer fd)
{
    int end = GPOINTER_TO_INT(fd);

    dup2(end, 0);
    dup2(end, 1);
    dup2(end, CONNECTION);
}

static gboolean tpm_start(struct tpm *tpm, char **argv)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        g_error("socketpair failed");
    }
    tpm->fd = ends[0];
    if (!g_spawn_async(
            NULL, argv, NULL,
            G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
                G_SPAWN_LEAVE_DESCRIPTORS_OPEN | G_SPAWN_STDERR_TO_DEV_NULL,
            child_setup, GINT_TO_POINTER(ends[1]), &tpm->pid, NULL)) {
        close(ends[0]);
        close(ends[1]);
        return FALSE;
    }
    close(ends[1]);
    return TRUE;
}

static void tpm_stop(struct tpm *tpm)
{
    close(tpm->fd);
    waitpid(tpm->pid, NULL, 0);
    g_spawn_close_pid(tpm->pid);
}

static void transfer(int fd, guint8 *at, gsize size, gboolean in)
{
    gssize done;

    for (; size > 0; at += done, size -= (gsize)done) {
        done = in ? read(fd, at, size) : write(fd, at, size);
        if (done <= 0) {
            g_error("the TPM is gone");
        }
    }
}

/* Sends header and @body; the milliseconds until the whole answer was there.
 * The first handle of the answer goes to *@handle. */
static double command(struct tpm *tpm, guint16 tag, guint32 code,
                      const void *body, gsize size, guint32 *handle)
{
    guint8 frame[VTPM_FRAME_MAX];
    gint64 begin = g_get_monotonic_time();
    struct vtpm_header header;

    vtpm_header_put(frame, tag, (guint32)(VTPM_HEADER_SIZE + size), code);
    memcpy(frame + VTPM_HEADER_SIZE, body, size);
    transfer(tpm->fd, frame, VTPM_HEADER_SIZE + size, FALSE);
    transfer(tpm->fd, frame, VTPM_HEADER_SIZE, TRUE);
    header = vtpm_header_get(frame);
    if (header.code != VTPM_RC_SUCCESS || header.size > sizeof(frame)) {
        g_error("command %x: response code %x", code, header.code);
    }
    transfer(tpm->fd, frame + VTPM_HEADER_SIZE, header.size - VTPM_HEADER_SIZE,
             TRUE);
    if (handle) {
        *handle = vtpm_get32(frame + VTPM_HEADER_SIZE);
    }
    return (double)(g_get_monotonic_time() - begin) / 1000;
}

static void startup(struct tpm *tpm)
{
    command(tpm, VTPM_ST_NO_SESSIONS, 0x144, "\0", 2, NULL);
}

/* CreatePrimary(owner) by a storage template; @number makes each key another.
 * The object is flushed outside the measurement. */
static double create_primary(struct tpm *tpm, gboolean rsa, guint number)
{
    static const guint8 head[] = { 0x40, 0, 0, 1, 0, 0, 0, 9, 0x40, 0, 0, 9,
                                   0,    0, 0, 0, 0, 0, 8, 0, 0,    0, 4 };
    static const guint8 rsa_public[] = { 0, 26, 0, 1, 0, 0x0b, 0, 3,    4, 0x72,
                                         0, 0,  0, 6, 0, 0x80, 0, 0x43, 0, 0x10,
                                         8, 0,  0, 0, 0, 0,    0, 0 };
    static const guint8 ecc_public[] = { 0, 26,   0,    0x23, 0, 0x0b, 0,
                                         3, 4,    0x72, 0,    0, 0,    6,
                                         0, 0x80, 0,    0x43, 0, 0x10, 0,
                                         3, 0,    0x10, 0,    0, 0,    0 };
    const guint8 *public = rsa ? rsa_public : ecc_public;
    guint8 body[256];
    guint32 handle;
    double ms;

    memcpy(body, head, sizeof(head));
    vtpm_put32(body + sizeof(head), number);
    memcpy(body + sizeof(head) + 4, public, 28);
    memset(body + sizeof(head) + 32, 0, 6); /* outsideInfo, creationPCR */
    ms =
        command(tpm, VTPM_ST_SESSIONS, 0x131, body, sizeof(head) + 38, &handle);
    vtpm_put32(body, handle);
    command(tpm, VTPM_ST_NO_SESSIONS, 0x165, body, 4, NULL);
    return ms;
}

static double rsa_primary(struct tpm *tpm, guint number)
{
    return create_primary(tpm, TRUE, number);
}

static double ecc_primary(struct tpm *tpm, guint number)
{
    return create_primary(tpm, FALSE, number);
}

static double pcr_extend(struct tpm *tpm, guint number)
{
    guint8 body[4 + 13 + 4 + 2 + 32] = {
        0, 0, 0, 16, 0, 0, 0, 9, 0x40, 0, 0, 9
    };

    body[20] = 1;    /* one digest */
    body[22] = 0x0b; /* SHA-256 */
    vtpm_put32(body + 23, number);
    return command(tpm, VTPM_ST_SESSIONS, 0x182, body, sizeof(body), NULL);
}

static double pcr_read(struct tpm *tpm, guint number)
{
    static const guint8 body[] = { 0, 0, 0, 1, 0, 0x0b, 3, 0xff, 0, 0 };

    (void)number;
    return command(tpm, VTPM_ST_NO_SESSIONS, 0x17e, body, sizeof(body), NULL);
}

static double get_random(struct tpm *tpm, guint number)
{
    (void)number;
    return command(tpm, VTPM_ST_NO_SESSIONS, 0x17b, "\0 ", 2, NULL);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, guint count)
{
    qsort(values, count, sizeof(*values), compare);
    return values[count / 2];
}

static const struct {
    const char *name;
    double (*run)(struct tpm *tpm, guint number);
    guint count;
} cases[] = {
    { "rsa-primary", rsa_primary, RSA_COUNT },
    { "ecc-primary", ecc_primary, ECC_COUNT },
    { "pcr-extend", pcr_extend, QUICK_COUNT },
    { "pcr-read", pcr_read, QUICK_COUNT },
    { "get-random", get_random, QUICK_COUNT },
};

/* From starting the process to its answer to TPM2_Startup */
static double measure_start(char **argv)
{
    double values[START_COUNT];
    guint i;

    for (i = 0; i < START_COUNT; i++) {
        gint64 begin = g_get_monotonic_time();
        struct tpm tpm;

        if (!tpm_start(&tpm, argv)) {
            return -1;
        }
        startup(&tpm);
        values[i] = (double)(g_get_monotonic_time() - begin) / 1000;
        tpm_stop(&tpm);
    }
    return median(values, START_COUNT);
}

/* One row for the start, then one for each case; false without the program. */
static gboolean measure(char **argv, double *rows)
{
    double values[QUICK_COUNT];
    struct tpm tpm;
    guint i, n;

    rows[0] = measure_start(argv);
    if (rows[0] < 0 || !tpm_start(&tpm, argv)) {
        return FALSE;
    }
    startup(&tpm);
    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (n = 0; n < cases[i].count; n++) {
            values[n] = cases[i].run(&tpm, n);
        }
        rows[1 + i] = median(values, cases[i].count);
    }
    tpm_stop(&tpm);
    return TRUE;
}

static gboolean measure_swtpm(double *rows)
{
    g_autofree char *directory = g_dir_make_tmp("bench-vtpm-XXXXXX", NULL);
    g_autofree char *state = g_strdup_printf("dir=%s", directory);
    g_autofree char *file =
        g_build_filename(directory, "tpm2-00.permall", NULL);
    g_autofree char *lock = g_build_filename(directory, ".lock", NULL);
    char *argv[] = { (char *)"swtpm",
                     (char *)"chardev",
                     (char *)"--tpm2",
                     (char *)"--fd",
                     (char *)"3",
                     (char *)"--tpmstate",
                     state,
                     (char *)"--flags",
                     (char *)"not-need-init",
                     NULL };
    gboolean found = measure(argv, rows);

    g_unlink(file);
    g_unlink(lock);
    g_rmdir(directory);
    return found;
}

int main(int argc, char **argv)
{
    double ours[1 + G_N_ELEMENTS(cases)], theirs[1 + G_N_ELEMENTS(cases)];
    char *program[] = { argc == 2 ? argv[1] : NULL, NULL };
    gboolean compared;
    guint i;

    if (argc != 2) {
        fprintf(stderr, "usage: bench-vtpm PROGRAM\n");
        return 2;
    }
    if (!measure(program, ours)) {
        fprintf(stderr, "bench-vtpm: cannot start %s\n", argv[1]);
        return 1;
    }
    compared = measure_swtpm(theirs);
    printf("%-18s %10s %10s %8s\n", "vtpm", "evtpm ms", "swtpm ms", "ratio");
    for (i = 0; i < G_N_ELEMENTS(ours); i++) {
        const char *name = i == 0 ? "start" : cases[i - 1].name;

        if (compared) {
            printf("vtpm.%-13s %10.3f %10.3f %8.2f\n", name, ours[i], theirs[i],
                   ours[i] / theirs[i]);
        } else {
            printf("vtpm.%-13s %10.3f %10s %8s\n", name, ours[i], "-", "-");
        }
    }
    if (!compared) {
        printf("swtpm is not installed: no ratios\n");
    }
    return 0;
}
