/* SPDX-License-Identifier: MIT */
/* Running a process. It has no interrupts and no time slice: the caller waits
 * for it. */
#include "svsm/process.h"

#include <string.h>

#include "evtpm/snp.h"
#include "svsm/console.h"
#include "svsm/cpu.h"
#include "svsm/syscall.h"
#include "svsm/vc.h"

static void fpu_restore(const uint8_t *area)
{
    asm volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

static void fpu_save(uint8_t *area)
{
    asm volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

void process_set_fs(const struct process *process)
{
    wrmsr(MSR_FS_BASE, process->fs_base);
}

static void report_crash(const struct process *process)
{
    const struct trap_frame *f = &process->frame;

    console_printf("vTPM process: exception %lu error %lx at rip %lx, "
                   "rsp %lx, cr2 %lx\n",
                   f->vector, f->error, f->rip, f->rsp, read_cr2());
}

static void handle(struct process *process, uint64_t vector)
{
    if (vector == VECTOR_SYSCALL) {
        syscall_handle(process);
    } else if (vector == VECTOR_NMI ||
               (vector == SNP_VECTOR_VC && vc_user(process))) {
        return;
    } else {
        report_crash(process);
        process->state = PROCESS_DEAD;
    }
}

enum process_state process_run(struct process *process)
{
    uint64_t kernel_cr3 = read_cr3();

    process->state = PROCESS_RUNNING;
    write_cr3((uint64_t)process->space.top | SNP_CBIT);
    process_set_fs(process);
    fpu_restore(process->fpu);
    while (process->state == PROCESS_RUNNING) {
        handle(process, user_enter(&process->frame));
    }
    fpu_save(process->fpu);
    write_cr3(kernel_cr3);
    return process->state;
}
