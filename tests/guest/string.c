/* SPDX-License-Identifier: MIT */
/*
 * REP MOVS and REP STOS (APM volume 3, "MOVS", "STOS", "Repeat Prefixes"): what
 * they leave in memory and in the registers, against loops that move one
 * element after the other. The emulator takes many elements at once where it
 * can; nobody may be able to tell.
 */
#include "tests/guest/guest.h"

#define AREA (4 * PAGE)

static uint8_t *source, *target, *wanted; /* AREA bytes each, contiguous */

struct string {
    uint64_t rsi, rdi, rcx;
    uint64_t rax;
    unsigned int size;
    bool stos, backward;
};

#define EXECUTE(s, insn)                                                       \
    __asm__ volatile(insn                                                      \
                     : "+S"((s)->rsi), "+D"((s)->rdi), "+c"((s)->rcx)          \
                     : "a"((s)->rax)                                           \
                     : "memory")

static uint64_t rdtsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static void execute_movs(struct string *s)
{
    switch (s->size) {
    case 1:
        EXECUTE(s, "rep movsb");
        break;
    case 2:
        EXECUTE(s, "rep movsw");
        break;
    case 4:
        EXECUTE(s, "rep movsl");
        break;
    default:
        EXECUTE(s, "rep movsq");
    }
}

static void execute_stos(struct string *s)
{
    switch (s->size) {
    case 1:
        EXECUTE(s, "rep stosb");
        break;
    case 2:
        EXECUTE(s, "rep stosw");
        break;
    case 4:
        EXECUTE(s, "rep stosl");
        break;
    default:
        EXECUTE(s, "rep stosq");
    }
}

static void execute(void *arg)
{
    struct string *s = arg;

    if (s->backward) {
        __asm__ volatile("std");
    }
    if (s->stos) {
        execute_stos(s);
    } else {
        execute_movs(s);
    }
    __asm__ volatile("cld");
}

/* The same by the definition: one element, then the next. */
static void define(struct string *s)
{
    int64_t step = s->backward ? -(int64_t)s->size : (int64_t)s->size;
    volatile uint8_t *to;
    uint8_t element[8];

    for (; s->rcx > 0; s->rcx--) {
        to = (uint8_t *)s->rdi;
        for (unsigned int i = 0; i < s->size; i++) {
            element[i] = s->stos ? (uint8_t)(s->rax >> (8 * i))
                                 : ((volatile uint8_t *)s->rsi)[i];
        }
        for (unsigned int i = 0; i < s->size; i++) {
            to[i] = element[i];
        }
        s->rdi += (uint64_t)step;
        s->rsi += s->stos ? 0 : (uint64_t)step;
    }
}

static void prepare(void)
{
    for (unsigned int i = 0; i < AREA; i++) {
        source[i] = (uint8_t)(i * 7 + i / 256);
        target[i] = wanted[i] = (uint8_t)(0xa5 ^ i);
    }
}

static bool equal(const struct string *a, const struct string *b,
                  uint64_t shift)
{
    return a->rcx == 0 && a->rdi == b->rdi - shift && a->rsi == b->rsi &&
           memcmp(target, wanted, AREA) == 0;
}

/* From `from` bytes into the source to `to` bytes into the target. */
static bool same(struct string s, unsigned int from, unsigned int to,
                 uint64_t count)
{
    struct string model = s;

    prepare();
    s.rsi = model.rsi = (uint64_t)source + from;
    s.rdi = (uint64_t)target + to;
    model.rdi = (uint64_t)wanted + to;
    s.rcx = model.rcx = count;
    execute(&s);
    define(&model);
    return equal(&s, &model, (uint64_t)(wanted - target));
}

static void sizes(bool stos, const char *what)
{
    static const unsigned int offsets[] = {
        0, 1, 7, 8, PAGE - 8, PAGE - 3, PAGE
    };
    static const unsigned int bytes[] = {
        0, 8, 16, 32, 40, 64, 1000, PAGE, 2 * PAGE, 2 * PAGE + 24
    };
    unsigned int wrong = 0;

    for (unsigned int size = 1; size <= 8; size *= 2) {
        for (unsigned int i = 0; i < sizeof(offsets) / sizeof(offsets[0]);
             i++) {
            for (unsigned int j = 0; j < sizeof(bytes) / sizeof(bytes[0]);
                 j++) {
                struct string s = { .size = size,
                                    .stos = stos,
                                    .rax = 0x1122334455667788 };

                wrong += !same(s, offsets[j % 7], offsets[i], bytes[j] / size);
            }
        }
    }
    report(wrong == 0, "%s of every size, from and to every place (%u wrong)",
           what, wrong);
}

/* The target begins within what is still to be read. */
static void overlap(void)
{
    static const unsigned int distance[] = { 1,        2,    3,       8,
                                             16,       31,   64,      100,
                                             PAGE - 1, PAGE, PAGE + 5 };
    unsigned int wrong = 0;

    for (unsigned int size = 1; size <= 8; size *= 2) {
        for (unsigned int i = 0; i < sizeof(distance) / sizeof(distance[0]);
             i++) {
            struct string s = { .size = size }, model;

            prepare();
            memcpy(target, source, AREA);
            memcpy(wanted, source, AREA);
            s.rsi = (uint64_t)target;
            s.rcx = 2 * PAGE / size;
            model = s;
            model.rsi = (uint64_t)wanted;
            s.rdi = s.rsi + distance[i];
            model.rdi = model.rsi + distance[i];
            execute(&s);
            define(&model);
            wrong += s.rcx != 0 || memcmp(target, wanted, AREA) != 0;
        }
    }
    report(wrong == 0, "a copy over what it still has to read (%u wrong)",
           wrong);
}

