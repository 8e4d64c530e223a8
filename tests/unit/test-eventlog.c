/* SPDX-License-Identifier: MIT */
/* Event logs: reading, replay, description; IMA's list. */
#include <gnutls/crypto.h>
#include <string.h>

#include "lib/eventlog.h"
#include "lib/eventlog_types.h"
#include "lib/ima.h"
#include "tests/unit/log-sample.h"

#define SHA256 (1u << EVTPM_SHA256)
#define ALL ((1u << EVTPM_HASH_COUNT) - 1)

static GByteArray *firmware_log(unsigned hashes)
{
    GByteArray *log = g_byte_array_new();

    log_header(log, hashes);
    log_firmware(log, hashes);
    return log;
}

static void test_iterate(void)
{
    static const struct {
        uint32_t pcr, type;
        const char *text;
    } wanted[] = {
        { 0, EV_NO_ACTION, "StartupLocality" },
        { 0, EV_S_CRTM_VERSION, "2.0" },
        { 0, EV_EFI_PLATFORM_FIRMWARE_BLOB, "0x820000, 14680064 bytes" },
        { 7, EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot, 1 bytes" },
        { 1, EV_EFI_VARIABLE_BOOT, "BootOrder, 2 bytes" },
    };
    g_autoptr(GByteArray) log = firmware_log(ALL);
    struct evtpm_eventlog reader;
    struct evtpm_event event;
    size_t offset = 0;
    char text[64];
    uint32_t n = 0;

    g_assert_cmpint(evtpm_eventlog_open(&reader, log->data, log->len, NULL), ==,
                    0);
    g_assert_cmpuint(reader.algorithm_count, ==, EVTPM_HASH_COUNT);
    while (evtpm_eventlog_next(&reader, &offset, &event)) {
        g_assert_cmpuint(event.index, ==, n);
        for (int i = 0; i < EVTPM_HASH_COUNT; i++) {
            g_assert_nonnull(event.digest[i]);
        }
        if (n < G_N_ELEMENTS(wanted)) {
            g_assert_cmpuint(event.pcr, ==, wanted[n].pcr);
            g_assert_cmpuint(event.type, ==, wanted[n].type);
            g_assert_cmpstr(evtpm_event_describe(&event, text, sizeof(text)),
                            ==, wanted[n].text);
        }
        n++;
    }
    g_assert_cmpuint(n, ==, reader.count);
    g_assert_cmpuint(n, ==, 17);
}

/* Values computed outside: sha256(0^32 || sha256("one")), then two more. */
static void test_replay(void)
{
    static const char pcr4[] =
        "03d4d91c7cdcbcb00dffe9477d83656564844f5b9fe5b39e80068514a248970f";
    g_autoptr(GByteArray) log = g_byte_array_new();
    struct evtpm_eventlog reader;
    struct evtpm_pcrs pcrs;
    char hex[65];

    log_header(log, ALL);
    log_text(log, ALL, 4, EV_EFI_ACTION, "one");
    log_text(log, ALL, 4, EV_EFI_ACTION, "two");
    log_event(log, ALL, 4, EV_IPL, "three", 5, "3");
    g_assert_cmpint(evtpm_eventlog_open(&reader, log->data, log->len, NULL), ==,
                    0);
    g_assert_cmpint(evtpm_eventlog_replay(&reader, EVTPM_SHA256, &pcrs, NULL),
                    ==, 0);
    g_assert_cmpuint(pcrs.extended, ==, 1u << 4);
    g_assert_cmpstr(evtpm_hex(hex, sizeof(hex), pcrs.value[4], 32), ==, pcr4);
    for (int i = 0; i < 32; i++) {
        g_assert_cmpuint(pcrs.value[0][i], ==, 0);
        g_assert_cmpuint(pcrs.value[17][i], ==, 0xff);
        g_assert_cmpuint(pcrs.value[23][i], ==, 0);
    }
}

/* Each bank by its own digests and size. */
static void test_banks(void)
{
    static const struct {
        enum evtpm_hash hash;
        const char *name;
        size_t size;
        const char *value;
    } rows[] = {
        { EVTPM_SHA1, "sha1", 20, "863b40ac690a22c4da6fb6c26a520d5f118d0d5b" },
        { EVTPM_SHA384, "sha384", 48,
          "d5ae5726e2c633e465586f1d22f11fee0880c95480f3ffc835310a1885aa9cae0cee"
          "6cd0ca38fa5f39a118e7637a6e93" },
        { EVTPM_SHA512, "sha512", 64,
          "8bdecd8d3d6b50953153b42bdcc987e0262b7ea89371b6d1f5fc5a41a75f5f216f64"
          "1bcbaa09370cf112dc77fa78bc69f46e94463355b696075f80fd2dd563ac" },
    };
    g_autoptr(GByteArray) log = g_byte_array_new();
    struct evtpm_eventlog reader;
    struct evtpm_pcrs pcrs;
    char hex[129];

    log_header(log, ALL);
    log_text(log, ALL, 4, EV_EFI_ACTION, "one");
    g_assert_cmpint(evtpm_eventlog_open(&reader, log->data, log->len, NULL), ==,
                    0);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpuint(evtpm_hash_size(rows[i].hash), ==, rows[i].size);
        g_assert_cmpstr(evtpm_hash_name(rows[i].hash), ==, rows[i].name);
        g_assert_cmpint(
            evtpm_eventlog_replay(&reader, rows[i].hash, &pcrs, NULL), ==, 0);
        g_assert_cmpstr(
            evtpm_hex(hex, sizeof(hex), pcrs.value[4], rows[i].size), ==,
            rows[i].value);
    }
}

