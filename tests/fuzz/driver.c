/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target without libFuzzer, the same way each time: first the corpus as it is, then
 * mutants of it from a fixed seed, until a count or a time is reached. One target = one program
 * that has LLVMFuzzerTestOneInput() and a corpus of its own making; with -fsanitize=fuzzer the
 * target is linked without this file. Findings are the sanitizers': they abort, and the input that
 * did it lies in the file that the last line of output names.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define CORPUS_MAX 64
#define EDITS_MAX 8
#define HANG_SECONDS 60 /* for 64 inputs: one that takes this long is a finding */

struct input {
    uint8_t *data;
    size_t size;
};

static struct input corpus[CORPUS_MAX];
static size_t corpus_count;
static uint64_t state = 0x9e3779b97f4a7c15ull;

/* What the signal handler writes out */
static const uint8_t *current;
static size_t current_size;
static char crash_path[256];

void fuzz_add(const void *data, size_t size)
{
    struct input *in;

    if (corpus_count == CORPUS_MAX) {
        fprintf(stderr, "fuzz: corpus has more than %d inputs\n", CORPUS_MAX);
        exit(1);
    }
    in = &corpus[corpus_count++];
    in->data = malloc(size ? size : 1);
    if (!in->data) {
        abort();
    }
    memcpy(in->data, data, size);
    in->size = size;
}

uint64_t fuzz_random(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below ? state % below : state;
}

static void edit_bytes(uint8_t *at, size_t left)
{
    static const uint64_t values[] = {
        0, 1, 7, 8, 0x7f, 0x80, 0xff, 0xfff, 0x1000, 0xffff, 0x10000,
        0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff, 0x100000000,
        0x7fffffffffffffff, 0xfffffffffffff000, 0xffffffffffffffff,
    };
    size_t width = 1u << fuzz_random(4);
    uint64_t value = values[fuzz_random(sizeof(values) / sizeof(values[0]))];

    switch (fuzz_random(4)) {
    case 0:
        *at ^= (uint8_t)(1u << fuzz_random(8));
        break;
    case 1:
        *at = (uint8_t)fuzz_random(256);
        break;
    case 2:
        *at = (uint8_t)(*at + fuzz_random(9) - 4);
        break;
    default:
        memcpy(at, &value, width < left ? width : left);
        break;
    }
}

/* A copy of exactly its size, so that a read past the end is seen. */
static struct input mutant(void)
{
    const struct input *from = &corpus[fuzz_random(corpus_count)];
    struct input out = { malloc(from->size ? from->size : 1), from->size };
    size_t edits = 1 + fuzz_random(EDITS_MAX);

    if (!out.data) {
        abort();
    }
    memcpy(out.data, from->data, from->size);
    if (fuzz_random(16) == 0) {
        out.size = fuzz_random(from->size + 1);
    }
    while (out.size > 0 && edits-- > 0) {
        /* mostly near the start: that is where structure lies */
        size_t range = fuzz_random(4) ? 2048 : out.size;
        size_t at = fuzz_random(range < out.size ? range : out.size);

        if (fuzz_random(8) == 0) { /* move a block */
            size_t to = fuzz_random(out.size);
            size_t longest = out.size - (at > to ? at : to);

            memmove(out.data + to, out.data + at,
                    fuzz_random(longest < 256 ? longest + 1 : 256));
        } else {
            edit_bytes(out.data + at, out.size - at);
        }
    }
    return out;
}

/* The sanitizers end the process themselves: they call this instead of raising a signal. */
extern void __sanitizer_set_death_callback(void (*callback)(void))
    __attribute__((weak));

static void save_input(void)
{
    int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd >= 0 && current &&
        write(fd, current, current_size) == (ssize_t)current_size) {
        static const char text[] = "# the input lies in ";

        (void)!write(2, text, sizeof(text) - 1);
        (void)!write(2, crash_path, strlen(crash_path));
        (void)!write(2, "\n", 1);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void on_signal(int number)
{
    save_input();
    signal(number, SIG_DFL);
    raise(number);
}

static void run_one(const uint8_t *data, size_t size)
{
    current = data;
    current_size = size;
    LLVMFuzzerTestOneInput(data, size);
    current = NULL;
}

static int replay(int argc, char **argv)
{
    static uint8_t data[1 << 24];

    for (int i = 1; i < argc; i++) {
        FILE *in = fopen(argv[i], "rb");
        size_t size;

        if (!in) {
            fprintf(stderr, "%s: %s\n", argv[i], strerror(errno));
            return 1;
        }
        size = fread(data, 1, sizeof(data), in);
        fclose(in);
        run_one(data, size);
        printf("%s: %zu bytes, survived\n", argv[i], size);
    }
    return 0;
}

static uint64_t limit_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);

    return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

/* usage: PROGRAM [FILE...]; environment: FUZZ_SECONDS, FUZZ_RUNS, FUZZ_SEED */
int main(int argc, char **argv)
{
    uint64_t seconds = limit_of("FUZZ_SECONDS", 3);
    uint64_t runs = limit_of("FUZZ_RUNS", 200000);
    const char *name = strrchr(argv[0], '/');
    uint64_t done = 0;
    time_t end;

    snprintf(crash_path, sizeof(crash_path), "%s.crash",
             name ? name + 1 : argv[0]);
    signal(SIGABRT, on_signal);
    signal(SIGALRM, on_signal);
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(save_input);
    }
    if (argc > 1) {
        return replay(argc, argv);
    }
    state ^= limit_of("FUZZ_SEED", 0) * 0xbf58476d1ce4e5b9ull;
    fuzz_corpus();
    printf("1..2\n");
    for (size_t i = 0; i < corpus_count; i++) {
        run_one(corpus[i].data, corpus[i].size);
    }
    printf("%s 1 - corpus of %zu inputs\n", corpus_count ? "ok" : "not ok",
           corpus_count);
    fflush(stdout);
    end = time(NULL) + (time_t)seconds; /* a corpus may take keys to make */
    while (corpus_count > 0 && done < runs &&
           (done % 64 != 0 || time(NULL) < end)) {
        struct input in = mutant();

        if (done % 64 == 0) {
            alarm(HANG_SECONDS);
        }
        run_one(in.data, in.size);
        free(in.data);
        done++;
    }
    printf("%s 2 - %llu mutants\n", done ? "ok" : "not ok",
           (unsigned long long)done);
    for (size_t i = 0; i < corpus_count; i++) {
        free(corpus[i].data);
    }
    return done ? 0 : 1;
}
