/* SPDX-License-Identifier: MIT */
/* System call table. Numbers and results are those of Linux for x86-64; what is
 * not here answers ENOSYS. */
#include "svsm/syscall.h"

#include <string.h>

#include "evtpm/snp.h"
#include "svsm/clock.h"
#include "svsm/console.h"
#include "svsm/random.h"
#include "svsm/syscall_memory.h"

#define NR_READ 0
#define NR_WRITE 1
#define NR_CLOSE 3
#define NR_MMAP 9
#define NR_MPROTECT 10
#define NR_MUNMAP 11
#define NR_BRK 12
#define NR_RT_SIGACTION 13
#define NR_RT_SIGPROCMASK 14
#define NR_WRITEV 20
#define NR_GETPID 39
#define NR_EXIT 60
#define NR_READLINK 89
#define NR_ARCH_PRCTL 158
#define NR_GETTID 186
#define NR_FUTEX 202
#define NR_SET_TID_ADDRESS 218
#define NR_CLOCK_GETTIME 228
#define NR_EXIT_GROUP 231
#define NR_OPENAT 257
#define NR_NEWFSTATAT 262
#define NR_SET_ROBUST_LIST 273
#define NR_PRLIMIT64 302
#define NR_GETRANDOM 318

#define FD_INPUT 0
#define FD_OUTPUT 1
#define FD_LOG 2
#define SYSCALL_LENGTH 2
#define IOV_MAX 16
#define ARCH_SET_FS 0x1002
#define AT_EMPTY_PATH 0x1000
#define STAT_SIZE 144
#define STAT_MODE 24 /* offset of st_mode */
#define STAT_BLKSIZE 56
#define S_IFIFO 0x1000u
#define FUTEX_WAKE 1
#define FUTEX_COMMAND_MASK 0x7f
#define RLIMIT_STACK 3

struct args {
    uint64_t a[6];
};

typedef int64_t handler(struct process *process, const struct args *args);

/* Nothing to read: the call is made again when there is. */
static int64_t suspend(struct process *process)
{
    process->frame.rip -= SYSCALL_LENGTH;
    process->state = PROCESS_WAITING;
    return (int64_t)process->frame.rax;
}

static int64_t sys_read(struct process *process, const struct args *args)
{
    size_t n = args->a[2];

    if (args->a[0] != FD_INPUT) {
        return -SVSM_EBADF;
    }
    if (n && process->input_size == 0) {
        return suspend(process);
    }
    n = n < process->input_size ? n : process->input_size;
    if (user_write(&process->space, args->a[1], process->input, n) != 0) {
        return -SVSM_EFAULT;
    }
    process->input += n;
    process->input_size -= n;
    return (int64_t)n;
}

static int64_t write_log(struct process *process, uint64_t va, size_t size)
{
    char text[256];

    for (size_t done = 0; done < size;) {
        size_t n = size - done < sizeof(text) ? size - done : sizeof(text);

        if (user_read(&process->space, text, va + done, n) != 0) {
            return -SVSM_EFAULT;
        }
        console_vtpm(text, n);
        done += n;
    }
    return (int64_t)size;
}

/* More than a response can be: the process has lost its way. */
static int64_t write_output(struct process *process, uint64_t va, size_t size)
{
    if (size > process->output_capacity - process->output_size) {
        console_printf("vTPM process: response too long\n");
        process->state = PROCESS_DEAD;
        return -SVSM_EFBIG;
    }
    if (user_read(&process->space, process->output + process->output_size, va,
                  size) != 0) {
        return -SVSM_EFAULT;
    }
    process->output_size += size;
    return (int64_t)size;
}

static int64_t write_fd(struct process *process, uint64_t fd, uint64_t va,
                        uint64_t size)
{
    switch (fd) {
    case FD_OUTPUT:
        return write_output(process, va, size);
    case FD_LOG:
        return write_log(process, va, size);
    default:
        return -SVSM_EBADF;
    }
}

static int64_t sys_write(struct process *process, const struct args *args)
{
    return write_fd(process, args->a[0], args->a[1], args->a[2]);
}

static int64_t sys_writev(struct process *process, const struct args *args)
{
    uint64_t iov[IOV_MAX][2];
    int64_t total = 0, n;

    if (args->a[2] > IOV_MAX) {
        return -SVSM_EINVAL;
    }
    if (user_read(&process->space, iov, args->a[1],
                  args->a[2] * sizeof(iov[0])) != 0) {
        return -SVSM_EFAULT;
    }
    for (uint64_t i = 0; i < args->a[2]; i++) {
        n = write_fd(process, args->a[0], iov[i][0], iov[i][1]);
        if (n < 0) {
            return n;
        }
        total += n;
    }
    return total;
}

static int64_t sys_newfstatat(struct process *process, const struct args *args)
{
    uint8_t stat[STAT_SIZE] = { 0 };
    const uint32_t mode = S_IFIFO | 0600;
    const uint64_t block = SNP_PAGE_SIZE;

    if (args->a[0] > FD_LOG || !(args->a[3] & AT_EMPTY_PATH)) {
        return -SVSM_ENOENT;
    }
    memcpy(stat + STAT_MODE, &mode, sizeof(mode));
    memcpy(stat + STAT_BLKSIZE, &block, sizeof(block));
    return user_write(&process->space, args->a[2], stat, sizeof(stat)) == 0
               ? 0
               : -SVSM_EFAULT;
}

