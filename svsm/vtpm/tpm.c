/* SPDX-License-Identifier: MIT */
/* The live and the shadow TPM: set-up of libtpms. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>
#include <libtpms/tpm_nvfilename.h>
#include <openssl/crypto.h>

#include "svsm/vtpm/command.h"
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

#define CC_PCR_ALLOCATE 0x12bu
#define ALG_SHA1 0x0004u
#define ALG_SHA256 0x000bu
#define ALG_SHA384 0x000cu
#define ALG_SHA512 0x000du
/* in the answer: after header and parameterSize */
#define ALLOCATION_SUCCESS (VTPM_HEADER_SIZE + 4)

static uint8_t live_locality;

static TPM_RESULT nv_init(void)
{
    return TPM_SUCCESS;
}

/* libtpms manufactures a TPM, stores it, powers it on and loads it again; were
 * there nothing to load, it would go on with an NV of zeros: the same seeds in
 * every TPM. So what it stores is kept until the TPM is as it shall be. From
 * then on libtpms works on its own copy of NV, which ends with the process. */
static struct {
    unsigned char *data;
    uint32_t size;
    bool loaded;
    bool closed; /* manufacturing is over */
} nv;

static bool is_permanent(const char *name)
{
    return strcmp(name, TPM_PERMANENT_ALL_NAME) == 0;
}

static TPM_RESULT nv_load(unsigned char **data, uint32_t *size, uint32_t number,
                          const char *name)
{
    (void)number;
    if (nv.data == NULL || !is_permanent(name)) {
        return TPM_RETRY; /* there is none: manufacture, or start clean */
    }
    *data = malloc(nv.size); /* libtpms frees it */
    if (*data == NULL) {
        return TPM_FAIL;
    }
    memcpy(*data, nv.data, nv.size);
    *size = nv.size;
    nv.loaded = true;
    return TPM_SUCCESS;
}

static void nv_forget(void)
{
    if (nv.data != NULL) {
        OPENSSL_cleanse(nv.data, nv.size);
        free(nv.data);
        nv.data = NULL;
    }
}

static TPM_RESULT nv_store(const unsigned char *data, uint32_t size,
                           uint32_t number, const char *name)
{
    (void)number;
    if (nv.closed || !is_permanent(name)) {
        return TPM_SUCCESS;
    }
    nv_forget();
    nv.data = malloc(size);
    if (nv.data == NULL) {
        return TPM_FAIL;
    }
    memcpy(nv.data, data, size);
    nv.size = size;
    return TPM_SUCCESS;
}

/* The shadow TPM gets its permanent state by TPMLIB_SetState() alone. */
static TPM_RESULT shadow_nv_load(unsigned char **data, uint32_t *size,
                                 uint32_t number, const char *name)
{
    (void)data;
    (void)size;
    (void)number;
    return is_permanent(name) ? TPM_FAIL : TPM_RETRY;
}

static TPM_RESULT shadow_nv_store(const unsigned char *data, uint32_t size,
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

static bool power_on(void)
{
    nv.loaded = false;
    return TPMLIB_MainInit() == TPM_SUCCESS && nv.loaded;
}

/* Every bank costs time in each measurement, and weak ones are of no use to a
 * verifier: of those that libtpms has, all but SHA-256 lose their PCRs. */
static bool allocate_pcrs(void)
{
    static const struct {
        uint16_t hash;
        uint8_t select;
    } banks[] = {
        { ALG_SHA1, 0 },
        { ALG_SHA256, 0xff },
        { ALG_SHA384, 0 },
        { ALG_SHA512, 0 },
    };
    struct vtpm_command command;
    struct vtpm_response response = { 0 };
    bool done;

    vtpm_begin(&command, VTPM_CC_STARTUP);
    vtpm_put_u16(&command, 0); /* TPM_SU_CLEAR */
    done = vtpm_run(vtpm_live_process, &command, &response) == VTPM_RC_SUCCESS;
    vtpm_begin_authorized(&command, CC_PCR_ALLOCATE, VTPM_RH_PLATFORM);
    vtpm_put_u32(&command, sizeof(banks) / sizeof(banks[0]));
    for (size_t i = 0; i < sizeof(banks) / sizeof(banks[0]); i++) {
        vtpm_put_u16(&command, banks[i].hash);
        vtpm_put_u8(&command, 3); /* PCRs 0 to 23 */
        vtpm_put_u8(&command, banks[i].select);
        vtpm_put_u8(&command, banks[i].select);
        vtpm_put_u8(&command, banks[i].select);
    }
    done =
        done &&
        vtpm_run(vtpm_live_process, &command, &response) == VTPM_RC_SUCCESS &&
        response.size > ALLOCATION_SUCCESS &&
        response.data[ALLOCATION_SUCCESS] == 1;
    free(response.data);
    return done;
}

bool vtpm_live_start(void)
{
    struct libtpms_callbacks callbacks = {
        .sizeOfStruct = sizeof(callbacks),
        .tpm_nvram_init = nv_init,
        .tpm_nvram_loaddata = nv_load,
        .tpm_nvram_storedata = nv_store,
        .tpm_nvram_deletename = nv_delete,
        .tpm_io_init = io_init,
        .tpm_io_getlocality = live_get_locality,
        .tpm_io_getphysicalpresence = physical_presence,
    };
    bool done;

    TPMLIB_SetDebugFD(NO_LOG);
    done = TPMLIB_RegisterCallbacks(&callbacks) == TPM_SUCCESS &&
           TPMLIB_ChooseTPMVersion(TPMLIB_TPM_VERSION_2) == TPM_SUCCESS &&
           power_on() && allocate_pcrs();
    /* an allocation holds from the next _TPM_Init on */
    TPMLIB_Terminate();
    done = done && power_on();
    nv.closed = true;
    nv_forget();
    return done;
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
    struct libtpms_callbacks callbacks = {
        .sizeOfStruct = sizeof(callbacks),
        .tpm_nvram_init = nv_init,
        .tpm_nvram_loaddata = shadow_nv_load,
        .tpm_nvram_storedata = shadow_nv_store,
        .tpm_nvram_deletename = nv_delete,
        .tpm_io_init = io_init,
        .tpm_io_getlocality = shadow_get_locality,
        .tpm_io_getphysicalpresence = physical_presence,
    };

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
