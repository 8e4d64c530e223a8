/*
 * The monitor's view of an emulated SEV-SNP guest
 *
 * Tests search memory twice: as the host sees it (shared), and as the guest
 * does (private), to prove that a secret is in the second and not in the
 * first. The second is what no host can do, so it must be asked for.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "hw/core/cpu.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-misc-target.h"
#include "qapi/type-helpers.h"
#include "qemu/base64.h"
#include "qemu/rcu.h"
#include "qemu/units.h"
#include "host.h"
#include "rmp.h"

#define SEARCH_HITS_MAX 1024
#define READ_MAX MiB

/* ---- info snp ---- */

static void print_vcpu(GString *buf, CPUState *cs)
{
    SnpVcpu *v = X86_CPU(cs)->snp;

    g_string_append_printf(buf, "vCPU %d: ", cs->cpu_index);
    if (v->started) {
        g_string_append_printf(buf, "runs VMPL%u%s, SEV features 0x%" PRIx64,
                               v->vmpl, cs->halted ? " (halted)" : "",
                               v->sev_features);
    } else {
        g_string_append(buf, "not started");
    }
    for (int i = 0; i < SNP_VMPL_COUNT; i++) {
        const SnpLevel *level = &v->level[i];

        if (level->vmsa_host) {
            g_string_append_printf(buf, "; VMPL%d: launch VMSA", i);
        } else if (level->vmsa_gpa != SNP_NO_GPA) {
            g_string_append_printf(buf, "; VMPL%d: VMSA 0x%" HWADDR_PRIx, i,
                                   level->vmsa_gpa);
        }
        if (level->ghcb_gpa != SNP_NO_GPA) {
            g_string_append_printf(buf, "; VMPL%d: GHCB 0x%" HWADDR_PRIx, i,
                                   level->ghcb_gpa);
        }
    }
    g_string_append_c(buf, '\n');
}

static void print_launch(GString *buf, SevSnpEmulated *s)
{
    g_string_append_printf(buf, "policy: 0x%" PRIx64 ", private memory %s, "
                           "%s\n", snp_vm->policy,
                           snp_vm->debug_read ? "readable by the monitor"
                                              : "closed",
                           snp_vm->locked ? "never swapped out"
                                          : "not locked into RAM");
    g_string_append(buf, "launch digest: ");
    if (s->launch_finished) {
        for (int i = 0; i < SNP_LAUNCH_DIGEST_SIZE; i++) {
            g_string_append_printf(buf, "%02x", s->sp.measurement[i]);
        }
    } else {
        g_string_append(buf, "not finished");
    }
    g_string_append_c(buf, '\n');
}

HumanReadableText *qmp_x_query_snp(Error **errp)
{
    g_autoptr(GString) buf = g_string_new("");
    RmpCounts counts;
    CPUState *cs;

    if (!snp_on()) {
        g_string_append(buf, "no emulated SEV-SNP guest\n");
        return human_readable_text_from_str(buf);
    }
    print_launch(buf, snp_object());
    CPU_FOREACH(cs) {
        print_vcpu(buf, cs);
    }
    rmp_count(snp_vm->rmp, &counts);
    g_string_append_printf(buf, "RMP: %" PRIu64 " pages, %" PRIu64
                           " assigned, %" PRIu64 " validated, %" PRIu64
                           " in large entries, %" PRIu64 " VMSA\n",
                           counts.pages, counts.assigned, counts.validated,
                           counts.large, counts.vmsa);
    g_string_append_printf(buf, "VMGEXIT %" PRIu64 ", VMPL switches %" PRIu64
                           ", page state changes %" PRIu64 ", PVALIDATE %"
                           PRIu64 "\n", snp_vm->vmgexits,
                           snp_vm->vmpl_switches, snp_vm->page_state_changes,
                           snp_vm->pvalidates);
    return human_readable_text_from_str(buf);
}

/* ---- Memory, for tests ---- */

/* NULL with an error unless the monitor may look into @space. */
static AddressSpace *open_space(SnpMemorySpace space, Error **errp)
{
    if (space == SNP_MEMORY_SPACE_SHARED) {
        return &address_space_memory;
    }
    if (!snp_on()) {
        error_setg(errp, "no emulated SEV-SNP guest");
    } else if (!snp_vm->debug_read) {
        error_setg(errp, "private memory is closed: neither the guest policy "
                   "permits debugging nor was debug-read=on given");
    } else {
        return &snp_vm->private_as;
    }
    return NULL;
}

typedef struct Search {
    const guchar *pattern;
    gsize size;
    SnpSearchResult *result;
    uint64List **tail;
    unsigned hits;
} Search;

static bool search_range(Int128 start, Int128 len, const MemoryRegion *mr,
                         hwaddr offset_in_region, void *opaque)
{
    Search *s = opaque;
    const uint8_t *host, *from, *hit;
    size_t left;

    if (!memory_region_is_ram((MemoryRegion *)mr) ||
        memory_region_is_ram_device((MemoryRegion *)mr)) {
        return false;
    }
    host = memory_region_get_ram_ptr((MemoryRegion *)mr);
    from = host += offset_in_region;
    left = int128_get64(len);

    while ((hit = memmem(from, left, s->pattern, s->size))) {
        if (s->hits++ == SEARCH_HITS_MAX) {
            s->result->more = true;
            return true;
        }
        QAPI_LIST_APPEND(s->tail, int128_get64(start) + (hit - host));
        left -= hit + 1 - from;
        from = hit + 1;
    }
    return false;
}

SnpSearchResult *qmp_x_query_snp_search(SnpMemorySpace space,
                                        const char *pattern, Error **errp)
{
    AddressSpace *as = open_space(space, errp);
    g_autofree guchar *bytes = NULL;
    Search s;

    if (!as) {
        return NULL;
    }
    bytes = qbase64_decode(pattern, -1, &s.size, errp);
    if (!bytes) {
        return NULL;
    }
    if (s.size < 4) {
        error_setg(errp, "a pattern has at least 4 bytes");
        return NULL;
    }
    s.pattern = bytes;
    s.hits = 0;
    s.result = g_new0(SnpSearchResult, 1);
    s.tail = &s.result->gpas;

    RCU_READ_LOCK_GUARD();
    flatview_for_each_range(address_space_to_flatview(as), search_range, &s);
    return s.result;
}

SnpMemory *qmp_x_query_snp_memory(SnpMemorySpace space, uint64_t gpa,
                                  uint64_t size, Error **errp)
{
    AddressSpace *as = open_space(space, errp);
    g_autofree guchar *bytes = NULL;
    SnpMemory *result;
    bool ok;

    if (!as) {
        return NULL;
    }
    if (!size || size > READ_MAX) {
        error_setg(errp, "size must be from 1 to %u", (unsigned)READ_MAX);
        return NULL;
    }
    bytes = g_malloc(size);
    ok = space == SNP_MEMORY_SPACE_SHARED ? snp_shared_read(gpa, bytes, size)
                                          : snp_private_read(gpa, bytes, size);
    if (!ok) {
        error_setg(errp, "no %s memory at 0x%" PRIx64,
                   SnpMemorySpace_str(space), gpa);
        return NULL;
    }
    result = g_new0(SnpMemory, 1);
    result->data = g_base64_encode(bytes, size);
    return result;
}
