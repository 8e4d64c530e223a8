/* SPDX-License-Identifier: MIT */
/* Writing event logs and IMA lists. */
#include "tests/unit/log-sample.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "lib/eventlog_types.h"

static const struct {
    uint16_t id;
    gnutls_digest_algorithm_t digest;
} algorithms[EVTPM_HASH_COUNT] = {
    [EVTPM_SHA1] = { 0x0004, GNUTLS_DIG_SHA1 },
    [EVTPM_SHA256] = { 0x000b, GNUTLS_DIG_SHA256 },
    [EVTPM_SHA384] = { 0x000c, GNUTLS_DIG_SHA384 },
    [EVTPM_SHA512] = { 0x000d, GNUTLS_DIG_SHA512 },
};

static void put(GByteArray *out, const void *data, size_t size)
{
    g_byte_array_append(out, data, (guint)size);
}

static void put_u16(GByteArray *out, uint16_t value)
{
    value = GUINT16_TO_LE(value);
    put(out, &value, 2);
}

static void put_u32(GByteArray *out, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    put(out, &value, 4);
}

void log_header(GByteArray *log, unsigned hashes)
{
    static const uint8_t zero[20];
    unsigned count = (unsigned)__builtin_popcount(hashes);

    put_u32(log, 0);
    put_u32(log, EV_NO_ACTION);
    put(log, zero, 20);
    put_u32(log, 16 + 4 + 4 + 4 + 4 * count + 1);
    put(log, "Spec ID Event03", 16);
    put_u32(log, 0);         /* platform class: client */
    put(log, "\0\2\0\2", 4); /* version 2.0, errata 0, UINTN of 8 bytes */
    put_u32(log, count);
    for (int i = 0; i < EVTPM_HASH_COUNT; i++) {
        if (hashes & 1u << i) {
            put_u16(log, algorithms[i].id);
            put_u16(log, (uint16_t)evtpm_hash_size(i));
        }
    }
    put(log, zero, 1); /* no vendor's information */
}

static void put_event(GByteArray *log, unsigned hashes, uint32_t pcr,
                      uint32_t type, const void *data, size_t size,
                      const void *digested, size_t digested_size)
{
    uint8_t digest[64];

    put_u32(log, pcr);
    put_u32(log, type);
    put_u32(log, (uint32_t)__builtin_popcount(hashes));
    for (int i = 0; i < EVTPM_HASH_COUNT; i++) {
        if (hashes & 1u << i) {
            gnutls_hash_fast(algorithms[i].digest, digested, digested_size,
                             digest);
            put_u16(log, algorithms[i].id);
            put(log, digest, evtpm_hash_size(i));
        }
    }
    put_u32(log, (uint32_t)size);
    put(log, data, size);
}

void log_event(GByteArray *log, unsigned hashes, uint32_t pcr, uint32_t type,
               const void *data, size_t size, const char *digested)
{
    if (digested) {
        put_event(log, hashes, pcr, type, data, size, digested,
                  strlen(digested));
    } else {
        put_event(log, hashes, pcr, type, data, size, data, size);
    }
}

void log_text(GByteArray *log, unsigned hashes, uint32_t pcr, uint32_t type,
              const char *text)
{
    log_event(log, hashes, pcr, type, text, strlen(text), NULL);
}

void log_variable(GByteArray *log, unsigned hashes, uint32_t pcr, uint32_t type,
                  const char *name, const char *value, gboolean value_only)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    size_t size = strlen(value);

    put(data, "0123456789abcdef", 16); /* GUID */
    put_u32(data, (uint32_t)strlen(name));
    put_u32(data, 0);
    put_u32(data, (uint32_t)size);
    put_u32(data, 0);
    for (const char *c = name; *c; c++) {
        put_u16(data, (uint16_t)*c);
    }
    put(data, value, size);
    if (value_only) {
        put_event(log, hashes, pcr, type, data->data, data->len, value, size);
    } else {
        put_event(log, hashes, pcr, type, data->data, data->len, data->data,
                  data->len);
    }
}