static int64_t sys_getrandom(struct process *process, const struct args *args)
{
    uint8_t random[256];
    size_t n = args->a[1] < sizeof(random) ? args->a[1] : sizeof(random);
    int result;

    random_bytes(random, n);
    result = user_write(&process->space, args->a[0], random, n);
    memset(random, 0, sizeof(random));
    asm volatile("" : : "r"(random) : "memory"); /* not optimized away */
    return result == 0 ? (int64_t)n : -SVSM_EFAULT;
}

static int64_t sys_clock_gettime(struct process *process,
                                 const struct args *args)
{
    uint64_t ns = clock_ns();
    uint64_t time[2] = { ns / 1000000000, ns % 1000000000 };

    return user_write(&process->space, args->a[1], time, sizeof(time)) == 0
               ? 0
               : -SVSM_EFAULT;
}

static int64_t sys_prlimit64(struct process *process, const struct args *args)
{
    uint64_t limit[2] = { UINT64_MAX, UINT64_MAX };

    if (args->a[2] != 0) {
        return -SVSM_EPERM;
    }
    if (args->a[1] == RLIMIT_STACK) {
        limit[0] = limit[1] = PROCESS_STACK_SIZE;
    }
    return user_write(&process->space, args->a[3], limit, sizeof(limit)) == 0
               ? 0
               : -SVSM_EFAULT;
}

static int64_t sys_arch_prctl(struct process *process, const struct args *args)
{
    if (args->a[0] != ARCH_SET_FS || args->a[1] >= USER_HIGH) {
        return -SVSM_EINVAL;
    }
    process->fs_base = args->a[1];
    process_set_fs(process);
    return 0;
}

/* One thread: nobody waits, and nobody could end a wait. */
static int64_t sys_futex(struct process *process, const struct args *args)
{
    (void)process;
    return (args->a[1] & FUTEX_COMMAND_MASK) == FUTEX_WAKE ? 0 : -SVSM_ENOSYS;
}

static int64_t sys_exit(struct process *process, const struct args *args)
{
    console_printf("vTPM process: exit %d\n", (int)args->a[0]);
    process->state = PROCESS_DEAD;
    return 0;
}

static int64_t sys_one(struct process *process, const struct args *args)
{
    (void)process;
    (void)args;
    return 1; /* process and thread id */
}

static int64_t sys_zero(struct process *process, const struct args *args)
{
    (void)process;
    (void)args;
    return 0; /* accepted, without effect */
}

static int64_t sys_no_entry(struct process *process, const struct args *args)
{
    (void)process;
    (void)args;
    return -SVSM_ENOENT; /* there are no files */
}

static int64_t sys_brk(struct process *process, const struct args *args)
{
    return memory_brk(process, args->a[0]);
}

static int64_t sys_mmap(struct process *process, const struct args *args)
{
    return memory_map(process, args->a[0], args->a[1], args->a[2], args->a[3]);
}

static int64_t sys_mprotect(struct process *process, const struct args *args)
{
    return memory_protect(process, args->a[0], args->a[1], args->a[2]);
}

static int64_t sys_munmap(struct process *process, const struct args *args)
{
    return memory_unmap(process, args->a[0], args->a[1]);
}

static handler *const handlers[] = {
    [NR_READ] = sys_read,
    [NR_WRITE] = sys_write,
    [NR_CLOSE] = sys_zero,
    [NR_MMAP] = sys_mmap,
    [NR_MPROTECT] = sys_mprotect,
    [NR_MUNMAP] = sys_munmap,
    [NR_BRK] = sys_brk,
    [NR_RT_SIGACTION] = sys_zero,
    [NR_RT_SIGPROCMASK] = sys_zero,
    [NR_WRITEV] = sys_writev,
    [NR_GETPID] = sys_one,
    [NR_EXIT] = sys_exit,
    [NR_READLINK] = sys_no_entry,
    [NR_ARCH_PRCTL] = sys_arch_prctl,
    [NR_GETTID] = sys_one,
    [NR_FUTEX] = sys_futex,
    [NR_SET_TID_ADDRESS] = sys_one,
    [NR_CLOCK_GETTIME] = sys_clock_gettime,
    [NR_EXIT_GROUP] = sys_exit,
    [NR_OPENAT] = sys_no_entry,
    [NR_NEWFSTATAT] = sys_newfstatat,
    [NR_SET_ROBUST_LIST] = sys_zero,
    [NR_PRLIMIT64] = sys_prlimit64,
    [NR_GETRANDOM] = sys_getrandom,
};

void syscall_handle(struct process *process)
{
    struct trap_frame *f = &process->frame;
    const struct args args = { { f->rdi, f->rsi, f->rdx, f->r10, f->r8,
                                 f->r9 } };
    uint64_t number = f->rax;

    if (number >= sizeof(handlers) / sizeof(handlers[0]) || !handlers[number]) {
        f->rax = (uint64_t)-SVSM_ENOSYS;
        return;
    }
    f->rax = (uint64_t)handlers[number](process, &args);
}
