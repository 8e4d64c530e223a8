/* SPDX-License-Identifier: MIT */
/* Kernel hashes: the table's form is that of OVMF's BlobVerifierLibSevHashes. */
#include "lib/kernel_hashes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <gnutls/crypto.h>

#define HASH_SIZE 32
#define CHUNK 65536u

struct hash_entry {
    struct evtpm_guid guid;
    uint16_t length; /* of this entry */
    uint8_t hash[HASH_SIZE];
} EVTPM_PACKED;
EVTPM_SIZE(struct hash_entry, 50);

struct hash_table {
    struct evtpm_guid guid;
    uint16_t length; /* of all */
    struct hash_entry cmdline;
    struct hash_entry initrd;
    struct hash_entry kernel;
    uint8_t padding[8]; /* to whole 16 bytes, which SEV encrypts */
} EVTPM_PACKED;
EVTPM_SIZE(struct hash_table, 176);

static const struct evtpm_guid table_guid = {
    0x9438d606, 0x4f22, 0x4cc9,
    { 0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21 },
};

static const struct evtpm_guid cmdline_guid = {
    0x97d02dd8, 0xbd20, 0x4c94,
    { 0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a },
};

static const struct evtpm_guid initrd_guid = {
    0x44baf731, 0x3a2f, 0x4bd7,
    { 0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d },
};

static const struct evtpm_guid kernel_guid = {
    0x4de79437, 0xabd2, 0x427f,
    { 0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b },
};

static int hash_stream(FILE *file, const char *path, gnutls_hash_hd_t hash,
                       struct evtpm_error *err)
{
    uint8_t chunk[CHUNK];
    size_t n;

    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        if (gnutls_hash(hash, chunk, n) < 0) {
            return evtpm_fail(err, "SHA-256 failed");
        }
    }
    return ferror(file) ? evtpm_fail(err, "%s: %s", path, strerror(errno)) : 0;
}

static int hash_file(const char *path, uint8_t out[HASH_SIZE],
                     struct evtpm_error *err)
{
    gnutls_hash_hd_t hash;
    FILE *file;
    int rc;

    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0) {
        return evtpm_fail(err, "SHA-256 failed");
    }
    file = path ? fopen(path, "re") : NULL;
    if (path && !file) {
        rc = evtpm_fail(err, "%s: %s", path, strerror(errno));
    } else {
        rc = file ? hash_stream(file, path, hash, err) : 0;
    }
    if (file) {
        fclose(file);
    }
    gnutls_hash_deinit(hash, out);
    return rc;
}

static int hash_text(const char *text, uint8_t out[HASH_SIZE],
                     struct evtpm_error *err)
{
    /* The terminating zero is part of it. */
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text) + 1, out) < 0) {
        return evtpm_fail(err, "SHA-256 failed");
    }
    return 0;
}

/* The table lies in the one section that is launched for it. */
static bool has_place(const struct ovmf_metadata *meta)
{
    uint64_t base = meta->hashes_base;

    if (base == 0 || meta->hashes_size < sizeof(struct hash_table)) {
        return false;
    }
    for (uint32_t i = 0; i < meta->count; i++) {
        const struct svsm_fw_range *r = &meta->range[i];

        if (r->type == OVMF_KERNEL_HASHES) {
            return r->size == SNP_PAGE_SIZE && base >= r->base &&
                   base + sizeof(struct hash_table) <= r->base + r->size;
        }
    }
    return false;
}

int kernel_hashes_page(const struct kernel_files *files,
                       const struct ovmf_metadata *meta,
                       uint8_t page[SNP_PAGE_SIZE], struct evtpm_error *err)
{
    struct hash_table table = {
        .guid = table_guid,
        .length = sizeof(table) - sizeof(table.padding),
        .cmdline = { cmdline_guid, sizeof(table.cmdline), { 0 } },
        .initrd = { initrd_guid, sizeof(table.initrd), { 0 } },
        .kernel = { kernel_guid, sizeof(table.kernel), { 0 } },
    };

    if (!has_place(meta)) {
        return evtpm_fail(err, "the firmware has no place for kernel hashes");
    }
    if (hash_text(files->append ? files->append : "", table.cmdline.hash,
                  err) < 0 ||
        hash_file(files->initrd, table.initrd.hash, err) < 0 ||
        hash_file(files->kernel, table.kernel.hash, err) < 0) {
        return -1;
    }
    memset(page, 0, SNP_PAGE_SIZE);
    memcpy(page + meta->hashes_base % SNP_PAGE_SIZE, &table, sizeof(table));
    return 0;
}