static void test_startup_locality(void)
{
    uint8_t data[STARTUP_LOCALITY_SIZE] = "StartupLocality";
    g_autoptr(GByteArray) log = g_byte_array_new();
    struct evtpm_eventlog reader;
    struct evtpm_pcrs pcrs;

    data[16] = 3;
    log_header(log, SHA256);
    log_event(log, SHA256, 0, EV_NO_ACTION, data, sizeof(data), NULL);
    g_assert_cmpint(evtpm_eventlog_open(&reader, log->data, log->len, NULL), ==,
                    0);
    g_assert_cmpint(evtpm_eventlog_replay(&reader, EVTPM_SHA256, &pcrs, NULL),
                    ==, 0);
    g_assert_cmpuint(pcrs.value[0][31], ==, 3);
    g_assert_cmpuint(pcrs.value[0][30], ==, 0);
    g_assert_cmpuint(pcrs.extended, ==, 0);
}

/* Data that the digest covers must be the logged ones; a variable's may cover
 * its value alone. */
static void test_data(void)
{
    static const struct {
        uint32_t type;
        gboolean covered;
    } rows[] = {
        { EV_SEPARATOR, TRUE },
        { EV_S_CRTM_VERSION, TRUE },
        { EV_EFI_ACTION, TRUE },
        { EV_EFI_VARIABLE_DRIVER_CONFIG, TRUE },
        { EV_EFI_VARIABLE_BOOT, TRUE },
        { EV_EFI_VARIABLE_BOOT2, TRUE },
        { EV_EFI_BOOT_SERVICES_APPLICATION, FALSE },
        { EV_IPL, FALSE },
        { EV_EVENT_TAG, FALSE },
    };
    struct evtpm_eventlog reader;
    struct evtpm_error err;
    struct evtpm_pcrs pcrs;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) log = g_byte_array_new();

        log_header(log, SHA256);
        log_event(log, SHA256, 1, rows[i].type, "logged", 6, "measured");
        g_assert_cmpint(evtpm_eventlog_open(&reader, log->data, log->len, NULL),
                        ==, 0);
        g_assert_cmpint(
            evtpm_eventlog_replay(&reader, EVTPM_SHA256, &pcrs, &err), ==,
            rows[i].covered ? -1 : 0);
        if (rows[i].covered) {
            g_assert_nonnull(strstr(err.text, "its digest is not that of"));
        }
    }
}

static void set_u32(GByteArray *log, size_t at, uint32_t value)
{
    g_assert_cmpuint(at + 4, <=, log->len);
    value = GUINT32_TO_LE(value);
    memcpy(log->data + at, &value, 4);
}

/* Offsets in a log of one bank: header event 32 + 33 bytes, then the events. */
#define HEADER_DATA 32
#define HEADER_END (32 + 33)

