/* SPDX-License-Identifier: MIT */
/* Guest memory access and permissions. */
#include "svsm/guest_mem.h"

#include "evtpm/snp.h"
#include "svsm/kva.h"
#include "svsm/rmp.h"
#include "svsm/vcpu.h"

struct memmap guest_map;
unsigned guest_vmpl;

bool guest_range_ok(uint64_t gpa, uint64_t size)
{
    return memmap_is_guest(&guest_map, gpa, size) && !vcpu_owns_vmsa(gpa, size);
}

void *guest_window(uint64_t gpa, bool large)
{
    return large ? window_large(gpa) : window_small(gpa);
}

static int copy_pages(uint8_t *buffer, uint64_t gpa, size_t size, bool write)
{
    int result = 0;

    if (size != 0 && !guest_range_ok(gpa, size)) {
        return -1;
    }
    while (size && result == 0) {
        size_t offset = gpa % SNP_PAGE_SIZE;
        size_t n = SNP_PAGE_SIZE - offset;
        uint8_t *page = window_small(gpa - offset);

        n = n < size ? n : size;
        result = write ? guest_copy(page + offset, buffer, n)
                       : guest_copy(buffer, page + offset, n);
        buffer += n;
        gpa += n;
        size -= n;
    }
    window_close();
    return result;
}

int guest_read(void *to, uint64_t gpa, size_t size)
{
    int result;

    read_lock(&vcpu_lock);
    result = copy_pages(to, gpa, size, false);
    read_unlock(&vcpu_lock);
    return result;
}

int guest_write(uint64_t gpa, const void *from, size_t size)
{
    int result;

    read_lock(&vcpu_lock);
    result = guest_write_locked(gpa, from, size);
    read_unlock(&vcpu_lock);
    return result;
}

int guest_write_locked(uint64_t gpa, const void *from, size_t size)
{
    return copy_pages((uint8_t *)from, gpa, size, true);
}

uint32_t guest_page_grant(uint64_t gpa, bool large)
{
    return rmp_adjust((uint64_t)guest_window(gpa, large), large, guest_vmpl,
                      RMP_PERM_ALL, false);
}

uint32_t guest_page_revoke(uint64_t gpa, bool large)
{
    uint64_t va = (uint64_t)guest_window(gpa, large);
    uint32_t result = SNP_OK;

    for (unsigned vmpl = guest_vmpl; vmpl < SNP_VMPL_COUNT && result == SNP_OK;
         vmpl++) {
        result = rmp_adjust(va, large, vmpl, 0, false);
    }
    return result;
}
