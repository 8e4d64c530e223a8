/* SPDX-License-Identifier: MIT */
/* ELF parser: one header field wrong at a time; and the console's formatter. */
#include <elf.h>
#include <glib.h>
#include <string.h>

#include "svsm/elf.h"
#include "svsm/format.h"

#define LOW 0x10000
#define HIGH 0x1000000000ull

struct sample {
    Elf64_Ehdr h;
    Elf64_Phdr ph[3];
    guint8 data[64];
};

static struct sample sample_new(void)
{
    struct sample s = { 0 };

    memcpy(s.h.e_ident, ELFMAG, SELFMAG);
    s.h.e_ident[EI_CLASS] = ELFCLASS64;
    s.h.e_ident[EI_DATA] = ELFDATA2LSB;
    s.h.e_ident[EI_VERSION] = EV_CURRENT;
    s.h.e_type = ET_EXEC;
    s.h.e_machine = EM_X86_64;
    s.h.e_entry = 0x400100;
    s.h.e_phoff = sizeof(s.h);
    s.h.e_phentsize = sizeof(s.ph[0]);
    s.h.e_phnum = 3;
    s.ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
                            .p_vaddr = 0x400000, .p_filesz = sizeof(s),
                            .p_memsz = sizeof(s) };
    s.ph[1] = (Elf64_Phdr){ .p_type = PT_NOTE };
    s.ph[2] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W,
                            .p_vaddr = 0x500ff0, .p_offset = sizeof(s) - 64,
                            .p_filesz = 64, .p_memsz = 0x3000 };
    return s;
}

static const char *parse(const struct sample *s, gsize size)
{
    struct elf_image image;
    g_autofree guint8 *copy = g_memdup2(s, size); /* exact, for ASan */

    return elf_parse(&image, copy, size, LOW, HIGH);
}

static void test_good(void)
{
    struct sample s = sample_new();
    struct elf_image image;

    g_assert_cmpstr(elf_parse(&image, (guint8 *)&s, sizeof(s), LOW, HIGH), ==,
                    NULL);
    g_assert_cmpuint(image.count, ==, 2);
    g_assert_cmphex(image.entry, ==, 0x400100);
    g_assert_cmphex(image.phdr_va, ==, 0x400040);
    g_assert_cmphex(image.end, ==, 0x503ff0);
    g_assert_true(image.segment[0].execute && !image.segment[0].write);
    g_assert_true(image.segment[1].write && !image.segment[1].execute);
}

static void test_bad(void)
{
    struct sample s;

#define REFUSED(member, value, why)                              \
    do {                                                         \
        s = sample_new();                                        \
        s.member = (value);                                      \
        g_assert_cmpstr(parse(&s, sizeof(s)), ==, why);          \
    } while (0)
    REFUSED(h.e_ident[0], 0, "not ELF64 for x86-64");
    REFUSED(h.e_ident[EI_CLASS], ELFCLASS32, "not ELF64 for x86-64");
    REFUSED(h.e_machine, EM_AARCH64, "not ELF64 for x86-64");
    REFUSED(h.e_type, ET_DYN, "not a static executable");
    REFUSED(h.e_phoff, sizeof(s), "program headers exceed the file");
    REFUSED(h.e_phoff, UINT64_MAX, "program headers exceed the file");
    REFUSED(h.e_phnum, 4000, "program headers exceed the file");
    REFUSED(h.e_phentsize, 32, "program headers exceed the file");
    REFUSED(h.e_phnum, 0, "no segment to load");
    REFUSED(ph[2].p_filesz, 65, "segment exceeds the file");
    REFUSED(ph[2].p_offset, UINT64_MAX, "segment exceeds the file");
    REFUSED(ph[2].p_memsz, 63, "segment exceeds the file");
    REFUSED(ph[2].p_vaddr, LOW - 1, "segment outside the address space");
    REFUSED(ph[2].p_vaddr, HIGH, "segment outside the address space");
    REFUSED(ph[2].p_vaddr, UINT64_MAX, "segment outside the address space");
    REFUSED(ph[2].p_memsz, UINT64_MAX, "segment outside the address space");
    REFUSED(ph[2].p_flags, PF_W | PF_X,
            "segment both writable and executable");
#undef REFUSED
    s = sample_new();
    g_assert_cmpstr(parse(&s, 10), ==, "shorter than an ELF header");
    for (gsize size = 1; size < sizeof(s); size++) {
        g_assert_nonnull(parse(&s, size));
    }
}

static gsize format(char *to, gsize size, const char *f, ...)
{
    va_list args;
    gsize n;

    va_start(args, f);
    n = format_text(to, size, f, args);
    va_end(args);
    return n;
}

static void test_format(void)
{
    char text[64];

    format(text, sizeof(text), "%s %c %d %u %x|%02x|%016lx|%zu%%", "a", 'b',
           -5, 7u, 0xbeefu, 0xau, 0x123456789abcdeful, (size_t)99);
    g_assert_cmpstr(text, ==, "a b -5 7 beef|0a|0123456789abcdef|99%");
    format(text, sizeof(text), "%ld %d", INT64_MIN, 0);
    g_assert_cmpstr(text, ==, "-9223372036854775808 0");
    g_assert_cmpuint(format(text, 4, "%s", "abcdef"), ==, 3);
    g_assert_cmpstr(text, ==, "abc");
    format(text, sizeof(text), "50%");
    g_assert_cmpstr(text, ==, "50?");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/svsm/elf/good", test_good);
    g_test_add_func("/svsm/elf/bad", test_bad);
    g_test_add_func("/svsm/format", test_format);
    return g_test_run();
}
