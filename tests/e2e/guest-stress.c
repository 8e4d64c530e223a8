/* SPDX-License-Identifier: MIT */
/*
 * Runs in the guest of test-smp: one thread on each CPU for TPM commands and one
 * for reports, all at once for some seconds, each reply held against its
 * request. Prints "KIND COUNT wrong COUNT least COUNT", the last for the
 * CPU that got the fewest answers; the exit status is 0 if none was wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "evtpm/report.h"
#include "svsm/sha512.h"

#define CPUS_MAX 64
#define HASH_DATA 48
#define TSM "/sys/kernel/config/tsm/report"
#define VTPM_SERVICE "c476f1eb-0123-45a5-9641-b4e7dde5bfe3"

struct worker {
    pthread_t thread;
    unsigned cpu;
    unsigned long done, wrong;
    bool (*ask)(struct worker *w, unsigned long round);
    int fd; /* of the TPM */
};

static time_t end;

/* Different for each kind, CPU and round. */
static void fill(unsigned char *data, size_t size, const struct worker *w,
                 unsigned long round)
{
    for (size_t i = 0; i < size; i++) {
        data[i] = (unsigned char)(i * 7 + w->cpu * 31 + (round >> i % 8 * 4));
    }
}

static bool digest_is(const unsigned char *digest, const void *a, size_t a_size,
                      const void *b, size_t b_size)
{
    unsigned char want[SHA512_SIZE];
    struct sha512 hash;

    sha512_init(&hash);
    sha512_update(&hash, a, a_size);
    sha512_update(&hash, b, b_size);
    sha512_final(&hash, want);
    return memcmp(digest, want, sizeof(want)) == 0;
}

/* TPM2_Hash of SHA-512 (TPM 2.0 Part 3, 15.4). */
static bool ask_tpm(struct worker *w, unsigned long round)
{
    unsigned char command[12 + HASH_DATA + 6] = {
        0x80, 0x01, 0, 0, 0, sizeof(command), 0, 0, 0x01, 0x7d, 0, HASH_DATA
    };
    static const unsigned char tail[] = { 0, 0x0d, 0x40, 0, 0, 7 };
    unsigned char answer[4096];
    ssize_t n;

    fill(command + 12, HASH_DATA, w, round);
    memcpy(command + 12 + HASH_DATA, tail, sizeof(tail));
    if (write(w->fd, command, sizeof(command)) != sizeof(command)) {
        return false;
    }
    n = read(w->fd, answer, sizeof(answer));
    return n >= 12 + SHA512_SIZE && memcmp(answer + 6, "\0\0\0\0", 4) == 0 &&
           digest_is(answer + 12, command + 12, HASH_DATA, NULL, 0);
}

static int open_entry(const struct worker *w, const char *name, int flags)
{
    char path[128];

    snprintf(path, sizeof(path), TSM "/stress%u/%s", w->cpu, name);
    return open(path, flags | O_CLOEXEC);
}

static bool put(const struct worker *w, const char *name, const void *data,
                size_t size)
{
    int fd = open_entry(w, name, O_WRONLY);
    bool ok = fd >= 0 && write(fd, data, size) == (ssize_t)size;

    if (fd >= 0) {
        ok = close(fd) == 0 && ok;
    }
    return ok;
}

static size_t get(const struct worker *w, const char *name, unsigned char *data,
                  size_t room)
{
    int fd = open_entry(w, name, O_RDONLY);
    size_t size = 0;
    ssize_t n = 0;

    while (fd >= 0 && size < room &&
           (n = read(fd, data + size, room - size)) > 0) {
        size += (size_t)n;
    }
    if (fd >= 0) {
        close(fd);
    }
    return n < 0 ? 0 : size;
}

/* The report covers this nonce and the manifest that came with it. */
static bool ask_report(struct worker *w, unsigned long round)
{
    unsigned char nonce[64], manifest[4096];
    union {
        struct snp_attestation_report report;
        unsigned char bytes[8192];
    } out;
    size_t size;

    fill(nonce, sizeof(nonce), w, round);
    if (!put(w, "inblob", nonce, sizeof(nonce)) ||
        get(w, "outblob", out.bytes, sizeof(out)) < sizeof(out.report)) {
        return false;
    }
    size = get(w, "manifestblob", manifest, sizeof(manifest));
    return size > 0 && out.report.vmpl == 0 &&
           digest_is(out.report.report_data, nonce, sizeof(nonce), manifest,
                     size);
}

static void pin(unsigned cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0) {
        fprintf(stderr, "no CPU %u\n", cpu);
        exit(2);
    }
}

static void *run(void *arg)
{
    struct worker *w = arg;

    pin(w->cpu);
    do {
        if (!w->ask(w, w->done)) {
            w->wrong++;
        }
        w->done++;
    } while (time(NULL) < end);
    return NULL;
}

static bool prepare_tpm(struct worker *w)
{
    w->ask = ask_tpm;
    w->fd = open("/dev/tpmrm0", O_RDWR | O_CLOEXEC);
    return w->fd >= 0;
}

static bool prepare_report(struct worker *w)
{
    char path[128];

    w->ask = ask_report;
    snprintf(path, sizeof(path), TSM "/stress%u", w->cpu);
    return (mkdir(path, 0700) == 0 || errno == EEXIST) &&
           put(w, "service_provider", "svsm", 4) &&
           put(w, "service_guid", VTPM_SERVICE, strlen(VTPM_SERVICE));
}

static bool summarize(const char *kind, const struct worker *w, unsigned count)
{
    unsigned long done = 0, wrong = 0, least = w->done;

    for (unsigned i = 0; i < count; i++) {
        done += w[i].done;
        wrong += w[i].wrong;
        least = w[i].done < least ? w[i].done : least;
    }
    printf("%s %lu wrong %lu least %lu\n", kind, done, wrong, least);
    return wrong == 0;
}

int main(int argc, char **argv)
{
    static struct worker tpm[CPUS_MAX], report[CPUS_MAX];
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    bool good;

    if (argc != 2 || count < 1 || count > CPUS_MAX) {
        fprintf(stderr, "usage: guest-stress SECONDS\n");
        return 2;
    }
    end = time(NULL) + atoi(argv[1]);
    for (unsigned i = 0; i < count; i++) {
        tpm[i].cpu = report[i].cpu = i;
        if (!prepare_tpm(&tpm[i]) || !prepare_report(&report[i])) {
            perror("/dev/tpmrm0 or configfs-tsm");
            return 2;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        if (pthread_create(&tpm[i].thread, NULL, run, &tpm[i]) != 0 ||
            pthread_create(&report[i].thread, NULL, run, &report[i]) != 0) {
            fputs("no thread\n", stderr);
            return 2;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(tpm[i].thread, NULL);
        pthread_join(report[i].thread, NULL);
    }
    good = summarize("tpm", tpm, (unsigned)count);
    return summarize("report", report, (unsigned)count) && good ? 0 : 1;
}