static void test_malformed(void)
{
    static const struct {
        size_t at;
        uint32_t value;
        const char *words;
    } rows[] = {
        { 0, 1, "not in the crypto-agile format" },
        { 4, EV_SEPARATOR, "not in the crypto-agile format" },
        { 28, 0xffffffff, "header is cut short" },
        { 28, 20, "header is cut short" },
        { HEADER_DATA, 0, "not in the crypto-agile format" },
        { HEADER_DATA + 24, 0, "header names 0 algorithms" },
        { HEADER_DATA + 24, 9, "header names 9 algorithms" },
        { HEADER_DATA + 28, 0x0014000b, "algorithm 0xb a digest of 20 bytes" },
        { HEADER_DATA + 28, 0x00000027, "algorithm 0x27 a digest of 0 bytes" },
        { HEADER_DATA + 28, 0x00410027, "algorithm 0x27 a digest of 65 bytes" },
        { HEADER_DATA + 32, 7, "header is cut short" },
        { HEADER_END, 24, "event 0 at offset 65: PCR does not exist" },
        { HEADER_END + 8, 2, "event 0 at offset 65: more digests than" },
        { HEADER_END + 12, 4, "algorithm that the header does not name" },
        { HEADER_END + 46, 0xffffffff, "event 0 at offset 65: cut short" },
    };
    struct evtpm_eventlog reader;
    struct evtpm_error err;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) log = firmware_log(SHA256);

        set_u32(log, rows[i].at, rows[i].value);
        err.text[0] = '\0';
        g_assert_cmpint(evtpm_eventlog_open(&reader, log->data, log->len, &err),
                        ==, -1);
        if (!strstr(err.text, rows[i].words)) {
            g_error("row %zu: %s", i, err.text);
        }
    }
    g_assert_cmpint(evtpm_eventlog_open(&reader, NULL, 0, &err), ==, -1);
    g_assert_nonnull(strstr(err.text, "empty"));
}

/* A header that names SHA-256 twice, and an event with two such digests. */
static void test_two_digests(void)
{
    static const uint8_t digest[34] = { 0x0b };
    g_autoptr(GByteArray) log = g_byte_array_new();
    struct evtpm_eventlog reader;
    struct evtpm_error err;

    log_header(log, SHA256 | 1u << EVTPM_SHA384);
    set_u32(log, HEADER_DATA + 32, 0x0020000b);
    g_byte_array_append(log, (const uint8_t *)"\4\0\0\0\15\0\0\0\2\0\0", 12);
    g_byte_array_append(log, digest, sizeof(digest));
    g_byte_array_append(log, digest, sizeof(digest));
    g_byte_array_append(log, (const uint8_t *)"\0\0\0", 4);
    g_assert_cmpint(evtpm_eventlog_open(&reader, log->data, log->len, &err), ==,
                    -1);
    g_assert_nonnull(strstr(err.text, "two digests of one algorithm"));
}

/* Cut anywhere: an error, or at an event's end a shorter log. */
static void test_cut(void)
{
    g_autoptr(GByteArray) log = firmware_log(ALL);
    struct evtpm_eventlog reader;
    unsigned whole = 0;

    for (size_t size = 0; size <= log->len; size++) {
        g_autofree uint8_t *copy = g_memdup2(log->data, size);

        if (evtpm_eventlog_open(&reader, copy, size, NULL) == 0) {
            g_assert_cmpuint(reader.count, ==, whole);
            whole++;
        }
    }
    g_assert_cmpuint(whole, ==, 18);
}

