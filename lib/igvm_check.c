/* SPDX-License-Identifier: MIT */
/* IGVM reader: what each header's content must be, and what its neighbours allow. */
#include "lib/igvm_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VMSA_USED_SIZE 0x670u

static int check_range(const struct igvm_header *h, uint64_t gpa,
                       uint64_t bytes, struct evtpm_error *err)
{
    if (gpa % IGVM_PAGE_SIZE != 0) {
        return igvm_fail(err, h, "GPA 0x%" PRIx64 " is not page aligned", gpa);
    }
    if (bytes == 0 || bytes % IGVM_PAGE_SIZE != 0) {
        return igvm_fail(err, h, "size 0x%" PRIx64 " is not whole pages",
                         bytes);
    }
    if (gpa >= IGVM_GPA_LIMIT || bytes > IGVM_GPA_LIMIT - gpa) {
        return igvm_fail(err, h, "GPA 0x%" PRIx64 " + 0x%" PRIx64
                         " is beyond 52 bits", gpa, bytes);
    }
    return 0;
}

static int check_rsvd(const struct igvm_header *h, uint64_t value,
                      struct evtpm_error *err)
{
    return value == 0 ? 0 : igvm_fail(err, h, "a reserved field is not zero");
}

static void add_range(struct igvm_range *list, size_t *count,
                      const struct igvm_header *h, uint64_t start,
                      uint64_t length)
{
    list[(*count)++] = (struct igvm_range){
        .start = start,
        .end = start + length,
        .mask = h->compatibility_mask,
        .offset = h->offset,
    };
}

static struct igvm_area *find_area(struct igvm_check *check, uint32_t index)
{
    for (uint32_t i = 0; i < check->area_count; i++) {
        if (check->area[i].index == index) {
            return &check->area[i];
        }
    }
    return NULL;
}

static int once_per_platform(const struct igvm_header *h, uint32_t *seen,
                             struct evtpm_error *err)
{
    if (*seen & h->compatibility_mask) {
        return igvm_fail(err, h, "given twice for one platform");
    }
    *seen |= h->compatibility_mask;
    return 0;
}

static int check_policy(struct igvm_check *check, struct igvm_header *h,
                        struct evtpm_error *err)
{
    if (check_rsvd(h, h->u.policy.rsvd_0c, err) < 0) {
        return -1;
    }
    return once_per_platform(h, &check->policy_masks, err);
}

static int check_area(struct igvm_check *check, struct igvm_header *h,
                      struct evtpm_error *err)
{
    const struct igvm_parameter_area *a = &h->u.area;

    if (a->number_of_bytes == 0 || a->number_of_bytes % IGVM_PAGE_SIZE != 0 ||
        a->number_of_bytes > IGVM_AREA_SIZE_MAX) {
        return igvm_fail(err, h, "size 0x%" PRIx64
                         " is not whole pages up to 16 MiB",
                         a->number_of_bytes);
    }
    if (find_area(check, a->parameter_area_index)) {
        return igvm_fail(err, h, "area %" PRIu32 " is declared twice",
                         a->parameter_area_index);
    }
    if (check->area_count == IGVM_AREA_MAX) {
        return igvm_fail(err, h, "more than %u parameter areas",
                         IGVM_AREA_MAX);
    }
    check->area[check->area_count++] = (struct igvm_area){
        .index = a->parameter_area_index,
        .bytes = (uint32_t)a->number_of_bytes,
    };
    return 0;
}

static int check_page(struct igvm_check *check, struct igvm_header *h,
                      struct evtpm_error *err)
{
    const struct igvm_page_data *p = &h->u.page;
    uint64_t bytes = IGVM_PAGE_SIZE;

