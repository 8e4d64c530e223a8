/* SPDX-License-Identifier: MIT */
/* Looking at QEMU's RAM from outside. */
#include "tests/e2e/swap.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define LOCKED_SAID "never swapped out"
#define UNLOCKED_SAID "not locked into RAM"

/* A block of RAM in QEMU's address space, and what its mappings are. */
struct block {
    guint64 from, to;
    guint64 mapped, locked, no_dump; /* bytes */
    guint64 swap;                    /* KiB */
};

gboolean swap_may_lock(unsigned mib)
{
    gsize size = (gsize)mib << 20;
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    g_assert_true(p != MAP_FAILED);
    gboolean may = mlock2(p, size, MLOCK_ONFAULT) == 0;
    munmap(p, size);
    return may;
}

static char *hmp(struct vm *vm, const char *command)
{
    g_autoptr(GError) error = NULL;
    char *text = qmp_hmp(&vm->qmp, command, deadline_in(30), &error);
    e2e_check(vm, error);
    return text;
}

/* "NAME 4 KiB OFFSET USED TOTAL HVA RW"; private RAM, which does not migrate,
 * has no name. */
static gboolean block_line(const char *line, char name[64], struct block *b)
{
    guint64 used;
    const char *at = strstr(line, " KiB ");
    *name = '\0';
    if (!at || sscanf(at + 5,
                      "%*x %" G_GINT64_MODIFIER "x %*x "
                      "%" G_GINT64_MODIFIER "x",
                      &used, &b->from) != 2) {
        return FALSE;
    }
    b->to = b->from + used;
    /* the size of a page stands before its unit */
    sscanf(line, "%63s", name);
    if (g_ascii_isdigit(*name)) {
        *name = '\0';
    }
    return used > 0;
}

static GArray *blocks(struct vm *vm, gboolean private)
{
    GArray *list = g_array_new(FALSE, TRUE, sizeof(struct block));
    g_autofree char *text = hmp(vm, "info ramblock");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        struct block b = { 0 };
        char name[64];
        if (block_line(*line, name, &b) &&
            (private ? !*name : strcmp(name, "pc.ram") == 0)) {
            g_array_append_val(list, b);
        }
    }
    return list;
}

/* A mapping's part of each block. */
static void account(GArray *list, guint64 from, guint64 to, guint64 swap,
                    const char *flags)
{
    for (guint i = 0; i < list->len; i++) {
        struct block *b = &g_array_index(list, struct block, i);
        guint64 start = MAX(from, b->from), end = MIN(to, b->to);
        if (start < end) {
            b->mapped += end - start;
            b->locked += strstr(flags, " lo") ? end - start : 0;
            b->no_dump += strstr(flags, " dd") ? end - start : 0;
            b->swap += swap;
        }
    }
}

static void read_mappings(pid_t pid, GArray *list)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/smaps", (int)pid);
    g_autofree char *text = NULL;
    guint64 from = 0, to = 0, swap = 0;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **l = lines; *l; l++) {
        if (g_str_has_prefix(*l, "Swap:")) {
            swap = g_ascii_strtoull(*l + 5 + strspn(*l + 5, " "), NULL, 10);
        } else if (g_str_has_prefix(*l, "VmFlags:")) {
            account(list, from, to, swap, *l + strlen("VmFlags:"));
        } else if (g_ascii_isxdigit(**l)) {
            guint64 a, b;
            if (sscanf(*l, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x",
                       &a, &b) == 2) {
                from = a, to = b;
            }
        }
    }
}

/* The control: RAM that is shared with the host is seen, and not locked. */
static const char *control(struct vm *vm)
{
    g_autoptr(GArray) shared = blocks(vm, FALSE);
    read_mappings(e2e_vm_pid(vm), shared);
    if (shared->len != 1) {
        return "no shared RAM";
    }
    const struct block *b = &g_array_index(shared, struct block, 0);
    return b->mapped != b->to - b->from ? "shared RAM not seen"
           : b->locked                  ? "shared RAM locked"
                                        : NULL;
}

static const char *judge(const GArray *private, guint64 least,
                         gboolean said_locked)
{
    struct block all = { 0 };
    for (guint i = 0; i < private->len; i++) {
        const struct block *b = &g_array_index(private, struct block, i);
        all.to += b->to - b->from;
        all.mapped += b->mapped;
        all.locked += b->locked;
        all.no_dump += b->no_dump;
        all.swap += b->swap;
    }
    if (private->len < 2 || all.to < least || all.mapped != all.to) {
        return "private RAM not seen";
    }
    if (all.no_dump != all.to) {
        return "in core dumps";
    }
    if (said_locked) {
        return all.locked != all.to ? "not all locked"
               : all.swap           ? "swapped"
                                    : "locked";
    }
    return all.locked ? "partly locked" : "unlocked";
}

const char *swap_look(struct vm *vm)
{
    g_autofree char *said = hmp(vm, "info snp");
    gboolean locked = strstr(said, LOCKED_SAID) != NULL;
    g_assert_true(locked || strstr(said, UNLOCKED_SAID));
    const char *wrong = control(vm);
    g_autoptr(GArray) private = blocks(vm, TRUE);
    read_mappings(e2e_vm_pid(vm), private);
    return wrong ? wrong
                 : judge(private, (guint64)vm->config->memory << 20, locked);
}
