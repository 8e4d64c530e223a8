/* SPDX-License-Identifier: MIT */
/* Other kernels, initrds, command lines and files than the policy allows, told
 * truly by the logs or not. */
#include <gnutls/crypto.h>
#include <string.h>

#include "lib/eventlog_types.h"
#include "lib/ima.h"
#include "tests/unit/evidence-change.h"
#include "tests/unit/log-sample.h"

/* Boots that, with the TPM in it, so that all links up to the logs hold. */
static void boot(struct sample *s, const char *kernel, const char *initrd,
                 const char *command_line)
{
    const struct log_boot what = { kernel, initrd, command_line };
    g_autoptr(GByteArray) log = g_byte_array_new();

    log_header(log, SAMPLE_BANKS);
    log_platform(log, SAMPLE_BANKS);
    log_boot(log, SAMPLE_BANKS, &what);
    sample_log(s, log);
    sample_quote(s);
}
static void kernel_changed(struct sample *s)
{
    boot(s, "another kernel", LOG_INITRD, LOG_COMMAND_LINE);
}
static void initrd_changed(struct sample *s)
{
    boot(s, LOG_KERNEL, "another initrd", LOG_COMMAND_LINE);
}
static void command_line_changed(struct sample *s)
{
    boot(s, LOG_KERNEL, LOG_INITRD, LOG_COMMAND_LINE " init=/bin/sh");
}
/* Each is where the other should be: both were measured, so both may be there.
 * The kernel's place is another PCR. */
static void kernel_is_initrd(struct sample *s)
{
    boot(s, LOG_INITRD, LOG_KERNEL, LOG_COMMAND_LINE);
}

/* The log up to the boot, then events of the caller's. */
static GByteArray *platform_log(void)
{
    GByteArray *log = g_byte_array_new();

    log_header(log, SAMPLE_BANKS);
    log_platform(log, SAMPLE_BANKS);
    return log;
}
static void take(struct sample *s, const GByteArray *log)
{
    sample_log(s, log);
    sample_quote(s);
}
static void nothing_booted(struct sample *s)
{
    g_autoptr(GByteArray) log = platform_log();

    take(s, log);
}
/* A kernel that was booted, extended the good one's digest later, and called
 * itself something else. */
static void kernel_relabelled(struct sample *s)
{
    g_autoptr(GByteArray) log = platform_log();
    const struct log_boot good = { LOG_KERNEL, LOG_INITRD, LOG_COMMAND_LINE };

    log_event(log, SAMPLE_BANKS, 4, EV_IPL, "a harmless thing", 16,
              "another kernel");
    log_boot(log, SAMPLE_BANKS, &good);
    take(s, log);
}
/* The same with a type whose data the digest covers: the kernel's bytes. */
static void kernel_as_action(struct sample *s)
{
    static const char kernel[] = "MZ, then a whole kernel \1\2\3";
    g_autoptr(GByteArray) log = platform_log();
    const struct log_boot good = { LOG_KERNEL, LOG_INITRD, LOG_COMMAND_LINE };

    log_event(log, SAMPLE_BANKS, 4, EV_EFI_ACTION, kernel, strlen(kernel),
              NULL);
    log_boot(log, SAMPLE_BANKS, &good);
    take(s, log);
}
/* Boot loaders measure commands as they are: one can call itself an action. */
static void command_as_action(struct sample *s)
{
    g_autoptr(GByteArray) log = platform_log();
    const struct log_boot good = { LOG_KERNEL, LOG_INITRD, LOG_COMMAND_LINE };

    log_text(log, SAMPLE_BANKS, 9, EV_EFI_ACTION, "linux /old init=/bin/sh");
    log_boot(log, SAMPLE_BANKS, &good);
    take(s, log);
}
static void command_as_separator(struct sample *s)
{
    g_autoptr(GByteArray) log = platform_log();
    const struct log_boot good = { LOG_KERNEL, LOG_INITRD, LOG_COMMAND_LINE };

    log_text(log, SAMPLE_BANKS, 9, EV_SEPARATOR, "boot");
    log_boot(log, SAMPLE_BANKS, &good);
    take(s, log);
}
/* The separator that says that something went wrong */
static void separator_of_error(struct sample *s)
{
    g_autoptr(GByteArray) log = platform_log();
    const struct log_boot good = { LOG_KERNEL, LOG_INITRD, LOG_COMMAND_LINE };

    log_event(log, SAMPLE_BANKS, 4, EV_SEPARATOR, "\1\0\0\0", 4, NULL);
    log_boot(log, SAMPLE_BANKS, &good);
    take(s, log);
}
static void kernel_as_long_action(struct sample *s)
{
    g_autofree char *kernel = g_strnfill(129, 'k');
    g_autoptr(GByteArray) log = platform_log();
    const struct log_boot good = { LOG_KERNEL, LOG_INITRD, LOG_COMMAND_LINE };

    log_text(log, SAMPLE_BANKS, 4, EV_EFI_ACTION, kernel);
    log_boot(log, SAMPLE_BANKS, &good);
    take(s, log);
}
static void kernel_as_separator(struct sample *s)
{
    g_autoptr(GByteArray) log = platform_log();
    const struct log_boot good = { LOG_KERNEL, LOG_INITRD, LOG_COMMAND_LINE };

    log_text(log, SAMPLE_BANKS, 4, EV_SEPARATOR, "another kernel");
    log_boot(log, SAMPLE_BANKS, &good);
    take(s, log);
}
static void kernel_forbidden(struct sample *s)
{
    memcpy(s->bad_kernel[0], s->kernel[0], 32);
}
static void rules_on_free_pcr(struct sample *s)
{
    s->policy.free_pcrs = 1u << 9;
}
static void rules_on_unquoted_pcr(struct sample *s)
{
    s->rules[0].pcr = 17;
}