    if (p->flags & ~(IGVM_PAGE_DATA_2MB | IGVM_PAGE_DATA_UNMEASURED |
                     IGVM_PAGE_DATA_SHARED)) {
        return igvm_fail(err, h, "flags 0x%" PRIx32 " are not all known",
                         p->flags);
    }
    if (p->data_type > IGVM_PAGE_TYPE_CPUID_XF) {
        return igvm_fail(err, h, "data type %u is not known", p->data_type);
    }
    if (p->data_type != IGVM_PAGE_TYPE_NORMAL && p->flags != 0) {
        return igvm_fail(err, h, "data type %u allows no flags", p->data_type);
    }
    if (p->flags & IGVM_PAGE_DATA_2MB) {
        bytes = 0x200000;
        if (p->gpa % bytes != 0) {
            return igvm_fail(err, h, "GPA 0x%" PRIx64 " is not 2 MiB aligned",
                             p->gpa);
        }
    }
    if (check_rsvd(h, p->rsvd_16, err) < 0 ||
        check_range(h, p->gpa, bytes, err) < 0) {
        return -1;
    }
    add_range(check->range, &check->range_count, h, p->gpa, bytes);
    return 0;
}

static int check_insert(struct igvm_check *check, struct igvm_header *h,
                        struct evtpm_error *err)
{
    const struct igvm_parameter_insert *in = &h->u.insert;
    struct igvm_area *area = find_area(check, in->parameter_area_index);

    if (!area) {
        return igvm_fail(err, h, "area %" PRIu32 " is not declared",
                         in->parameter_area_index);
    }
    if (area->inserted & h->compatibility_mask) {
        return igvm_fail(err, h, "area %" PRIu32 " is inserted twice",
                         in->parameter_area_index);
    }
    if (check_range(h, in->gpa, area->bytes, err) < 0) {
        return -1;
    }
    area->inserted |= h->compatibility_mask;
    add_range(check->range, &check->range_count, h, in->gpa, area->bytes);
    return 0;
}

/* The area must exist, not be placed yet, and hold at least a u32 at the offset. */
static int check_parameter(struct igvm_check *check, struct igvm_header *h,
                           struct evtpm_error *err)
{
    const struct igvm_parameter *p = &h->u.parameter;
    struct igvm_area *area = find_area(check, p->parameter_area_index);

    if (!area) {
        return igvm_fail(err, h, "area %" PRIu32 " is not declared",
                         p->parameter_area_index);
    }
    if (area->inserted) {
        return igvm_fail(err, h, "area %" PRIu32 " is already inserted",
                         p->parameter_area_index);
    }
    if (p->byte_offset > area->bytes - sizeof(uint32_t)) {
        return igvm_fail(err, h, "offset 0x%" PRIx32
                         " is outside area %" PRIu32 " (0x%" PRIx32 " bytes)",
                         p->byte_offset, p->parameter_area_index, area->bytes);
    }
    return 0;
}

static int check_vp(struct igvm_check *check, struct igvm_header *h,
                    struct evtpm_error *err)
{
    const struct igvm_vp_context *vp = &h->u.vp;
    uint32_t mask = h->compatibility_mask;

    if ((mask & (mask - 1)) != 0) {
        return igvm_fail(err, h, "mask 0x%" PRIx32
                         " names more than one platform", mask);
    }
    if (check_rsvd(h, vp->rsvd_12, err) < 0 ||
        check_range(h, vp->gpa, IGVM_PAGE_SIZE, err) < 0) {
        return -1;
    }
    if (!h->data) {
        return igvm_fail(err, h, "no file data");
    }
    if (mask == igvm_platform_mask(check->file, IGVM_PLATFORM_SEV_SNP) &&
        h->data_size < VMSA_USED_SIZE) {
        return igvm_fail(err, h, "the VMSA is cut at the file's end");
    }
    add_range(check->vp, &check->vp_count, h, vp->vp_index, 1);
    return 0;
}

static int check_required(struct igvm_check *check, struct igvm_header *h,
                          struct evtpm_error *err)
{
    const struct igvm_required_memory *r = &h->u.required;

