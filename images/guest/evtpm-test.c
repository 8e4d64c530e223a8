// SPDX-License-Identifier: MIT
/*
 * Kernel module of the test image: does what a guest must not do.
 *
 * insmod evtpm-test.ko touch=GPA      reads private memory at GPA
 *                      pvalidate=1    PVALIDATE of a page of its own
 *                      share=TEXT     keeps TEXT in a page shared with the host
 *                      flip=MS        page state changes on all CPUs at once
 *                      park=ADDRESS   CPUs taken offline halt; the address is
 *                                     that of play_dead_common()
 * Each action logs one line that starts with "evtpm-test:"; rmmod gives back
 * the shared page. With park= it must stay loaded.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/set_memory.h>
#include <linux/string.h>
#include <asm/asm.h>
#include <asm/irqflags.h>
#include <asm/smp.h>

static ulong touch;
module_param(touch, ulong, 0);
MODULE_PARM_DESC(touch, "guest physical address to read");

static bool pvalidate_page;
module_param_named(pvalidate, pvalidate_page, bool, 0);
MODULE_PARM_DESC(pvalidate, "try to validate a page");

static char *share;
module_param(share, charp, 0);
MODULE_PARM_DESC(share, "text for a shared page");

static uint flip;
module_param(flip, uint, 0);
MODULE_PARM_DESC(flip, "milliseconds of page state changes on all CPUs");

static ulong park;
module_param(park, ulong, 0);
MODULE_PARM_DESC(park, "play_dead_common(): CPUs taken offline halt after it");

static void *shared_page;

static int do_touch(void)
{
    u64 *mapping = memremap(touch, PAGE_SIZE, MEMREMAP_WB);

    if (!mapping) {
        return -ENOMEM;
    }
    pr_info("evtpm-test: reading %#lx\n", touch);
    pr_info("evtpm-test: %#lx holds %#llx\n", touch, READ_ONCE(*mapping));
    memunmap(mapping);
    return 0;
}

/*
 * Result in RAX, carry when nothing changed. A fault leaves RAX, the address,
 * as it was: no result code looks like one.
 */
static int do_pvalidate(void)
{
    unsigned long page = __get_free_page(GFP_KERNEL | __GFP_ZERO);
    unsigned long result = page;
    bool unchanged;

    if (!page) {
        return -ENOMEM;
    }
    asm volatile("1: .byte 0xf2, 0x0f, 0x01, 0xff\n"
                 "2:\n" _ASM_EXTABLE(1b, 2b)
                 : "=@ccc"(unchanged), "+a"(result)
                 : "c"(0), "d"(1)
                 : "memory");
    if (result == page) {
        pr_info("evtpm-test: pvalidate faulted\n");
    } else {
        pr_info("evtpm-test: pvalidate returned %lu%s\n", result,
                unchanged ? ", unchanged" : "");
    }
    free_page(page);
    return 0;
}

static int do_share(void)
{
    unsigned long page = __get_free_page(GFP_KERNEL | __GFP_ZERO);
    int ret;

    if (!page) {
        return -ENOMEM;
    }
    ret = set_memory_decrypted(page, 1);
    if (ret) {
        /* The page's state is unknown: it must not be used again. */
        return ret;
    }
    shared_page = (void *)page;
    strscpy(shared_page, share, PAGE_SIZE);
    pr_info("evtpm-test: shared page at %#llx\n", (u64)virt_to_phys(shared_page));
    return 0;
}

static atomic_t flips, flip_errors, flippers;
static DECLARE_COMPLETION(flipped);

static bool page_is(const u64 *page, u64 value)
{
    unsigned int i;

    for (i = 0; i < PAGE_SIZE / sizeof(*page); i++) {
        if (READ_ONCE(page[i]) != value) {
            return false;
        }
    }
    return true;
}

/* Shared and back: what is written in between is there until the next change. */
static int flip_once(u64 *page, u64 value, bool *good)
{
    int ret;

    memset64(page, value, PAGE_SIZE / sizeof(*page));
    *good = page_is(page, value);
    ret = set_memory_decrypted((ulong)page, 1);
    if (ret) {
        return ret;
    }
    memset64(page, ~value, PAGE_SIZE / sizeof(*page));
    *good = *good && page_is(page, ~value);
    return set_memory_encrypted((ulong)page, 1);
}

static void flip_until(ulong end, u64 *page)
{
    u64 value = (ulong)page;
    bool good;

    while (time_before(jiffies, end)) {
        if (flip_once(page, value, &good)) {
            /* The page's state is unknown: it must not be used again. */
            atomic_inc(&flip_errors);
            return;
        }
        atomic_add(!good, &flip_errors);
        atomic_inc(&flips);
        value += PAGE_SIZE + 1;
        cond_resched();
    }
    free_page((ulong)page);
}

static int flipper(void *data)
{
    flip_until(jiffies + msecs_to_jiffies(flip), data);
    if (atomic_dec_and_test(&flippers)) {
        complete(&flipped);
    }
    return 0;
}

static void start_flipper(int cpu)
{
    void *page = (void *)__get_free_page(GFP_KERNEL);
    struct task_struct *task = ERR_PTR(-ENOMEM);

    if (page) {
        task = kthread_create_on_cpu(flipper, page, cpu, "flip/%u");
    }
    if (IS_ERR(task)) {
        atomic_inc(&flip_errors);
        free_page((ulong)page);
        return;
    }
    atomic_inc(&flippers);
    wake_up_process(task);
}

static void do_flip(void)
{
    int cpu;

    /* One for this function, so that nobody completes before all run. */
    atomic_set(&flippers, 1);
    cpus_read_lock();
    for_each_online_cpu(cpu) {
        start_flipper(cpu);
    }
    cpus_read_unlock();
    if (!atomic_dec_and_test(&flippers)) {
        wait_for_completion(&flipped);
    }
    pr_info("evtpm-test: %d page state changes, %d wrong\n",
            atomic_read(&flips), atomic_read(&flip_errors));
}

/*
 * Linux 7.2 keeps the GHCB in use while a CPU waits in AP reset hold. A guest
 * with SEV-SNP starts that CPU from a new VMSA, so nobody ever gives the GHCB
 * back; the next time it is the backup, and the CPU's third start is a panic.
 * Halting holds nothing, and AP creation works from there just as well.
 */
static void halt_for_good(void)
{
    ((void (*)(void))park)();
    for (;;) {
        native_halt();
    }
}

static void do_park(void)
{
    /* Nobody who halts here could return from code that is gone. */
    __module_get(THIS_MODULE);
    smp_ops.play_dead = halt_for_good;
    pr_info("evtpm-test: CPUs taken offline halt\n");
}

static int __init evtpm_test_init(void)
{
    int ret = 0;

    if (touch) {
        ret = do_touch();
    }
    if (!ret && pvalidate_page) {
        ret = do_pvalidate();
    }
    if (!ret && share) {
        ret = do_share();
    }
    if (!ret && flip) {
        do_flip();
    }
    if (!ret && park) {
        do_park();
    }
    return ret;
}

static void __exit evtpm_test_exit(void)
{
    if (shared_page && !set_memory_encrypted((unsigned long)shared_page, 1)) {
        free_page((unsigned long)shared_page);
    }
}

module_init(evtpm_test_init);
module_exit(evtpm_test_exit);
MODULE_DESCRIPTION("evtpm test actions");
MODULE_LICENSE("Dual MIT/GPL");