static void backward(void)
{
    struct string movs = { .size = 8, .backward = true };
    struct string stos = {
        .size = 4, .backward = true, .stos = true, .rax = 0x01020304
    };

    report(same(movs, 2 * PAGE, 2 * PAGE + 16, 500), "REP MOVSQ with DF");
    report(same(stos, 0, 2 * PAGE, 1000), "REP STOSD with DF");
}

/* The page after the target's first two is not there; `off`: the element that
 * meets it begins before it. */
static void fault(bool stos, unsigned int off, const char *what)
{
    struct string s = { .size = 8, .stos = stos, .rax = 0x5a5a5a5a5a5a5a5a };
    uint8_t *gone = target + 2 * PAGE;
    uint64_t pte = *page_pte(gone), whole = (2 * PAGE - off) & ~7ull;

    prepare();
    memcpy(wanted + off, stos ? memset(wanted + off, 0x5a, whole) : source,
           whole);
    page_map(gone, 0, 0);
    s.rsi = (uint64_t)source;
    s.rdi = (uint64_t)target + off;
    s.rcx = 3 * PAGE / 8;
    report(trap_catch(execute, &s) && last_trap.vector == TRAP_PF &&
               last_trap.cr2 == (uint64_t)gone,
           "%s faults at the first byte that is not there", what);
    __asm__ volatile("cld");
    page_map(gone, pte, 0);
    report(memcmp(target, wanted, 2 * PAGE) == 0 &&
               gone[0] == (uint8_t)(0xa5 ^ (2 * PAGE & 0xff)),
           "%s has written all before it and nothing after", what);
}

static void large(void)
{
    uint8_t *area = large_raw();
    struct string s = { .size = 1, .rsi = (uint64_t)area };
    const uint64_t half = SNP_LARGE_PAGE_SIZE / 2;
    struct string fill = { .size = 8,
                           .stos = true,
                           .rdi = (uint64_t)area,
                           .rax = 0x0807060504030201 };

    if (pvalidate(area, true, true).eax != SNP_OK) {
        report(false, "2 MiB can be validated");
        return;
    }
    fill.rcx = half / 8;
    execute(&fill);
    area[half - 1] = 0x77;
    s.rdi = s.rsi + half;
    s.rcx = half;
    execute(&s);
    report(fill.rcx == 0 && s.rcx == 0 && s.rdi == (uint64_t)area + 2 * half &&
               memcmp(area, area + half, half) == 0 && area[half] == 1 &&
               area[half + 9] == 2 && area[2 * half - 1] == 0x77,
           "1 MiB is filled and copied");
}

static uint64_t cycles(struct string s)
{
    uint64_t best = ~0ull;

    for (unsigned int i = 0; i < 5; i++) {
        struct string again = s;
        uint64_t began = rdtsc();

        execute(&again);
        began = rdtsc() - began;
        best = began < best ? began : best;
    }
    return best;
}

/* Backward is one element after the other; forward is to be quicker by far,
 * however much there is. */
static void quick(void)
{
    uint8_t *from = large_raw();
    const uint64_t half = SNP_LARGE_PAGE_SIZE / 2, size = half - PAGE;
    struct string s = { .size = 1,
                        .rsi = (uint64_t)from + size - 1,
                        .rdi = (uint64_t)from + half + size - 1,
                        .rcx = size,
                        .backward = true };
    uint64_t slow;

    if (pvalidate(from, true, true).eax != SNP_OK) {
        report(false, "2 MiB can be validated");
        return;
    }
    slow = cycles(s);
    s.backward = false;
    s.rsi = (uint64_t)from;
    s.rdi = (uint64_t)from + half;
    report(cycles(s) < slow / 4, "1 MiB by REP MOVSB is quick");
    s.stos = true;
    report(cycles(s) < slow / 4, "1 MiB by REP STOSB is quick");
}

static void shared(void)
{
    uint8_t *page = page_share(page_alloc());
    struct string s = { .size = 8,
                        .rsi = (uint64_t)source,
                        .rdi = (uint64_t)page,
                        .rcx = PAGE / 8 };

    prepare();
    execute(&s);
    report(s.rcx == 0 && memcmp(page, source, PAGE) == 0,
           "from private to shared memory");
}

static uint8_t *area(void)
{
    uint8_t *first = page_alloc(), *last = first;

    for (unsigned int i = 1; i < AREA / PAGE; i++) {
        uint8_t *page = page_alloc();

        if (page != last + PAGE) {
            first = page;
            i = 0;
        }
        last = page;
    }
    return first;
}

void guest_main(void)
{
    source = area();
    target = area();
    wanted = area();
    sizes(false, "REP MOVS");
    sizes(true, "REP STOS");
    overlap();
    backward();
    fault(false, 0, "REP MOVSQ");
    fault(true, 0, "REP STOSQ");
    fault(false, 3, "REP MOVSQ, misaligned,");
    fault(true, 3, "REP STOSQ, misaligned,");
    large();
    quick();
    shared();
}
