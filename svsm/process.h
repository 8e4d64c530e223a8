/* SPDX-License-Identifier: MIT */
/* A CPL3 process that runs until it wants to read and there is nothing for it.
 */
#ifndef SVSM_PROCESS_H
#define SVSM_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "svsm/trap.h"
#include "svsm/user_space.h"

enum process_state {
    PROCESS_NONE,
    PROCESS_WAITING, /* in read(0), for input */
    PROCESS_RUNNING,
    PROCESS_DEAD,
};

struct process {
    uint8_t fpu[512] __attribute__((aligned(16))); /* FXSAVE area */
    struct trap_frame frame;
    struct user_space space;
    enum process_state state;
    uint64_t fs_base;
    uint64_t brk_start, brk_end; /* heap: [start, end) */
    uint64_t mmap_next;
    const uint8_t *input; /* what read(0) gives */
    size_t input_size;
    uint8_t *output; /* where write(1) goes */
    size_t output_size;
    size_t output_capacity;
};

/* Loads the static program @file; it has not run yet. -1: said on the console.
 */
int process_load(struct process *process, const uint8_t *file, size_t size);

/* Loads process->fs_base, while the process runs. */
void process_set_fs(const struct process *process);

/* Runs until the process waits for input or is dead; returns its state. */
enum process_state process_run(struct process *process);

#endif
