/* SPDX-License-Identifier: MIT */
/*
 * Port and memory I/O on the GHCB page: string instructions both ways in all
 * sizes, MMIO of all lengths, and the bounds of the shared buffer
 * (GHCB 4.1.2, 4.1.3; sw_scratch: 4.1).
 */
#include "tests/guest/guest.h"

#define START (SVSM_GHCB_GPA + 0x800)
#define END (START + GHCB_BUFFER_SIZE)
#define CMOS 0x70
#define PCI_ADDRESS 0xcf8

static bool failed(uint64_t result, unsigned int error)
{
    return (uint32_t)result == GHCB_RESULT_ERROR &&
           ghcb->sw_exit_info_2 == error;
}

/* What INS or OUTS with REP asks for. */
static uint64_t string_io(uint16_t port, bool in, unsigned int size,
                          uint64_t count, uint64_t scratch)
{
    ghcb_begin();
    GHCB_SET(sw_scratch, scratch);
    return ghcb_call(SVM_EXIT_IOIO,
                     (uint64_t)port << GHCB_IOIO_PORT_SHIFT | GHCB_IOIO_STR |
                         GHCB_IOIO_REP | size << 4 | 1u << 9 |
                         (in ? GHCB_IOIO_IN : 0),
                     count);
}

static volatile uint8_t *buffer(unsigned int offset)
{
    return (volatile uint8_t *)ghcb->shared_buffer + offset;
}

static uint64_t value_at(unsigned int offset, unsigned int size)
{
    uint64_t value = 0;

    memcpy(&value, (void *)buffer(offset), size);
    return value;
}

static void put(unsigned int offset, unsigned int size, uint64_t value)
{
    memcpy((void *)buffer(offset), &value, size);
}

/* ---- string I/O ---- */

/* The last element that is written is the one that stays; it is read back n
 * times. */
static void check_cmos(void)
{
    for (unsigned int i = 0; i < 5; i++) {
        put(i, 1, 0x20 + i);
    }
    report(string_io(CMOS, false, 1, 5, START) == 0, "OUTSB, 5 of them");
    io_out(CMOS + 1, 1, 0x5a);
    io_out(CMOS, 1, 0x24);
    report((uint8_t)io_in(CMOS + 1, 1) == 0x5a, "the last one went last");
    memset((void *)buffer(0), 0, 16);
    report(string_io(CMOS + 1, true, 1, 5, START + 3) == 0 &&
               value_at(0, 3) == 0 && value_at(3, 5) == 0x5a5a5a5a5a &&
               value_at(8, 8) == 0,
           "INSB, 5 of them at offset 3, and nothing beside");
}

static void check_pci(void)
{
    put(0, 4, 0x80000004);
    put(4, 4, 0x80000000);
    report(string_io(PCI_ADDRESS, false, 4, 2, START) == 0 &&
               io_in(PCI_ADDRESS, 4) == 0x80000000,
           "OUTSD, 2 of them");
    memset((void *)buffer(0), 0xee, 16);
    report(string_io(PCI_ADDRESS + 4, true, 4, 2, START) == 0 &&
               (value_at(0, 8) & 0xffff0000ffff) == 0x808600008086 &&
               value_at(8, 8) == 0xeeeeeeeeeeeeeeee,
           "INSD, 2 of them: the bridge's vendor twice");
    memset((void *)buffer(0), 0xee, 16);
    report(string_io(PCI_ADDRESS + 4, true, 2, 3, START) == 0 &&
               value_at(0, 6) == 0x808680868086 && value_at(6, 2) == 0xeeee,
           "INSW, 3 of them");
    /* The command register's SERR# enable comes back; it does nothing here. */
    io_out(PCI_ADDRESS, 4, 0x80000004);
    put(0, 2, 0);
    put(2, 2, 0x100);
    report(string_io(PCI_ADDRESS + 4, false, 2, 2, START) == 0 &&
               (io_in(PCI_ADDRESS + 4, 2) & 0x100),
           "OUTSW, 2 of them");
}

static void check_string_limits(void)
{
    static const unsigned int sizes[] = { 1, 2, 4 };

    for (unsigned int i = 0; i < 3; i++) {
        unsigned int size = sizes[i];
        uint64_t most = GHCB_BUFFER_SIZE / size;

        memset((void *)buffer(0), 0, GHCB_BUFFER_SIZE);
        report(string_io(0x5555, true, size, most, START) == 0 &&
                   *buffer(GHCB_BUFFER_SIZE - 1) == 0xff,
               "INS of %u bytes fills the buffer", size);
        report(failed(string_io(0x5555, true, size, most + 1, START),
                      GHCB_ERR_INVALID_SCRATCH),
               "one element of %u bytes more: 3", size);
        report(failed(string_io(0x5555, true, size, 1, END - size + 1),
                      GHCB_ERR_INVALID_SCRATCH),
               "an element of %u bytes over the end: 3", size);
        report(string_io(0x5555, true, size, 1, END - size) == 0,
               "an element of %u bytes at the end", size);
        report(failed(string_io(0x5555, true, size, 1ull << 62, START),
                      GHCB_ERR_INVALID_SCRATCH),
               "2^62 elements of %u bytes: 3", size);
        report(failed(string_io(0x5555, false, size, (1ull << 32) | 1, START),
                      GHCB_ERR_INVALID_SCRATCH),
               "2^32 + 1 elements of %u bytes: 3", size);
    }
    put(0, 8, 0x1122334455667788);
    report(string_io(0x5555, true, 4, 0, START) == 0 &&
               value_at(0, 8) == 0x1122334455667788,
           "no element: nothing happens");
}

