/* SPDX-License-Identifier: MIT */
/* One command at a time: the process runs until it wants the next. If it dies,
 * or says something else than one response, there is no TPM any more, and every
 * command hears so. */
#include "svsm/vtpm.h"

#include <stdbool.h>
#include <string.h>

#include "svsm/clock.h"
#include "svsm/console.h"
#include "svsm/heap.h"
#include "svsm/process.h"
#include "svsm/spinlock.h"
#include "svsm/vtpm/protocol.h"

static struct spinlock vtpm_lock; /* guards everything below */
static struct process process;
static uint8_t locality_now;
static uint8_t control_answer[VTPM_FRAME_MAX];

void vtpm_start(const uint8_t *file, size_t size)
{
    uint64_t begin = clock_ns();

    if (process_load(&process, file, size) != 0) {
        process.state = PROCESS_DEAD;
        return;
    }
    if (process_run(&process) == PROCESS_WAITING) {
        console_printf("vTPM started in %lu ms, %lu pages free\n",
                       (clock_ns() - begin) / 1000000, pages_free());
    }
}

/* Exactly one frame out for one frame in; 0: the process is of no use now. */
static size_t exchange(const uint8_t *frame, size_t size, uint8_t *answer)
{
    if (process.state != PROCESS_WAITING) {
        return 0;
    }
    process.input = frame;
    process.input_size = size;
    process.output = answer;
    process.output_capacity = VTPM_FRAME_MAX;
    process.output_size = 0;
    if (process_run(&process) != PROCESS_WAITING) {
        console_printf("vTPM is gone: its commands fail from now on\n");
        return 0;
    }
    if (process.output_size < VTPM_HEADER_SIZE ||
        vtpm_get32(answer + 2) != process.output_size) {
        console_printf("vTPM gave %zu bytes that are no response\n",
                       process.output_size);
        process.state = PROCESS_DEAD;
        return 0;
    }
    return process.output_size;
}

/* A control frame with at most one byte; size of the answer if it succeeded. */
static size_t control(uint32_t code, const uint8_t *argument)
{
    uint8_t frame[VTPM_HEADER_SIZE + 1];
    size_t size = sizeof(frame) - (argument ? 0 : 1);

    vtpm_header_put(frame, VTPM_TAG_CONTROL, (uint32_t)size, code);
    if (argument) {
        frame[VTPM_HEADER_SIZE] = *argument;
    }
    size = exchange(frame, size, control_answer);
    if (size == 0 || vtpm_header_get(control_answer).code != VTPM_RC_SUCCESS) {
        return 0;
    }
    return size;
}

static bool set_locality(uint8_t locality)
{
    if (locality != locality_now) {
        if (control(VTPM_SET_LOCALITY, &locality) == 0) {
            return false;
        }
        locality_now = locality;
    }
    return true;
}

size_t vtpm_command(uint8_t locality, const uint8_t *command, size_t size,
                    uint8_t *response)
{
    uint32_t rc = vtpm_guest_frame_check(command, size);
    size_t result = 0;

    if (rc != VTPM_RC_SUCCESS) {
        return vtpm_error_put(response, rc);
    }
    spin_lock(&vtpm_lock);
    if (set_locality(locality)) {
        result = exchange(command, size, response);
    }
    spin_unlock(&vtpm_lock);
    return result ? result : vtpm_error_put(response, VTPM_RC_FAILURE);
}

size_t vtpm_ek_public(uint8_t *to, size_t room)
{
    size_t size;

    spin_lock(&vtpm_lock);
    size = control(VTPM_EK_RSA2048, NULL);
    size = size > VTPM_HEADER_SIZE ? size - VTPM_HEADER_SIZE : 0;
    if (size > room) {
        size = 0;
    }
    memcpy(to, control_answer + VTPM_HEADER_SIZE, size);
    spin_unlock(&vtpm_lock);
    return size;
}