void log_platform(GByteArray *log, unsigned hashes)
{
    static const uint8_t locality[STARTUP_LOCALITY_SIZE] = "StartupLocality";
    static const uint8_t blob[16] = { 0, 0, 0x82, 0, 0, 0, 0, 0, 0, 0, 0xe0 };
    static const uint8_t separator[4];

    log_event(log, hashes, 0, EV_NO_ACTION, locality, sizeof(locality), NULL);
    log_event(log, hashes, 0, EV_S_CRTM_VERSION,
              "2\0.\0"
              "0\0\0",
              8, NULL);
    log_event(log, hashes, 0, EV_EFI_PLATFORM_FIRMWARE_BLOB, blob, sizeof(blob),
              "the firmware volume");
    log_variable(log, hashes, 7, EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot",
                 "\1", FALSE);
    log_variable(log, hashes, 1, EV_EFI_VARIABLE_BOOT, "BootOrder", "\1\2",
                 TRUE);
    for (uint32_t pcr = 0; pcr < 8; pcr++) {
        log_event(log, hashes, pcr, EV_SEPARATOR, separator, 4, NULL);
    }
}

/* Linux's EFI stub measures its load options: UTF-16 with the NUL. */
static void log_command_line(GByteArray *log, unsigned hashes,
                             const char *command_line)
{
    static const char event[] = "\xed\x22\x3b\x8f\x1a\0\0\0"
                                "LOADED_IMAGE::LoadOptions";
    g_autoptr(GByteArray) text = g_byte_array_new();

    for (size_t i = 0; i <= strlen(command_line); i++) {
        put_u16(text, (uint16_t)command_line[i]);
    }
    put_event(log, hashes, 9, EV_EVENT_TAG, event, sizeof(event), text->data,
              text->len);
}

void log_boot(GByteArray *log, unsigned hashes, const struct log_boot *boot)
{
    static const uint8_t blob[16] = { 0, 0, 0x82, 0, 0, 0, 0, 0, 0, 0, 0xe0 };
    static const char initrd[] = "\xec\x22\x3b\x8f\x0d\0\0\0Linux initrd";

    log_text(log, hashes, 4, EV_EFI_ACTION,
             "Calling EFI Application from Boot Option");
    log_event(log, hashes, 4, EV_EFI_BOOT_SERVICES_APPLICATION, blob,
              sizeof(blob), boot->kernel);
    log_command_line(log, hashes, boot->command_line);
    log_event(log, hashes, 9, EV_EVENT_TAG, initrd, sizeof(initrd),
              boot->initrd);
}

void log_firmware(GByteArray *log, unsigned hashes)
{
    static const struct log_boot boot = { LOG_KERNEL, LOG_INITRD,
                                          LOG_COMMAND_LINE };

    log_platform(log, hashes);
    log_boot(log, hashes, &boot);
}

static void put_entry(GByteArray *list, uint32_t pcr, const GByteArray *data,
                      gboolean violation)
{
    uint8_t sha1[20] = { 0 };

    if (!violation) {
        gnutls_hash_fast(GNUTLS_DIG_SHA1, data->data, data->len, sha1);
    }
    put_u32(list, pcr);
    put(list, sha1, 20);
    put_u32(list, 6);
    put(list, "ima-ng", 6);
    put_u32(list, data->len);
    put(list, data->data, data->len);
}

static GByteArray *template_data(const char *algorithm, const uint8_t *digest,
                                 size_t digest_size, const char *path)
{
    GByteArray *data = g_byte_array_new();

    put_u32(data, (uint32_t)(strlen(algorithm) + 2 + digest_size));
    put(data, algorithm, strlen(algorithm));
    put(data, ":", 2);
    put(data, digest, digest_size);
    put_u32(data, (uint32_t)strlen(path) + 1);
    put(data, path, strlen(path) + 1);
    return data;
}

void ima_file(GByteArray *list, const char *algorithm, const uint8_t *digest,
              size_t digest_size, const char *path)
{
    g_autoptr(GByteArray) data =
        template_data(algorithm, digest, digest_size, path);

    put_entry(list, 10, data, FALSE);
}

void ima_boot_aggregate(GByteArray *list, const uint8_t pcr[][32])
{
    uint8_t digest[32];

    gnutls_hash_fast(GNUTLS_DIG_SHA256, pcr, 10 * 32, digest);
    ima_file(list, "sha256", digest, sizeof(digest), "boot_aggregate");
}

void ima_entry(GByteArray *list, uint32_t pcr, const char *path,
               gboolean violation)
{
    g_autoptr(GByteArray) data = NULL;
    uint8_t digest[32];

    gnutls_hash_fast(GNUTLS_DIG_SHA256, path, strlen(path), digest);
    data = template_data("sha256", digest, sizeof(digest), path);
    put_entry(list, pcr, data, violation);
}