/* ---- where sw_scratch may point ---- */

static void check_scratch(void)
{
    const uint64_t shared = (uint64_t)page_share(page_alloc());
    const struct {
        const char *name;
        uint64_t at;
    } bad[] = {
        { "0", 0 },
        { "the fields", SVSM_GHCB_GPA + 0x1f8 },
        { "the byte before the buffer", START - 1 },
        { "the byte after the buffer", END },
        { "the version", SVSM_GHCB_GPA + 0xffa },
        { "another shared page", shared + 0x800 },
        { "a private page", (uint64_t)boot->heap_base },
        { "no memory", 0x7f00000800 },
        { "the end of addresses", ~0ull },
    };

    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bool string = failed(string_io(0x5555, true, 1, 1, bad[i].at),
                             GHCB_ERR_INVALID_SCRATCH);

        ghcb_begin();
        GHCB_SET(sw_scratch, bad[i].at);
        report(string && failed(ghcb_call(GHCB_NAE_MMIO_READ, 0xfee00030, 4),
                                GHCB_ERR_INVALID_SCRATCH),
               "scratch at %s: 3", bad[i].name);
    }
    report(*(volatile uint8_t *)(shared + 0x800) == 0,
           "the other shared page was not written");
}

/* ---- single I/O ---- */

static uint64_t io(uint16_t port, unsigned int size, bool in, uint64_t rax)
{
    ghcb_begin();
    GHCB_SET(rax, rax);
    ghcb_call(SVM_EXIT_IOIO,
              (uint64_t)port << GHCB_IOIO_PORT_SHIFT | size << 4 |
                  (in ? GHCB_IOIO_IN : 0),
              0);
    return ghcb->rax;
}

static void check_registers(void)
{
    io(PCI_ADDRESS, 4, false, 0xffffffff80000000);
    report(io(PCI_ADDRESS + 4, 2, true, 0x1122334455667788) ==
               0x1122334455668086,
           "IN of 2 bytes keeps the others of RAX");
    report((io(PCI_ADDRESS + 4, 1, true, 0x1122334455667788)) ==
               0x1122334455667786,
           "IN of 1 byte");
    report((io(PCI_ADDRESS + 4, 4, true, 0x1122334455667788) &
            0xffffffff0000ffff) == 0x8086,
           "IN of 4 bytes clears the upper half");
    report(io(0x5555, 4, true, 0) == 0xffffffff,
           "a port without a device: all ones");
}

/* ---- MMIO ---- */

static uint64_t mmio(bool write, uint64_t gpa, uint64_t len, uint64_t scratch)
{
    ghcb_begin();
    GHCB_SET(sw_scratch, scratch);
    return ghcb_call(write ? GHCB_NAE_MMIO_WRITE : GHCB_NAE_MMIO_READ, gpa,
                     len);
}

/* HPET: main counter value, 64 bits wide; stopped, it keeps what is written. */
#define HPET_COUNTER 0xfed000f0
#define VALUE 0x8877665544332211

static void check_mmio_sizes(void)
{
    put(0, 8, VALUE);
    report(mmio(true, HPET_COUNTER, 8, START) == 0, "MMIO write of 8 bytes");
    memset((void *)buffer(0), 0, 16);
    report(mmio(false, HPET_COUNTER, 8, START) == 0 && value_at(0, 8) == VALUE,
           "MMIO read of 8 bytes");
    memset((void *)buffer(0), 0, 16);
    report(mmio(false, HPET_COUNTER + 4, 4, START + 5) == 0 &&
               value_at(5, 4) == VALUE >> 32 && value_at(0, 5) == 0 &&
               value_at(9, 7) == 0,
           "MMIO read of 4 bytes at offset 5 of the buffer");
    put(0, 4, 0xdeadbeef);
    report(mmio(true, HPET_COUNTER, 4, START) == 0 &&
               mmio(false, HPET_COUNTER, 8, START) == 0 &&
               value_at(0, 8) == ((VALUE >> 32) << 32 | 0xdeadbeef),
           "MMIO write of 4 bytes leaves the other half");
}

/* 0xc0000: on this machine ROM or nothing; lengths that no register has. */
static void check_mmio_lengths(void)
{
    report(mmio(false, 0xfffffff0, 1, START) == 0 &&
               mmio(false, 0xfffffff0, 2, START) == 0 &&
               mmio(false, 0xfffffff0, 3, START) == 0 &&
               mmio(false, 0xfffffff0, 16, START) == 0,
           "MMIO reads of 1, 2, 3 and 16 bytes");
    report(mmio(false, 0xfffff000, GHCB_BUFFER_SIZE, START) == 0,
           "MMIO read that fills the buffer");
    report(failed(mmio(false, 0xfffff000, GHCB_BUFFER_SIZE + 1, START),
                  GHCB_ERR_INVALID_SCRATCH),
           "one byte more: 3");
    report(
        failed(mmio(false, 0xfffff000, 8, END - 7), GHCB_ERR_INVALID_SCRATCH),
        "over the end of the buffer: 3");
    report(
        failed(mmio(true, 0xfffff000, ~0ull, START), GHCB_ERR_INVALID_SCRATCH),
        "2^64 - 1 bytes: 3");
    report(failed(mmio(false, 0xfffff000, 0, START), GHCB_ERR_INVALID_INPUT),
           "no byte: 5");
    report(mmio(false, 0xf000000000, 4, START) == 0,
           "where there is no device: no error");
}

void guest_main(void)
{
    check_registers();
    check_cmos();
    check_pci();
    check_string_limits();
    check_scratch();
    check_mmio_sizes();
    check_mmio_lengths();
}
