/* SPDX-License-Identifier: MIT */
/* Randomness from getrandom(2) alone; failing closed.
 *
 * libtpms asks RAND_bytes() and, when that fails, carries on with rand() seeded
 * from time and pid; libcrypto's own generator would look for device files. So
 * RAND_bytes() is ours and never returns a failure, and the build redirects
 * libtpms's rand() and srand() to what stands at the end of this file. */
#define OPENSSL_SUPPRESS_DEPRECATED /* RAND_METHOD: no provider to load */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "svsm/vtpm/entropy.h"
#include "svsm/vtpm/log.h"

int vtpm_own_rand(void);
void vtpm_own_srand(unsigned int seed);

static int random_bytes(unsigned char *to, int count)
{
    size_t done = 0;
    ssize_t got;

    while (done < (size_t)count) {
        got = getrandom(to + done, (size_t)count - done, 0);
        if (got > 0) {
            done += (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            vtpm_die("no entropy: getrandom failed");
        }
    }
    return 1;
}

static int random_status(void)
{
    return 1;
}

static int random_seed(const void *from, int count)
{
    (void)from;
    (void)count;
    return 1;
}

static int random_add(const void *from, int count, double entropy)
{
    (void)from;
    (void)count;
    (void)entropy;
    return 1;
}

bool vtpm_entropy_init(void)
{
    static const RAND_METHOD method = {
        .seed = random_seed,
        .bytes = random_bytes,
        .add = random_add,
        .pseudorand = random_bytes,
        .status = random_status,
    };

    return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
                                   OPENSSL_INIT_NO_ATEXIT,
                               NULL) == 1 &&
           RAND_set_rand_method(&method) == 1;
}

int vtpm_own_rand(void)
{
    unsigned int value;

    random_bytes((unsigned char *)&value, sizeof(value));
    return (int)(value & RAND_MAX);
}

void vtpm_own_srand(unsigned int seed)
{
    (void)seed;
}