/* ima-files */
static GByteArray *good_list(const struct sample *s)
{
    GByteArray *list = g_byte_array_new();

    ima_boot_aggregate(list, (const uint8_t(*)[32])s->evidence.pcr);
    ima_entry(list, 10, "/usr/bin/init", FALSE);
    return list;
}
static void run(struct sample *s, const GByteArray *list)
{
    sample_ima(s, list);
    sample_quote(s);
}
static void file_unlisted(struct sample *s)
{
    g_autoptr(GByteArray) list = good_list(s);

    ima_entry(list, 10, "/tmp/tool", FALSE);
    run(s, list);
}
static void file_changed(struct sample *s)
{
    g_autoptr(GByteArray) list = good_list(s);
    static const uint8_t other[32] = { 0xba, 0xd0 };

    ima_file(list, "sha256", other, 32, "/usr/bin/init");
    run(s, list);
}
static void file_of_sha1(struct sample *s)
{
    g_autoptr(GByteArray) list = good_list(s);
    static const uint8_t digest[20] = { 1 };

    ima_file(list, "sha1", digest, 20, "/usr/bin/init");
    run(s, list);
}
/* The digest's length is not its algorithm. */
static void file_of_other_name(struct sample *s)
{
    g_autoptr(GByteArray) list = good_list(s);

    ima_file(list, "sha3-256", s->files.digests[0], 32, "/usr/bin/init");
    run(s, list);
}
static void file_without_name(struct sample *s)
{
    g_autoptr(GByteArray) list = good_list(s);

    ima_file(list, "", s->files.digests[0], 32, "/usr/bin/init");
    run(s, list);
}
static void file_violated(struct sample *s)
{
    static const uint8_t ones[32] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    };
    g_autoptr(GByteArray) list = good_list(s);
    struct evtpm_pcrs pcrs = { 0 };

    run(s, list);
    memcpy(pcrs.value[10], s->evidence.pcr[10], 32);
    evtpm_pcr_extend(&pcrs, 10, EVTPM_SHA256, ones);
    memcpy(s->evidence.pcr[10], pcrs.value[10], 32);
    ima_entry(list, 10, "/usr/bin/init", TRUE);
    g_assert_true(evtpm_blob_set(&s->evidence.ima_log, list->data, list->len));
    sample_quote(s);
}
static void boot_aggregate_other(struct sample *s)
{
    g_autoptr(GByteArray) list = g_byte_array_new();

    ima_entry(list, 10, "boot_aggregate", FALSE);
    run(s, list);
}
/* Good where it stands first, no file of that name later. */
static void boot_aggregate_late(struct sample *s)
{
    g_autoptr(GByteArray) list = good_list(s);

    ima_boot_aggregate(list, (const uint8_t(*)[32])s->evidence.pcr);
    run(s, list);
}
/* What ran first is said to be the firmware's event. */
static void file_in_event_log(struct sample *s)
{
    g_autoptr(GByteArray) log = platform_log();
    g_autoptr(GByteArray) list = g_byte_array_new();
    const struct log_boot good = { LOG_KERNEL, LOG_INITRD, LOG_COMMAND_LINE };
    struct evtpm_eventlog reader;
    struct evtpm_pcrs pcrs;
    struct evtpm_ima_entry entry = { 0 };
    size_t offset = 0;

    log_boot(log, SAMPLE_BANKS, &good);
    log_event(log, SAMPLE_BANKS, 10, EV_IPL, "tool", 4, "the template data");
    take(s, log);
    evtpm_eventlog_open(&reader, log->data, log->len, NULL);
    evtpm_eventlog_replay(&reader, EVTPM_SHA256, &pcrs, NULL);
    ima_entry(list, 10, "/usr/bin/init", FALSE);
    g_assert_true(evtpm_blob_set(&s->evidence.ima_log, list->data, list->len));
    g_assert_cmpint(
        evtpm_ima_next(list->data, list->len, &offset, &entry, NULL), ==, 1);
    evtpm_pcr_extend(&pcrs, 10, EVTPM_SHA256, entry.template_digest);
    memcpy(s->evidence.pcr[10], pcrs.value[10], 32);
    sample_quote(s);
}
static void ima_off(struct sample *s)
{
    evtpm_blob_clear(&s->evidence.ima_log);
    memset(s->evidence.pcr[10], 0, 32);
    sample_quote(s);
}
static void ima_not_extended(struct sample *s)
{
    memset(s->evidence.pcr[10], 0, 32);
    sample_quote(s);
}
static void ima_not_quoted(struct sample *s)
{
    TPMS_QUOTE_INFO *quote = &s->attest.attested.quote;
    gnutls_hash_hd_t hash;

    quote->pcrSelect.pcrSelections[0].pcrSelect[1] &= (uint8_t)~4;
    gnutls_hash_init(&hash, GNUTLS_DIG_SHA256);
    for (unsigned i = 0; i < EVTPM_PCR_COUNT; i++) {
        if (0x80fbffu & 1u << i) {
            gnutls_hash(hash, s->evidence.pcr[i], 32);
        }
    }
    gnutls_hash_deinit(hash, quote->pcrDigest.buffer);
    sample_sign_quote(s);
}

