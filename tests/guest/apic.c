/* SPDX-License-Identifier: MIT */
/* Test guests: the local APIC, through MMIO events on the GHCB page. */
#include "tests/guest/guest.h"

#define APIC 0xfee00000u

void apic_write(uint32_t reg, uint32_t value)
{
    ghcb_begin();
    *(volatile uint32_t *)ghcb->shared_buffer = value;
    GHCB_SET(sw_scratch, SVSM_GHCB_GPA + 0x800);
    if (ghcb_call(GHCB_NAE_MMIO_WRITE, APIC + reg, 4) != 0) {
        report(false, "APIC register 0x%x can be written", reg);
    }
}

uint32_t apic_read(uint32_t reg)
{
    ghcb_begin();
    GHCB_SET(sw_scratch, SVSM_GHCB_GPA + 0x800);
    if (ghcb_call(GHCB_NAE_MMIO_READ, APIC + reg, 4) != 0) {
        report(false, "APIC register 0x%x can be read", reg);
    }
    return *(volatile uint32_t *)ghcb->shared_buffer;
}
