/* SPDX-License-Identifier: MIT */
/*
 * TSC as the clock. Its frequency comes from the processor with Secure TSC;
 * without, from 10 ms of the PIT, which the host owns: a host can make this
 * clock fast or slow, never change what the TPM signs or unseals otherwise.
 */
#include "svsm/clock.h"

#include "evtpm/snp.h"
#include "svsm/cpu.h"
#include "svsm/ghcb.h"

#define PIT_HZ 1193182
#define PIT_COUNT (PIT_HZ / 100)
#define PIT_CHANNEL_2 0x42
#define PIT_MODE 0x43
#define PIT_MODE_ONE_SHOT 0xb0 /* channel 2, low then high byte, mode 0 */
#define PORT_61 0x61
#define PORT_61_GATE 0x01
#define PORT_61_SPEAKER 0x02
#define PORT_61_OUT 0x20
#define PIT_POLLS 200000
#define KHZ_DEFAULT 2000000

static uint64_t start, khz;

static uint64_t measure_khz(void)
{
    uint8_t port = ghcb_io_in8(PORT_61) & ~PORT_61_SPEAKER;
    uint64_t begin, end;

    ghcb_io_out8(PORT_61, port | PORT_61_GATE);
    ghcb_io_out8(PIT_MODE, PIT_MODE_ONE_SHOT);
    ghcb_io_out8(PIT_CHANNEL_2, PIT_COUNT & 0xff);
    ghcb_io_out8(PIT_CHANNEL_2, PIT_COUNT >> 8);
    begin = rdtsc();
    for (unsigned i = 0; i < PIT_POLLS; i++) {
        if (ghcb_io_in8(PORT_61) & PORT_61_OUT) {
            end = rdtsc();
            return i > 0 && end > begin ? (end - begin) / 10 : KHZ_DEFAULT;
        }
    }
    return KHZ_DEFAULT;
}

void clock_init(void)
{
    uint64_t features =
        rdmsr(MSR_AMD64_SEV_STATUS) >> SEV_STATUS_FEATURES_SHIFT;

    if (features & SEV_FEATURE_SECURE_TSC) {
        khz = (rdmsr(MSR_AMD64_GUEST_TSC_FREQ) & 0x3ffff) * 1000;
    } else {
        khz = measure_khz();
    }
    khz = khz ? khz : KHZ_DEFAULT;
    start = rdtsc();
}

uint64_t clock_ns(void)
{
    uint64_t ticks = rdtsc() - start;

    /* Seconds and rest apart: the product does not overflow */
    return ticks / (khz * 1000) * 1000000000 +
           ticks % (khz * 1000) * 1000000 / khz;
}
