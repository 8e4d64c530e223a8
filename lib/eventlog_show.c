/* SPDX-License-Identifier: MIT */
/* Events in words. All text in a log is hostile: only printable ASCII gets
 * through. */
#include <string.h>

#include "lib/eventlog.h"
#include "lib/eventlog_types.h"
#include "lib/reader.h"

const char *evtpm_event_type_name(uint32_t type)
{
#define NAME(t)                                                                \
    {                                                                          \
        t, #t                                                                  \
    }
    static const struct {
        uint32_t type;
        const char *name;
    } names[] = {
        NAME(EV_PREBOOT_CERT),
        NAME(EV_POST_CODE),
        NAME(EV_NO_ACTION),
        NAME(EV_SEPARATOR),
        NAME(EV_ACTION),
        NAME(EV_EVENT_TAG),
        NAME(EV_S_CRTM_CONTENTS),
        NAME(EV_S_CRTM_VERSION),
        NAME(EV_CPU_MICROCODE),
        NAME(EV_PLATFORM_CONFIG_FLAGS),
        NAME(EV_TABLE_OF_DEVICES),
        NAME(EV_COMPACT_HASH),
        NAME(EV_IPL),
        NAME(EV_IPL_PARTITION_DATA),
        NAME(EV_NONHOST_CODE),
        NAME(EV_NONHOST_CONFIG),
        NAME(EV_NONHOST_INFO),
        NAME(EV_OMIT_BOOT_DEVICE_EVENTS),
        NAME(EV_POST_CODE2),
        NAME(EV_EFI_VARIABLE_DRIVER_CONFIG),
        NAME(EV_EFI_VARIABLE_BOOT),
        NAME(EV_EFI_BOOT_SERVICES_APPLICATION),
        NAME(EV_EFI_BOOT_SERVICES_DRIVER),
        NAME(EV_EFI_RUNTIME_SERVICES_DRIVER),
        NAME(EV_EFI_GPT_EVENT),
        NAME(EV_EFI_ACTION),
        NAME(EV_EFI_PLATFORM_FIRMWARE_BLOB),
        NAME(EV_EFI_HANDOFF_TABLES),
        NAME(EV_EFI_PLATFORM_FIRMWARE_BLOB2),
        NAME(EV_EFI_HANDOFF_TABLES2),
        NAME(EV_EFI_VARIABLE_BOOT2),
        NAME(EV_EFI_GPT_EVENT2),
        NAME(EV_EFI_HCRTM_EVENT),
        NAME(EV_EFI_VARIABLE_AUTHORITY),
        NAME(EV_EFI_SPDM_FIRMWARE_BLOB),
        NAME(EV_EFI_SPDM_FIRMWARE_CONFIG),
    };
#undef NAME

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].type == type) {
            return names[i].name;
        }
    }
    return NULL;
}

struct text {
    char *out;
    size_t size, used;
};

static void put_char(struct text *t, unsigned c)
{
    if (t->used + 1 < t->size) {
        t->out[t->used++] = c >= 0x20 && c < 0x7f ? (char)c : '.';
        t->out[t->used] = '\0';
    }
}

static void put_string(struct text *t, const char *s)
{
    while (*s) {
        put_char(t, (unsigned char)*s++);
    }
}

static void put_ascii(struct text *t, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size && data[i]; i++) {
        put_char(t, data[i]);
    }
}

static void put_utf16(struct text *t, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 1 < size; i += 2) {
        unsigned c = data[i] | (unsigned)data[i + 1] << 8;

        if (c == 0) {
            break;
        }
        put_char(t, c);
    }
}

static void put_hex(struct text *t, const uint8_t *data, size_t size)
{
    char hex[64];

    put_string(t, evtpm_hex(hex, sizeof(hex), data, size));
}

static bool looks_ascii(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((data[i] < 0x20 || data[i] > 0x7e) &&
            !(data[i] == 0 && i + 1 == size)) {
            return false;
        }
    }
    return size > 0;
}

static bool looks_utf16(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 1 < size; i += 2) {
        if (data[i + 1] || (data[i] && (data[i] < 0x20 || data[i] > 0x7e))) {
            return false;
        }
    }
    return size >= 2 && size % 2 == 0 && data[0];
}

