/* SPDX-License-Identifier: MIT */
/* SHA-512: FIPS 180-4 examples, and any split of the input. */
#include <glib.h>
#include <string.h>

#include "svsm/sha512.h"
#include "tests/unit/svsm-hex.h"

static const struct {
    const char *text;
    const char *digest;
} vectors[] = {
    { "", "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
          "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e" },
    { "abc", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
             "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
    { "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
      "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
      "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909" },
};

static void test_vectors(void)
{
    guint8 expected[SHA512_SIZE], digest[SHA512_SIZE];
    struct sha512 hash;

    for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
        hex_bytes(vectors[i].digest, expected, sizeof(expected));
        sha512_init(&hash);
        sha512_update(&hash, vectors[i].text, strlen(vectors[i].text));
        sha512_final(&hash, digest);
        g_assert_cmpmem(digest, sizeof(digest), expected, sizeof(expected));
    }
}

/* Around the block and padding borders, against GLib's implementation */
static void test_lengths(void)
{
    guint8 data[300], digest[SHA512_SIZE], expected[SHA512_SIZE];
    struct sha512 hash;

    for (gsize i = 0; i < sizeof(data); i++) {
        data[i] = (guint8)(i * 7 + 1);
    }
    for (gsize n = 0; n <= sizeof(data); n++) {
        g_autofree char *text =
            g_compute_checksum_for_data(G_CHECKSUM_SHA512, data, n);
        gsize cut = n / 3;

        hex_bytes(text, expected, sizeof(expected));
        sha512_init(&hash);
        sha512_update(&hash, data, cut);
        sha512_update(&hash, data + cut, n - cut);
        sha512_final(&hash, digest);
        g_assert_cmpmem(digest, sizeof(digest), expected, sizeof(expected));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/svsm/sha512/vectors", test_vectors);
    g_test_add_func("/svsm/sha512/lengths", test_lengths);
    return g_test_run();
}
