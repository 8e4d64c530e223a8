/* SPDX-License-Identifier: MIT */
/* SNP launch digest: LD = SHA-384(PAGE_INFO), with the previous LD inside, page after page. */
#include "lib/launch_digest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>

#define VP_MAX 65536u

/* SHA-384 of 4096 zero bytes: zero pages are the most frequent ones. */
static const uint8_t zero_page_sha384[48] = {
    0xc0, 0xe5, 0x9a, 0x3e, 0x3f, 0xfb, 0xd3, 0xb5, 0xc7, 0x54, 0x28, 0xfb,
    0x36, 0x43, 0x2f, 0xac, 0xab, 0xc7, 0x45, 0x94, 0x42, 0x96, 0xff, 0x51,
    0x5f, 0x73, 0x7c, 0x4f, 0xef, 0x4e, 0xfc, 0x64, 0x58, 0x68, 0x09, 0xf7,
    0xa1, 0x6f, 0x56, 0x35, 0x4a, 0x1e, 0xae, 0xcf, 0x2a, 0xa8, 0xd7, 0x74,
};

void launch_digest_init(struct launch_digest *digest)
{
    memset(digest, 0, sizeof(*digest));
}

static int sha384(const void *data, size_t size, void *out,
                  struct evtpm_error *err)
{
    int rc = gnutls_hash_fast(GNUTLS_DIG_SHA384, data, size, out);

    return rc < 0 ? evtpm_fail(err, "SHA-384: %s", gnutls_strerror(rc)) : 0;
}

int launch_digest_page(struct launch_digest *digest, uint8_t page_type,
                       uint64_t gpa, const void *page,
                       struct evtpm_error *err)
{
    struct snp_page_info info = {
        .length = sizeof(info),
        .page_type = page_type,
        .gpa = gpa,
    };

    memcpy(info.digest_cur, digest->ld, sizeof(info.digest_cur));
    if (page_type == SNP_PAGE_TYPE_NORMAL || page_type == SNP_PAGE_TYPE_VMSA) {
        if (!page) {
            memcpy(info.contents, zero_page_sha384, sizeof(info.contents));
        } else if (sha384(page, SNP_PAGE_SIZE, info.contents, err) < 0) {
            return -1;
        }
    }
    return sha384(&info, sizeof(info), digest->ld, err);
}

static int add_page_data(struct launch_digest *digest,
                         const struct igvm_header *h, struct evtpm_error *err)
{
    const struct igvm_page_data *p = &h->u.page;
    uint32_t pages = p->flags & IGVM_PAGE_DATA_2MB ? 512 : 1;
    uint8_t type = SNP_PAGE_TYPE_NORMAL;

    if (p->flags & IGVM_PAGE_DATA_SHARED) {
        return 0;
    }
    if (p->flags & IGVM_PAGE_DATA_UNMEASURED) {
        type = SNP_PAGE_TYPE_UNMEASURED;
    } else if (p->data_type == IGVM_PAGE_TYPE_SECRETS) {
        type = SNP_PAGE_TYPE_SECRETS;
    } else if (p->data_type != IGVM_PAGE_TYPE_NORMAL) {
        type = SNP_PAGE_TYPE_CPUID;
    }
    for (uint32_t i = 0; i < pages; i++) {
        const uint8_t *page = h->data ? h->data + i * SNP_PAGE_SIZE : NULL;

        if (launch_digest_page(digest, type, p->gpa + i * SNP_PAGE_SIZE, page,
                               err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* The area's size stands in its declaration; igvm_open() saw that there is one. */
static int add_insert(struct launch_digest *digest,
                      const struct igvm_file *file,
                      const struct igvm_header *insert,
                      struct evtpm_error *err)
{
    const struct igvm_parameter_insert *in = &insert->u.insert;
    struct igvm_header h;
    struct igvm_iter it;

    igvm_iter_init(&it, file, ~0u);
    while (igvm_next(&it, &h)) {
        if (h.type != IGVM_VHT_PARAMETER_AREA ||
            h.u.area.parameter_area_index != in->parameter_area_index) {
            continue;
        }
        for (uint64_t at = 0; at < h.u.area.number_of_bytes;
             at += SNP_PAGE_SIZE) {
            if (launch_digest_page(digest, SNP_PAGE_TYPE_UNMEASURED,
                                   in->gpa + at, NULL, err) < 0) {
                return -1;
            }
        }
        return 0;
    }
    return evtpm_fail(err, "parameter area %" PRIu32 " is not declared",
                      in->parameter_area_index);
}

static int add_vp(struct launch_digest *digest, const struct igvm_file *file,
                  uint32_t offset, struct evtpm_error *err)
{
    struct igvm_iter it = { .file = file, .offset = offset, .mask = ~0u };
    uint8_t page[SNP_PAGE_SIZE] = { 0 };
    struct igvm_header h;

    if (!igvm_next(&it, &h)) {
        return evtpm_fail(err, "VP_CONTEXT vanished");
    }
    memcpy(page, h.data, h.data_size);
    return launch_digest_page(digest, SNP_PAGE_TYPE_VMSA, h.u.vp.gpa, page,
                              err);
}

/* Everything but the VP contexts, whose header offsets are noted by vCPU index. */
static int add_memory(struct launch_digest *digest,
                      const struct igvm_file *file, uint32_t mask,
                      uint32_t *vp_offset, struct evtpm_error *err)
{
    struct igvm_header h;
    struct igvm_iter it;
    int rc = 0;

    igvm_iter_init(&it, file, mask);
    while (rc == 0 && igvm_next(&it, &h)) {
        switch (h.type) {
        case IGVM_VHT_PAGE_DATA:
            rc = add_page_data(digest, &h, err);
            break;
        case IGVM_VHT_PARAMETER_INSERT:
            rc = add_insert(digest, file, &h, err);
            break;
        case IGVM_VHT_VP_CONTEXT:
            vp_offset[h.u.vp.vp_index] = h.offset;
            break;
        default:
            break;
        }
    }
    return rc;
}

int igvm_launch_digest(const struct igvm_file *file, uint8_t platform,
                       struct launch_digest *digest, struct evtpm_error *err)
{
    uint32_t mask = igvm_platform_mask(file, platform);
    uint32_t *vp_offset;
    int rc;

    if (!mask) {
        const char *name = igvm_platform_name(platform);

        return evtpm_fail(err, "the file does not support platform %s",
                          name ? name : "?");
    }
    vp_offset = calloc(VP_MAX, sizeof(*vp_offset));
    if (!vp_offset) {
        return evtpm_fail(err, "out of memory");
    }
    launch_digest_init(digest);
    rc = add_memory(digest, file, mask, vp_offset, err);
    for (uint32_t i = 0; rc == 0 && i < VP_MAX; i++) {
        if (vp_offset[i] != 0) {
            rc = add_vp(digest, file, vp_offset[i], err);
        }
    }
    free(vp_offset);
    return rc;
}