static void put_anything(struct text *t, const uint8_t *data, size_t size)
{
    if (looks_ascii(data, size)) {
        put_ascii(t, data, size);
    } else if (looks_utf16(data, size)) {
        put_utf16(t, data, size);
    } else {
        put_hex(t, data, size);
    }
}

/* GUID, name length u64, data length u64, name in UTF-16, data */
static void put_variable(struct text *t, const struct evtpm_event *event)
{
    struct reader r = { .data = event->data, .size = event->data_size };
    uint32_t name_chars, value_size;
    const uint8_t *name;
    char size[32];

    reader_bytes(&r, 16);
    name_chars = reader_u32(&r);
    reader_u32(&r);
    value_size = reader_u32(&r);
    reader_u32(&r);
    name = reader_bytes(&r, 2 * (size_t)name_chars);
    if (!name) {
        put_string(t, "malformed");
        return;
    }
    put_utf16(t, name, 2 * (size_t)name_chars);
    snprintf(size, sizeof(size), ", %u bytes", value_size);
    put_string(t, size);
}

/* Address u64, length u64; before them in the second form a counted
 * description. */
static void put_firmware_blob(struct text *t, const struct evtpm_event *event)
{
    struct reader r = { .data = event->data, .size = event->data_size };
    uint64_t base, length;
    char range[64];

    if (event->type == EV_EFI_PLATFORM_FIRMWARE_BLOB2) {
        uint8_t chars = reader_u8(&r);
        const uint8_t *text = reader_bytes(&r, chars);

        if (text) {
            put_ascii(t, text, chars);
            put_char(t, ' ');
        }
    }
    base = reader_u32(&r);
    base |= (uint64_t)reader_u32(&r) << 32;
    length = reader_u32(&r);
    length |= (uint64_t)reader_u32(&r) << 32;
    snprintf(range, sizeof(range), "%#llx, %llu bytes",
             (unsigned long long)base, (unsigned long long)length);
    put_string(t, r.overrun ? "malformed" : range);
}

/* Tag u32, size u32, data: Linux's EFI stub names what it measured (initrd,
 * command line). */
static void put_tagged(struct text *t, const struct evtpm_event *event)
{
    struct reader r = { .data = event->data, .size = event->data_size };
    uint32_t size;
    const uint8_t *data;

    reader_u32(&r);
    size = reader_u32(&r);
    data = reader_bytes(&r, size);
    if (data) {
        put_anything(t, data, size);
    } else {
        put_anything(t, event->data, event->data_size);
    }
}

char *evtpm_event_describe(const struct evtpm_event *event, char *out,
                           size_t size)
{
    struct text t = { .out = out, .size = size };

    if (size == 0) {
        return out;
    }
    out[0] = '\0';
    switch (event->type) {
    case EV_EFI_VARIABLE_DRIVER_CONFIG:
    case EV_EFI_VARIABLE_BOOT:
    case EV_EFI_VARIABLE_BOOT2:
    case EV_EFI_VARIABLE_AUTHORITY:
        put_variable(&t, event);
        break;
    case EV_EFI_PLATFORM_FIRMWARE_BLOB:
    case EV_EFI_PLATFORM_FIRMWARE_BLOB2:
        put_firmware_blob(&t, event);
        break;
    case EV_EVENT_TAG:
        put_tagged(&t, event);
        break;
    case EV_NO_ACTION:
        put_ascii(&t, event->data, event->data_size);
        break;
    default:
        put_anything(&t, event->data, event->data_size);
        break;
    }
    return out;
}

void evtpm_eventlog_print(const struct evtpm_eventlog *log, FILE *to)
{
    struct evtpm_event event;
    char text[160], digest[20], number[16];
    size_t offset = 0;

    while (evtpm_eventlog_next(log, &offset, &event)) {
        const char *name = evtpm_event_type_name(event.type);

        if (!name) {
            snprintf(number, sizeof(number), "%#x", event.type);
            name = number;
        }
        digest[0] = '\0';
        if (event.digest[EVTPM_SHA256]) {
            evtpm_hex(digest, sizeof(digest), event.digest[EVTPM_SHA256], 32);
        }
        fprintf(to, "%4u  PCR %2u  %-32s %-19s %s\n", event.index, event.pcr,
                name, digest, evtpm_event_describe(&event, text, sizeof(text)));
    }
}
