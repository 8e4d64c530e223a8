/* SPDX-License-Identifier: MIT */
/*
 * Lists and bundles of others: revocation lists, certificate bundles,
 * allow-lists, IMA's list entry by entry, rules over a firmware log, EFI
 * programs. The first byte says which. A list that nobody signed for revokes
 * and covers nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/allow_list.h"
#include "lib/bundle.h"
#include "lib/crl.h"
#include "lib/event_rules.h"
#include "lib/ima.h"
#include "lib/pe_digest.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/crl-sample.h"
#include "tests/unit/evidence-sample.h"
#include "tests/unit/log-sample.h"

static struct sample good;

static void clean_up(void)
{
    sample_clear(&good);
    sample_chips_remove();
}

static void make_good(void)
{
    if (!good.chip) {
        sample_chips_create(1);
        sample_init(&good, 0, 0);
        atexit(clean_up);
    }
}

static void one_line(const struct evtpm_error *err)
{
    if (!err->text[0] || strchr(err->text, '\n')) {
        abort();
    }
}

/* What is signed: behind the four bytes of the outer header up to the
 * algorithm, whose parameters stand there a second time and are not looked at.
 */
static bool same_signed_part(const struct evtpm_blob *der)
{
    const struct evtpm_blob *own = &good.crls[0];
    const size_t size = 3u + own->data[6]; /* 30 81 SIZE */

    return own->data[5] == 0x81 && der->size >= 4 + size &&
           memcmp(der->data + 4, own->data + 4, size) == 0;
}

static void fuzz_crl(const uint8_t *data, size_t size)
{
    const struct evtpm_chain chain = { .ark = good.chip->ark,
                                       .ask = good.chip->ask,
                                       .vcek = good.chip->vcek };
    struct evtpm_error err = { "" };
    struct evtpm_blob der = { 0 };
    unsigned covered = 0;

    if (evtpm_crl_decode(data, size, &der, &err) < 0) {
        one_line(&err);
        return;
    }
    if (evtpm_crls_check(&chain, false, &der, 1, time(NULL), &covered, &err) <
        0) {
        one_line(&err);
    } else if (covered && !same_signed_part(&der)) {
        abort();
    }
    evtpm_blob_clear(&der);
}

static void fuzz_bundle(const uint8_t *data, size_t size)
{
    struct evtpm_chain chain = { 0 };
    struct evtpm_error err = { "" };

    if (evtpm_chain_add(&chain, data, size, &err) < 0) {
        one_line(&err);
    }
    evtpm_chain_clear(&chain);
}

static void fuzz_allow_list(const uint8_t *data, size_t size)
{
    struct evtpm_allow_list list = { 0 };
    struct evtpm_error err = { "" };

    if (evtpm_allow_list_add(&list, (const char *)data, size, &err) < 0) {
        one_line(&err);
        if (list.count) {
            abort();
        }
    }
    for (size_t i = 0; i < list.count; i++) {
        if (!evtpm_allow_list_has(&list, list.digests[i])) {
            abort();
        }
    }
    evtpm_allow_list_clear(&list);
}

static void fuzz_ima(const uint8_t *data, size_t size)
{
    struct evtpm_ima_entry entry = { 0 };
    struct evtpm_error err = { "" };
    size_t offset = 0, before = 0;
    char path[64];
    int rc;

    while ((rc = evtpm_ima_next(data, size, &offset, &entry, &err)) > 0) {
        if (offset <= before || offset > size ||
            (entry.path && entry.path_size >= entry.data_size)) {
            abort();
        }
        before = offset;
        evtpm_ima_path(&entry, path, sizeof(path));
    }
    if (rc < 0) {
        one_line(&err);
    }
}

static void fuzz_rules(const uint8_t *data, size_t size)
{
    struct evtpm_eventlog log;
    struct evtpm_error err = { "" };

    if (evtpm_eventlog_open(&log, data, size, &err) == 0 &&
        evtpm_event_rules_check(&log, good.policy.event_rules,
                                good.policy.event_rule_count, &err) < 0) {
        one_line(&err);
    }
}

/* Sections lie in the image: the sanitizers see to it when they are read. */
static void fuzz_pe(const uint8_t *data, size_t size)
{
    struct evtpm_pe_section sections[EVTPM_PE_SECTIONS_MAX];
    struct evtpm_error err = { "" };
    uint8_t digest[32];
    size_t count;

    if (evtpm_pe_digest(data, size, digest, &err) < 0) {
        one_line(&err);
    }
    if (evtpm_pe_sections(data, size, sections, &count, &err) < 0) {
        one_line(&err);
    }
    for (size_t i = 0; i < count; i++) {
        g_autofree uint8_t *copy =
            g_memdup2(sections[i].data, sections[i].size);

        if (sections[i].size == 0 || sections[i].size > size) {
            abort();
        }
    }
}

static void (*const targets[])(const uint8_t *data, size_t size) = {
    fuzz_crl, fuzz_bundle, fuzz_allow_list, fuzz_ima, fuzz_rules, fuzz_pe,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_good();
    if (size > 0) {
        targets[data[0] % G_N_ELEMENTS(targets)](data + 1, size - 1);
    }
    return 0;
}

static void add(uint8_t target, const void *data, size_t size)
{
    g_autofree uint8_t *input = g_malloc(1 + size);

    input[0] = target;
    memcpy(input + 1, data, size);
    fuzz_add(input, 1 + size);
}

/* A PE32+ of one section */
static void add_program(void)
{
    uint8_t image[0x400] = "MZ";

    image[0x3c] = 0x40;
    memcpy(image + 0x40, "PE\0\0", 4);
    image[0x46] = 1;    /* section */
    image[0x54] = 0xf0; /* size of the optional header */
    memcpy(image + 0x58, "\x0b\x02", 2);
    image[0x58 + 61] = 2; /* headers of 200h bytes */
    image[0x58 + 108] = 16;
    memcpy(image + 0x148, ".linux", 6);
    image[0x148 + 8] = 0xf0; /* in memory */
    image[0x148 + 17] = 1;   /* section of 100h bytes at 200h */
    image[0x148 + 21] = 2;
    add(5, image, sizeof(image));
}

void fuzz_corpus(void)
{
    static const char list[] =
        "# files\n"
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff  a\n"
        "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
    g_autoptr(GByteArray) ima = g_byte_array_new();

    make_good();
    add_program();
    sample_make_crl(&good, &good.chip->ark, "ark-key.pem", &good.chip->ask);
    add(0, good.crls[0].data, good.crls[0].size);
    sample_make_crl(&good, &good.chip->ark, "ark-key.pem", NULL);
    add(0, good.crls[0].data, good.crls[0].size);
    add(1, good.chip->ark.data, good.chip->ark.size);
    add(1, good.chip->vcek.data, good.chip->vcek.size);
    add(2, list, sizeof(list) - 1);
    ima_entry(ima, 10, "/usr/bin/tool", TRUE);
    g_byte_array_append(ima, good.evidence.ima_log.data,
                        (guint)good.evidence.ima_log.size);
    add(3, ima->data, ima->len);
    add(4, good.evidence.event_log.data, good.evidence.event_log.size);
}
