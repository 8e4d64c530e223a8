/* SPDX-License-Identifier: MIT */
/* Prints an IGVM file for people: one line a header, runs of like pages in one line. */
#include "lib/igvm.h"

#include <inttypes.h>

static const char *const page_types[] = { "normal", "secrets", "cpuid",
                                          "cpuid-xf" };

/* A run of PAGE_DATA headers that differ in their address only. */
struct run {
    uint64_t gpa;
    uint64_t pages;
    uint64_t zero_pages;
    uint32_t mask;
    uint32_t flags;
    uint16_t type;
};

static void show_run(const struct run *run, FILE *out)
{
    if (run->pages == 0) {
        return;
    }
    fprintf(out, "%08" PRIx32 "  %-20s 0x%" PRIx64 " %" PRIu64 " pages %s%s%s",
            run->mask, "PAGE_DATA", run->gpa, run->pages,
            page_types[run->type],
            run->flags & IGVM_PAGE_DATA_UNMEASURED ? " unmeasured" : "",
            run->flags & IGVM_PAGE_DATA_SHARED ? " shared" : "");
    if (run->zero_pages != 0) {
        fprintf(out, " (%" PRIu64 " zero)", run->zero_pages);
    }
    fputc('\n', out);
}

static void add_page(struct run *run, const struct igvm_header *h, FILE *out)
{
    const struct igvm_page_data *p = &h->u.page;
    uint32_t flags = p->flags & ~IGVM_PAGE_DATA_2MB;
    uint64_t pages = p->flags & IGVM_PAGE_DATA_2MB ? 512 : 1;

    if (run->pages == 0 || run->mask != h->compatibility_mask ||
        run->flags != flags || run->type != p->data_type ||
        run->gpa + run->pages * IGVM_PAGE_SIZE != p->gpa) {
        show_run(run, out);
        *run = (struct run){ .gpa = p->gpa, .mask = h->compatibility_mask,
                             .flags = flags, .type = p->data_type };
    }
    run->pages += pages;
    run->zero_pages += h->data ? 0 : pages;
}

static void show_content(const struct igvm_header *h, FILE *out)
{
    const char *name;

    switch (h->type) {
    case IGVM_VHT_SUPPORTED_PLATFORM:
        name = igvm_platform_name(h->u.platform.platform_type);
        fprintf(out, "%s version %u", name ? name : "unknown",
                h->u.platform.platform_version);
        break;
    case IGVM_VHT_GUEST_POLICY:
        fprintf(out, "0x%" PRIx64, h->u.policy.policy);
        break;
    case IGVM_VHT_PARAMETER_AREA:
        fprintf(out, "%" PRIu32 " of 0x%" PRIx64 " bytes",
                h->u.area.parameter_area_index, h->u.area.number_of_bytes);
        break;
    case IGVM_VHT_PARAMETER_INSERT:
        fprintf(out, "0x%" PRIx64 " area %" PRIu32, h->u.insert.gpa,
                h->u.insert.parameter_area_index);
        break;
    case IGVM_VHT_VP_CONTEXT:
        fprintf(out, "0x%" PRIx64 " vCPU %u", h->u.vp.gpa, h->u.vp.vp_index);
        break;
    case IGVM_VHT_REQUIRED_MEMORY:
        fprintf(out, "0x%" PRIx64 " 0x%" PRIx32 " bytes", h->u.required.gpa,
                h->u.required.number_of_bytes);
        break;
    case IGVM_VHT_ERROR_RANGE:
        fprintf(out, "0x%" PRIx64 " 0x%" PRIx32 " bytes",
                h->u.error_range.gpa, h->u.error_range.size_bytes);
        break;
    case IGVM_VHT_SNP_ID_BLOCK:
        fprintf(out, "version %" PRIu32 " guest SVN %" PRIu32,
                h->u.id_block.version, h->u.id_block.guest_svn);
        break;
    case IGVM_VHT_VP_COUNT:
    case IGVM_VHT_MEMORY_MAP:
    case IGVM_VHT_MADT:
    case IGVM_VHT_SRAT:
    case IGVM_VHT_COMMAND_LINE:
    case IGVM_VHT_ENVIRONMENT_INFO:
        fprintf(out, "area %" PRIu32 " offset 0x%" PRIx32,
                h->u.parameter.parameter_area_index,
                h->u.parameter.byte_offset);
        break;
    default:
        break;
    }
}

void igvm_show(const struct igvm_file *file, FILE *out)
{
    struct run run = { 0 };
    struct igvm_header h;
    struct igvm_iter it;

    fprintf(out, "IGVM format %" PRIu32 ", %" PRIu32 " bytes\n", file->version,
            file->size);
    fprintf(out, "%-8s  %-20s %s\n", "mask", "header", "content");
    igvm_iter_init(&it, file, ~0u);
    while (igvm_next(&it, &h)) {
        if (h.type == IGVM_VHT_PAGE_DATA) {
            add_page(&run, &h, out);
            continue;
        }
        show_run(&run, out);
        run.pages = 0;
        if (h.compatibility_mask == ~0u) {
            fprintf(out, "%-8s", "-");
        } else {
            fprintf(out, "%08" PRIx32, h.compatibility_mask);
        }
        fprintf(out, "  %-20s ", igvm_type_name(h.type));
        show_content(&h, out);
        fputc('\n', out);
    }
    show_run(&run, out);
}
