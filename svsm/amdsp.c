/* SPDX-License-Identifier: MIT */
/*
 * Report requests. A sequence number is an IV: it must not serve two
 * plaintexts. So whenever it is unclear whether the AMD-SP saw a message, the
 * key is dropped, and with it attestation until the next boot.
 */
#include "svsm/amdsp.h"

#include <stdbool.h>
#include <string.h>

#include "evtpm/snp.h"
#include "evtpm/svsm_boot.h"
#include "svsm/cert_table.h"
#include "svsm/console.h"
#include "svsm/cpu.h"
#include "svsm/ghcb.h"
#include "svsm/guest_msg.h"
#include "svsm/heap.h"
#include "svsm/spinlock.h"

#define VMPCK 0
#define CERT_PAGES (AMDSP_CERTS_MAX / SNP_PAGE_SIZE)
#define BUSY_TRIES 1000

static struct spinlock amdsp_lock; /* guards everything below */
static struct aes256 key;
static bool key_good;
static uint64_t next_seqno;
static struct snp_guest_msg *request_page, *response_page; /* shared */
static uint8_t *cert_pages;                                /* shared */
static uint64_t request_gpa, response_gpa, cert_gpa;
static struct snp_guest_msg message;

void amdsp_init(void)
{
    const struct snp_secrets_page *secrets = (const void *)SVSM_SECRETS_GPA;

    aes256_init(&key, secrets->vmpck[VMPCK]);
    next_seqno = (uint64_t)secrets->msg_seqno[VMPCK] + 1;
    request_page = shared_alloc(1, &request_gpa);
    response_page = shared_alloc(1, &response_gpa);
    cert_pages = shared_alloc(CERT_PAGES, &cert_gpa);
    key_good = true;
}

static void drop_key(const char *why)
{
    console_printf("attestation is over: %s\n", why);
    memset(&key, 0, sizeof(key));
    key_good = false;
}

/* Carries the message that is in request_page; again as long as the host is
 * busy. */
static int exchange(bool want_certs, struct ghcb_request_result *result)
{
    for (unsigned i = 0; i < BUSY_TRIES; i++) {
        if (ghcb_guest_request(request_gpa, response_gpa, cert_gpa,
                               want_certs ? CERT_PAGES : 0, result) != 0) {
            return -1;
        }
        if (result->vmm != GHCB_VMM_BUSY) {
            return 0;
        }
    }
    return -1;
}

/*
 * One message and its answer, in @message. If the host has more certificates
 * than room, the same sealed message goes again without.
 */
static int carry(const struct guest_msg_id *id, uint16_t response_size,
                 bool *certs)
{
    const struct guest_msg_id answer = { id->seqno + 1, id->type + 1, VMPCK };
    struct ghcb_request_result result = { 0 };
    int status;

    memcpy(request_page, &message, sizeof(message));
    memset(response_page, 0, sizeof(*response_page));
    memset(cert_pages, 0, AMDSP_CERTS_MAX);
    status = exchange(*certs, &result);
    if (status == 0 && *certs && result.vmm == GHCB_VMM_TOO_SMALL) {
        console_printf("host has %lu pages of certificates: left out\n",
                       result.cert_pages);
        *certs = false;
        status = exchange(false, &result);
    }
    if (status != 0 || result.vmm != 0 || result.firmware != SNP_FW_OK) {
        console_printf("guest request: status %d, VMM %x, firmware %x\n",
                       status, result.vmm, result.firmware);
        drop_key("the AMD-SP did not answer");
        return -1;
    }
    memcpy(&message, response_page, sizeof(message));
    if (!guest_msg_open(&message, &key, &answer, response_size)) {
        drop_key("the answer is not the AMD-SP's");
        return -1;
    }
    next_seqno = id->seqno + 2;
    return 0;
}

static int report_locked(const uint8_t data[64],
                         struct snp_attestation_report *report, bool *certs)
{
    const struct guest_msg_id id = { next_seqno, SNP_MSG_REPORT_REQ, VMPCK };
    struct snp_report_req request = { 0 };
    struct snp_report_rsp response;

    if (!key_good) {
        return -1;
    }
    memcpy(request.report_data, data, sizeof(request.report_data));
    guest_msg_seal(&message, &key, &id, &request, sizeof(request));
    if (carry(&id, sizeof(response), certs) != 0) {
        return -1;
    }
    memcpy(&response, message.payload, sizeof(response));
    if (response.status != SNP_FW_OK ||
        response.report_size != sizeof(*report)) {
        console_printf("report refused: status %x, size %u\n", response.status,
                       response.report_size);
        return -1;
    }
    *report = response.report;
    return 0;
}

int amdsp_report(const uint8_t data[64], struct snp_attestation_report *report,
                 uint8_t *certs, size_t *certs_size)
{
    bool have_certs = certs != NULL;
    int result;

    spin_lock(&amdsp_lock);
    result = report_locked(data, report, &have_certs);
    if (result == 0 && have_certs) {
        memcpy(certs, cert_pages, AMDSP_CERTS_MAX);
    }
    spin_unlock(&amdsp_lock);
    *certs_size =
        result == 0 && have_certs ? cert_table_size(certs, AMDSP_CERTS_MAX) : 0;
    return result;
}
