/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "svsm/vtpm/command.h"

#define RS_PW 0x40000009u

void vtpm_put_bytes(struct vtpm_command *command, const void *from,
                    uint32_t count)
{
    memcpy(command->data + command->size, from, count);
    command->size += count;
}

void vtpm_put_u8(struct vtpm_command *command, uint8_t value)
{
    vtpm_put_bytes(command, &value, 1);
}

void vtpm_put_u16(struct vtpm_command *command, uint16_t value)
{
    vtpm_put16(command->data + command->size, value);
    command->size += 2;
}

void vtpm_put_u32(struct vtpm_command *command, uint32_t value)
{
    vtpm_put32(command->data + command->size, value);
    command->size += 4;
}

void vtpm_begin(struct vtpm_command *command, uint32_t code)
{
    command->size =
        (uint32_t)vtpm_header_put(command->data, VTPM_ST_NO_SESSIONS, 0, code);
}

void vtpm_begin_authorized(struct vtpm_command *command, uint32_t code,
                           uint32_t handle)
{
    command->size =
        (uint32_t)vtpm_header_put(command->data, VTPM_ST_SESSIONS, 0, code);
    vtpm_put_u32(command, handle);
    vtpm_put_u32(command, 9); /* authorization area */
    vtpm_put_u32(command, RS_PW);
    vtpm_put_u16(command, 0); /* nonce */
    vtpm_put_u8(command, 0);  /* attributes */
    vtpm_put_u16(command, 0); /* password */
}

uint32_t vtpm_run(vtpm_process_fn process, struct vtpm_command *command,
                  struct vtpm_response *response)
{
    vtpm_put32(command->data + 2, command->size);
    if (!process(command->data, command->size, response) ||
        response->size < VTPM_HEADER_SIZE) {
        return VTPM_RC_FAILURE;
    }
    return vtpm_header_get(response->data).code;
}
