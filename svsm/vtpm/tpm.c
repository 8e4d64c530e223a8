/* SPDX-License-Identifier: MIT */
/* The live and the shadow TPM: set-up of libtpms. */
#include <limits.h>
#include <stddef.h>

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>

#include "svsm/vtpm/tpm.h"

/* The second copy; the build gives its entry points this prefix. */
TPM_RESULT shadow_TPMLIB_ChooseTPMVersion(TPMLIB_TPMVersion version);
TPM_RESULT shadow_TPMLIB_RegisterCallbacks(struct libtpms_callbacks *callbacks);
void shadow_TPMLIB_SetDebugFD(int fd);
TPM_RESULT shadow_TPMLIB_SetState(enum TPMLIB_StateType type,
                                  const unsigned char *blob, uint32_t size);
TPM_RESULT shadow_TPMLIB_MainInit(void);
void shadow_TPMLIB_Terminate(void);
TPM_RESULT shadow_TPMLIB_Process(unsigned char **response, uint32_t *size,
                                 uint32_t *room, unsigned char *command,
                                 uint32_t command_size);

/* libtpms dumps the command that made it fail, secrets and all, to its log
 * descriptor. The log leaves the confidential VM: give it one that is closed.
 */
#define NO_LOG INT_MAX

static uint8_t live_locality;

static TPM_RESULT nv_init(void)
{
    return TPM_SUCCESS;
}

/* Nothing was ever stored: libtpms then manufactures a TPM. */
static TPM_RESULT nv_load(unsigned char **data, uint32_t *size, uint32_t number,
                          const char *name)
{
    (void)number;
    (void)name;
    *data = NULL;
    *size = 0;
    return TPM_RETRY;
}

/* libtpms works on its own copy of NV, which ends with the process. */
static TPM_RESULT nv_store(const unsigned char *data, uint32_t size,
                           uint32_t number, const char *name)
{
    (void)data;
    (void)size;
    (void)number;
    (void)name;
    return TPM_SUCCESS;
}

static TPM_RESULT nv_delete(uint32_t number, const char *name,
                            TPM_BOOL must_exist)
{
    (void)number;
    (void)name;
    return must_exist ? TPM_FAIL : TPM_SUCCESS;
}

static TPM_RESULT io_init(void)
{
    return TPM_SUCCESS;
}

static TPM_RESULT live_get_locality(TPM_MODIFIER_INDICATOR *locality,
                                    uint32_t number)
{
    (void)number;
    *locality = live_locality;
    return TPM_SUCCESS;
}

static TPM_RESULT shadow_get_locality(TPM_MODIFIER_INDICATOR *locality,
                                      uint32_t number)
{
    (void)number;
    *locality = 0;
    return TPM_SUCCESS;
}

static TPM_RESULT physical_presence(TPM_BOOL *present, uint32_t number)
{
    (void)number;
    *present = 0;
    return TPM_SUCCESS;
}

#define CALLBACKS(get_locality)                                                \
    {                                                                          \
        .sizeOfStruct = sizeof(struct libtpms_callbacks),                      \
        .tpm_nvram_init = nv_init, .tpm_nvram_loaddata = nv_load,              \
        .tpm_nvram_storedata = nv_store, .tpm_nvram_deletename = nv_delete,    \
        .tpm_io_init = io_init, .tpm_io_getlocality = (get_locality),          \
        .tpm_io_getphysicalpresence = physical_presence,                       \
    }

bool vtpm_live_start(void)
{
    struct libtpms_callbacks callbacks = CALLBACKS(live_get_locality);

    TPMLIB_SetDebugFD(NO_LOG);
    return TPMLIB_RegisterCallbacks(&callbacks) == TPM_SUCCESS &&
           TPMLIB_ChooseTPMVersion(TPMLIB_TPM_VERSION_2) == TPM_SUCCESS &&
           TPMLIB_MainInit() == TPM_SUCCESS;
}

void vtpm_live_set_locality(uint8_t locality)
{
    live_locality = locality;
}

bool vtpm_live_process(uint8_t *command, uint32_t size,
                       struct vtpm_response *response)
{
    return TPMLIB_Process(&response->data, &response->size, &response->room,
                          command, size) == TPM_SUCCESS;
}

bool vtpm_live_permanent_state(unsigned char **blob, uint32_t *size)
{
    return TPMLIB_GetState(TPMLIB_STATE_PERMANENT, blob, size) == TPM_SUCCESS &&
           *blob != NULL;
}

bool vtpm_shadow_start(const unsigned char *blob, uint32_t size)
{
    struct libtpms_callbacks callbacks = CALLBACKS(shadow_get_locality);

    shadow_TPMLIB_SetDebugFD(NO_LOG);
    return shadow_TPMLIB_RegisterCallbacks(&callbacks) == TPM_SUCCESS &&
           shadow_TPMLIB_ChooseTPMVersion(TPMLIB_TPM_VERSION_2) ==
               TPM_SUCCESS &&
           shadow_TPMLIB_SetState(TPMLIB_STATE_PERMANENT, blob, size) ==
               TPM_SUCCESS &&
           shadow_TPMLIB_MainInit() == TPM_SUCCESS;
}

bool vtpm_shadow_process(uint8_t *command, uint32_t size,
                         struct vtpm_response *response)
{
    return shadow_TPMLIB_Process(&response->data, &response->size,
                                 &response->room, command, size) == TPM_SUCCESS;
}

void vtpm_shadow_stop(void)
{
    shadow_TPMLIB_Terminate();
    /* A state that was set but never started must not outlive us either. */
    shadow_TPMLIB_SetState(TPMLIB_STATE_PERMANENT, NULL, 0);
}
