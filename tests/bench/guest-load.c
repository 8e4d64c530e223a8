/* SPDX-License-Identifier: MIT */
/* guest-load: what a guest does with its processor and disk, timed inside it.
 *
 * One static program that is the guest's /init (bench-guest.sh); it prints
 * "load NAME SECONDS" and switches the machine off. The same bytes run in a
 * confidential guest and in a plain one. Arguments name the loads that run; a
 * kernel passes on what its command line has after "--". */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#define COMPUTE_ROUNDS 400000000u
#define SYSCALLS 3000000u
#define BLOCK (1u << 20)
#define CRYPTO_BLOCKS 96u
#define DISK_BLOCKS 512u
#define PAGES_SIZE (96u << 20)

static unsigned char *block;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/*
 * A loop this short takes up to half as long again by where TCG happens to put
 * its code, which a boot decides anew: many copies, so that none does.
 */
#define COPIES 16
#define LOOP(n)                                                                \
    static uint64_t loop_##n(uint64_t x)                                       \
    {                                                                          \
        for (unsigned i = 0; i < COMPUTE_ROUNDS / COPIES; i++) {               \
            x ^= x << (7 + n);                                                 \
            x ^= x >> 9;                                                       \
            x += i;                                                            \
        }                                                                      \
        return x;                                                              \
    }
LOOP(0)
LOOP(1)
LOOP(2)
LOOP(3)
LOOP(4)
LOOP(5)
LOOP(6)
LOOP(7)
LOOP(8)
LOOP(9)
LOOP(10)
LOOP(11)
LOOP(12)
LOOP(13)
LOOP(14)
LOOP(15)

static int compute(void)
{
    static uint64_t (*const volatile loops[COPIES])(uint64_t) = {
        loop_0,  loop_1,  loop_2,  loop_3, loop_4,  loop_5,  loop_6,  loop_7,
        loop_8,  loop_9,  loop_10, loop_11, loop_12, loop_13, loop_14, loop_15,
    };
    uint64_t x = 88172645463325252u;

    for (unsigned i = 0; i < COPIES; i++) {
        x = loops[i](x);
    }
    return x == 0; /* so that it is not optimized away */
}

static int hash(void)
{
    unsigned char digest[32];

    for (unsigned i = 0; i < CRYPTO_BLOCKS; i++) {
        if (!EVP_Digest(block, BLOCK, digest, NULL, EVP_sha256(), NULL)) {
            return -1;
        }
    }
    return 0;
}

static int encrypt(void)
{
    static const unsigned char key[32];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int size, ok = ctx != NULL;

    ok = ok && EVP_EncryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, key, key);
    for (unsigned i = 0; ok && i < CRYPTO_BLOCKS; i++) {
        ok = EVP_EncryptUpdate(ctx, block, &size, block, BLOCK);
    }
    EVP_CIPHER_CTX_free(ctx);
    return ok ? 0 : -1;
}

static int syscalls(void)
{
    for (unsigned i = 0; i < SYSCALLS; i++) {
        syscall(SYS_getppid);
    }
    return 0;
}

/* Fresh pages: faults, and whatever it costs to make memory private. */
static int pages(void)
{
    volatile unsigned char *memory = malloc(PAGES_SIZE);

    if (memory == NULL) {
        return -1;
    }
    for (size_t at = 0; at < PAGES_SIZE; at += 4096) {
        memory[at] = 1;
    }
    free((void *)memory);
    return 0;
}

/* @count blocks from the disk's begin, by the page cache or around it */
static int read_disk(int flags, unsigned count)
{
    int fd = open("/dev/vda", O_RDONLY | flags);
    int rc = fd < 0 ? -1 : 0;

    for (unsigned i = 0; rc == 0 && i < count; i++) {
        rc = read(fd, block, BLOCK) == BLOCK ? 0 : -1;
    }
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

static int disk(void)
{
    return read_disk(0, DISK_BLOCKS);
}

static int direct(void)
{
    return read_disk(O_DIRECT, DISK_BLOCKS);
}

static const struct {
    const char *name;
    int (*run)(void);
} loads[] = {
    { "compute", compute },    { "sha256", hash },     { "aes-ctr", encrypt },
    { "syscalls", syscalls },  { "new-pages", pages }, { "disk-read", disk },
    { "disk-direct", direct },
};

static int wanted(const char *name, char **names)
{
    for (char **n = names; *n != NULL; n++) {
        if (strcmp(*n, name) == 0) {
            return 1;
        }
    }
    return *names == NULL;
}

static void run(const char *name, int (*load)(void))
{
    double began = now();

    if (load() == 0) {
        printf("load %s %.4f\n", name, now() - began);
    } else {
        printf("load %s failed\n", name);
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    size_t i;

    if (getpid() != 1) {
        fputs("guest-load: to be a guest's /init\n", stderr);
        return 2;
    }
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    if (posix_memalign((void **)&block, 4096, BLOCK) == 0) {
        for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
            if (wanted(loads[i].name, argv + (argc > 0))) {
                run(loads[i].name, loads[i].run);
            }
        }
    }
    puts("load end");
    fflush(stdout);
    reboot(RB_POWER_OFF);
    return 1;
}