static void test_hostile_text(void)
{
    g_autoptr(GByteArray) log = g_byte_array_new();
    struct evtpm_eventlog reader;
    struct evtpm_event event;
    size_t offset = 0;
    char text[24];

    log_header(log, SHA256);
    log_event(log, SHA256, 8, EV_NO_ACTION, "\033[2J\n%n", 7, NULL);
    log_event(log, SHA256, 8, EV_IPL, "a very long text of the boot loader", 35,
              NULL);
    log_event(log, SHA256, 8, EV_EFI_VARIABLE_BOOT, "short", 5, NULL);
    log_event(log, SHA256, 8, 0x12345, "\1\2\3", 3, NULL);
    g_assert_cmpint(evtpm_eventlog_open(&reader, log->data, log->len, NULL), ==,
                    0);
    evtpm_eventlog_next(&reader, &offset, &event);
    g_assert_cmpstr(evtpm_event_describe(&event, text, sizeof(text)), ==,
                    ".[2J.%n");
    evtpm_eventlog_next(&reader, &offset, &event);
    g_assert_cmpstr(evtpm_event_describe(&event, text, sizeof(text)), ==,
                    "a very long text of the");
    evtpm_eventlog_next(&reader, &offset, &event);
    g_assert_cmpstr(evtpm_event_describe(&event, text, sizeof(text)), ==,
                    "malformed");
    evtpm_eventlog_next(&reader, &offset, &event);
    g_assert_cmpstr(evtpm_event_describe(&event, text, sizeof(text)), ==,
                    "010203");
    g_assert_null(evtpm_event_type_name(event.type));
}

static void test_print(void)
{
    g_autoptr(GByteArray) log = firmware_log(SHA256);
    struct evtpm_eventlog reader;
    g_autofree char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    g_assert_cmpint(evtpm_eventlog_open(&reader, log->data, log->len, NULL), ==,
                    0);
    evtpm_eventlog_print(&reader, to);
    fclose(to);
    g_assert_nonnull(
        strstr(text, "   3  PCR  7  EV_EFI_VARIABLE_DRIVER_CONFIG"));
    g_assert_nonnull(strstr(text, "SecureBoot, 1 bytes\n"));
}

/* Entry by entry; a violation extends ones; what follows the wanted value is
 * not looked at. */
static void test_ima(void)
{
    g_autoptr(GByteArray) list = g_byte_array_new();
    struct evtpm_pcrs pcrs, want;
    struct evtpm_error err;
    uint8_t ones[32];
    uint32_t count, size;
    uint8_t digest[32];

    ima_entry(list, 10, "/bin/a", FALSE);
    memcpy(&size, list->data + 34, 4);
    gnutls_hash_fast(GNUTLS_DIG_SHA256, list->data + 38, size, digest);
    ima_entry(list, 10, "/bin/b", TRUE);
    memset(ones, 0xff, sizeof(ones));
    evtpm_pcrs_reset(&want);
    evtpm_pcr_extend(&want, 10, EVTPM_SHA256, digest);
    evtpm_pcr_extend(&want, 10, EVTPM_SHA256, ones);
    g_byte_array_append(list, (const uint8_t *)"garbage", 7);

    evtpm_pcrs_reset(&pcrs);
    g_assert_cmpint(evtpm_ima_replay(list->data, list->len, &pcrs,
                                     want.value[10], &count, &err),
                    ==, 0);
    g_assert_cmpuint(count, ==, 2);

    evtpm_pcrs_reset(&pcrs);
    g_assert_cmpint(
        evtpm_ima_replay(list->data, list->len, &pcrs, ones, &count, &err), ==,
        -1);
    g_assert_cmpstr(err.text, ==, "entry 2 is cut short");

    memcpy(list->data + 28, "ima", 3); /* the name, and its size */
    list->data[24] = 3;
    evtpm_pcrs_reset(&pcrs);
    g_assert_cmpint(
        evtpm_ima_replay(list->data, list->len, &pcrs, ones, &count, &err), ==,
        -1);
    g_assert_nonnull(strstr(err.text, "old template"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/eventlog/iterate", test_iterate);
    g_test_add_func("/eventlog/replay", test_replay);
    g_test_add_func("/eventlog/banks", test_banks);
    g_test_add_func("/eventlog/startup-locality", test_startup_locality);
    g_test_add_func("/eventlog/data", test_data);
    g_test_add_func("/eventlog/malformed", test_malformed);
    g_test_add_func("/eventlog/two-digests", test_two_digests);
    g_test_add_func("/eventlog/cut", test_cut);
    g_test_add_func("/eventlog/hostile-text", test_hostile_text);
    g_test_add_func("/eventlog/print", test_print);
    g_test_add_func("/eventlog/ima", test_ima);
    return g_test_run();
}