const struct evidence_change log_changes[] = {
    { "kernel-changed", kernel_changed, EVTPM_LINK_EVENT_RULES,
      "kernel: event 14 (PCR 4, kernel or boot loader: " },
    { "initrd-changed", initrd_changed, EVTPM_LINK_EVENT_RULES,
      "initrd, command line: event 16 (PCR 9, initrd: Linux initrd) has "
      "digest " },
    { "command-line-changed", command_line_changed, EVTPM_LINK_EVENT_RULES,
      "initrd, command line: event 15 (PCR 9, command line: "
      "LOADED_IMAGE::LoadOptions) has digest " },
    { "kernel-is-initrd", kernel_is_initrd, EVTPM_LINK_EVENT_RULES,
      "which is not one of those allowed" },
    { "nothing-booted", nothing_booted, EVTPM_LINK_EVENT_RULES,
      "kernel: no event of PCR 4 has the digest " },
    { "kernel-relabelled", kernel_relabelled, EVTPM_LINK_EVENT_RULES,
      "kernel: event 13 (PCR 4, event: a harmless thing) has digest " },
    { "kernel-as-action", kernel_as_action, EVTPM_LINK_EVENT_RULES,
      "kernel: event 13 (PCR 4, event: " },
    { "command-as-action", command_as_action, EVTPM_LINK_EVENT_RULES,
      "event 13 (PCR 9, event: linux /old init=/bin/sh) has digest " },
    { "command-as-separator", command_as_separator, EVTPM_LINK_EVENT_RULES,
      "event 13 (PCR 9, event: boot) has digest " },
    { "separator-of-error", separator_of_error, EVTPM_LINK_EVENT_RULES,
      "kernel: event 13 (PCR 4, event: 01000000) has digest " },
    { "kernel-as-long-action", kernel_as_long_action, EVTPM_LINK_EVENT_RULES,
      "kernel: event 13 (PCR 4, event: kkkk" },
    { "kernel-as-separator", kernel_as_separator, EVTPM_LINK_EVENT_RULES,
      "kernel: event 13 (PCR 4, event: another kernel" },
    { "kernel-forbidden", kernel_forbidden, EVTPM_LINK_EVENT_RULES,
      "bad kernels: event 14 " },
    { "rules-on-free-pcr", rules_on_free_pcr, EVTPM_LINK_EVENT_RULES,
      "initrd: the quoted log does not cover PCR 9" },
    { "rules-on-unquoted-pcr", rules_on_unquoted_pcr, EVTPM_LINK_EVENT_RULES,
      "kernel: the quoted log does not cover PCR 17" },
    { "file-unlisted", file_unlisted, EVTPM_LINK_IMA_FILES,
      "entry 2: /tmp/tool (" },
    { "file-changed", file_changed, EVTPM_LINK_IMA_FILES,
      "entry 2: /usr/bin/init (bad0" },
    { "file-of-sha1", file_of_sha1, EVTPM_LINK_IMA_FILES,
      "entry 2 (/usr/bin/init) has no SHA-256 digest" },
    { "file-of-other-name", file_of_other_name, EVTPM_LINK_IMA_FILES,
      "entry 2 (/usr/bin/init) has no SHA-256 digest" },
    { "file-without-name", file_without_name, EVTPM_LINK_IMA_FILES,
      "entry 2 names no file" },
    { "file-violated", file_violated, EVTPM_LINK_IMA_FILES,
      "entry 2 (/usr/bin/init) was written while it was measured" },
    { "boot-aggregate-other", boot_aggregate_other, EVTPM_LINK_IMA_FILES,
      "entry 0: boot_aggregate (" },
    { "boot-aggregate-late", boot_aggregate_late, EVTPM_LINK_IMA_FILES,
      "entry 2: boot_aggregate (" },
    { "file-in-event-log", file_in_event_log, EVTPM_LINK_IMA_FILES,
      "the firmware's log has events of PCR 10" },
    { "ima-off", ima_off, EVTPM_LINK_IMA_FILES, "the evidence no IMA list" },
    { "ima-not-extended", ima_not_extended, EVTPM_LINK_IMA_FILES,
      "IMA measured nothing" },
    { "ima-not-quoted", ima_not_quoted, EVTPM_LINK_IMA_FILES,
      "the quote leaves out PCR 10" },
    { NULL, NULL, 0, NULL },
};
