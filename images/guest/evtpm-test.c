// SPDX-License-Identifier: MIT
/*
 * Kernel module of the test image: does what a guest must not do.
 *
 * insmod evtpm-test.ko touch=GPA      reads private memory at GPA
 *                      pvalidate=1    PVALIDATE of a page of its own
 *                      share=TEXT     keeps TEXT in a page shared with the host
 * Each action logs one line that starts with "evtpm-test:"; rmmod gives back
 * the shared page.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/set_memory.h>
#include <linux/string.h>
#include <asm/asm.h>

static ulong touch;
module_param(touch, ulong, 0);
MODULE_PARM_DESC(touch, "guest physical address to read");

static bool pvalidate_page;
module_param_named(pvalidate, pvalidate_page, bool, 0);
MODULE_PARM_DESC(pvalidate, "try to validate a page");

static char *share;
module_param(share, charp, 0);
MODULE_PARM_DESC(share, "text for a shared page");

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