    (void)check;
    if (r->flags & ~1u) {
        return igvm_fail(err, h, "flags 0x%" PRIx32 " are not all known",
                         r->flags);
    }
    if (check_rsvd(h, r->rsvd_14, err) < 0) {
        return -1;
    }
    return check_range(h, r->gpa, r->number_of_bytes, err);
}

static int check_error_range(struct igvm_check *check, struct igvm_header *h,
                             struct evtpm_error *err)
{
    (void)check;
    return check_range(h, h->u.error_range.gpa, h->u.error_range.size_bytes,
                       err);
}

static int check_id_block(struct igvm_check *check, struct igvm_header *h,
                          struct evtpm_error *err)
{
    const struct igvm_snp_id_block *id = &h->u.id_block;

    if (id->author_key_enabled > 1) {
        return igvm_fail(err, h, "author key flag is %u",
                         id->author_key_enabled);
    }
    if (check_rsvd(h, id->rsvd_05[0] | id->rsvd_05[1] | id->rsvd_05[2], err) <
            0 ||
        check_rsvd(h, id->id_public_key.rsvd_4 | id->author_public_key.rsvd_4,
                   err) < 0) {
        return -1;
    }
    return once_per_platform(h, &check->id_masks, err);
}

int igvm_check_header(struct igvm_check *check, struct igvm_header *h,
                      struct evtpm_error *err)
{
    switch (h->type) {
    case IGVM_VHT_GUEST_POLICY:
        return check_policy(check, h, err);
    case IGVM_VHT_PARAMETER_AREA:
        return check_area(check, h, err);
    case IGVM_VHT_PAGE_DATA:
        return check_page(check, h, err);
    case IGVM_VHT_PARAMETER_INSERT:
        return check_insert(check, h, err);
    case IGVM_VHT_VP_CONTEXT:
        return check_vp(check, h, err);
    case IGVM_VHT_REQUIRED_MEMORY:
        return check_required(check, h, err);
    case IGVM_VHT_ERROR_RANGE:
        return check_error_range(check, h, err);
    case IGVM_VHT_SNP_ID_BLOCK:
        return check_id_block(check, h, err);
    case IGVM_VHT_VP_COUNT:
    case IGVM_VHT_SRAT:
    case IGVM_VHT_MADT:
    case IGVM_VHT_MMIO_RANGES:
    case IGVM_VHT_MEMORY_MAP:
    case IGVM_VHT_COMMAND_LINE:
    case IGVM_VHT_SLIT:
    case IGVM_VHT_PPTT:
    case IGVM_VHT_DEVICE_TREE:
    case IGVM_VHT_ENVIRONMENT_INFO:
        return check_parameter(check, h, err);
    default: /* other platforms' headers: container rules only */
        return 0;
    }
}

static int compare(const void *a, const void *b)
{
    const struct igvm_range *x = a, *y = b;

    if (x->start != y->start) {
        return x->start < y->start ? -1 : 1;
    }
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

int igvm_check_overlaps(const struct igvm_file *file, struct igvm_range *range,
                        size_t count, const char *what,
                        struct evtpm_error *err)
{
    uint64_t end[IGVM_PLATFORM_MAX] = { 0 };

    qsort(range, count, sizeof(*range), compare);
    for (size_t i = 0; i < count; i++) {
        for (uint32_t bits = range[i].mask; bits != 0; bits &= bits - 1) {
            unsigned int n = (unsigned int)__builtin_ctz(bits);

            if (range[i].start < end[n]) {
                struct igvm_header h = { .offset = range[i].offset };

                memcpy(&h.type, file->data + h.offset, sizeof(h.type));
                h.type &= ~IGVM_VHT_OPTIONAL;
                return igvm_fail(err, &h, "%s 0x%" PRIx64
                                 " is given contents twice", what,
                                 range[i].start);
            }
            end[n] = range[i].end;
        }
    }
    return 0;
}
