/* SPDX-License-Identifier: MIT */
/* The envelope of guest messages: every field of the header broken once,
 * sequence numbers. */
#include <glib.h>
#include <string.h>

#include "lib/amdsp.h"
#include "tests/unit/guest-message.h"

static struct evtpm_chip chip;

static void launch(struct amdsp_guest *guest)
{
    struct amdsp_finish finish = { .measurement = { 1 } };

    amdsp_launch_start(guest, &chip, SNP_POLICY_DEFAULT, NULL);
    amdsp_launch_finish(guest, &finish, NULL);
}

/* TSC_INFO needs no signature, so the chip needs no key. */
static void prepare(const struct amdsp_guest *guest, struct snp_guest_msg *msg)
{
    static const uint8_t zero[128];

    message_prepare(guest, 1, SNP_MSG_TSC_INFO_REQ, 1, zero, 128, msg);
}

enum when { BEFORE, AFTER }; /* the message is sealed */

static void test_header(void)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t value;
        enum when when;
        unsigned status;
    } rows[] = {
        { "reserved 28", 0x2f, 1, BEFORE, SNP_FW_INVALID_PARAM },
        { "algorithm", 0x30, 2, BEFORE, SNP_FW_INVALID_PARAM },
        { "header version", 0x31, 2, BEFORE, SNP_FW_INVALID_PARAM },
        { "header size", 0x32, 0x61, BEFORE, SNP_FW_INVALID_PARAM },
        { "reserved 38", 0x38, 1, BEFORE, SNP_FW_INVALID_PARAM },
        { "VMPCK", 0x3c, 4, BEFORE, SNP_FW_INVALID_PARAM },
        { "VMPCK of another", 0x3c, 2, BEFORE, SNP_FW_BAD_MEASUREMENT },
        { "reserved 3d", 0x5f, 1, BEFORE, SNP_FW_INVALID_PARAM },
        { "type 0", 0x34, 0, BEFORE, SNP_FW_INVALID_PARAM },
        { "type of a response", 0x34, 18, BEFORE, SNP_FW_INVALID_PARAM },
        { "type 255", 0x34, 255, BEFORE, SNP_FW_INVALID_PARAM },
        { "CPUID", 0x34, 1, BEFORE, SNP_FW_UNSUPPORTED },
        { "EXPORT", 0x34, 7, BEFORE, SNP_FW_UNSUPPORTED },
        { "version 0", 0x35, 0, BEFORE, SNP_FW_INVALID_PARAM },
        { "version 2", 0x35, 2, BEFORE, SNP_FW_INVALID_PARAM },
        { "size", 0x36, 127, BEFORE, SNP_FW_INVALID_LENGTH },
        { "size of a page", 0x37, 0x10, AFTER, SNP_FW_INVALID_LENGTH },
        { "tag", 0x00, 0xaa, AFTER, SNP_FW_BAD_MEASUREMENT },
        { "payload", 0x60, 0xaa, AFTER, SNP_FW_BAD_MEASUREMENT },
        { "additional data", 0x34, SNP_MSG_REPORT_REQ, AFTER,
          SNP_FW_BAD_MEASUREMENT },
        { "sequence number 0", 0x20, 0, BEFORE, SNP_FW_INVALID_PARAM },
        { "sequence number 2", 0x20, 2, BEFORE, SNP_FW_INVALID_PARAM },
        { "sequence number 2^56", 0x27, 1, BEFORE, SNP_FW_INVALID_PARAM },
    };
    uint8_t response[4096], untouched[4096];
    struct amdsp_guest guest;

    launch(&guest);
    memset(untouched, 0x77, sizeof(untouched));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct evtpm_error err = { "" };
        struct snp_guest_msg msg;
        unsigned status;

        prepare(&guest, &msg);
        if (rows[i].when == AFTER) {
            message_seal(guest.vmpck[1], &msg);
        }
        g_assert_cmpuint(((uint8_t *)&msg)[rows[i].at], !=, rows[i].value);
        ((uint8_t *)&msg)[rows[i].at] = rows[i].value;
        if (rows[i].when == BEFORE) {
            message_seal(guest.vmpck[1], &msg);
        }
        memcpy(response, untouched, sizeof(response));
        status = amdsp_guest_request(&guest, (uint8_t *)&msg, response, &err);
        g_test_message("%s: %s", rows[i].name, err.text);
        g_assert_cmpstr(amdsp_status_name(status), ==,
                        amdsp_status_name(rows[i].status));
        g_assert_nonnull(strstr(err.text, amdsp_status_name(status)));
        g_assert_cmpmem(response, sizeof(response), untouched,
                        sizeof(untouched));
        g_assert_cmpuint(guest.msg_count[1], ==, 0);
    }
}

/* Refused messages leave the count alone; answered ones move it by two; keys
 * count apart. */
static void test_sequence(void)
{
    uint8_t page[4096], first[4096];
    struct amdsp_guest guest;
    struct snp_guest_msg msg;

    launch(&guest);
    prepare(&guest, &msg);
    message_seal(guest.vmpck[1], &msg);
    memcpy(first, &msg, sizeof(first));
    g_assert_cmpuint(amdsp_guest_request(&guest, first, page, NULL), ==,
                     SNP_FW_OK);
    g_assert_cmpuint(guest.msg_count[1], ==, 2);
    g_assert_cmpuint(guest.msg_count[0], ==, 0);
    g_assert_cmpuint(amdsp_guest_request(&guest, first, page, NULL), ==,
                     SNP_FW_INVALID_PARAM); /* a replay */
    prepare(&guest, &msg);
    g_assert_cmpuint(msg.hdr.msg_seqno, ==, 3);
    message_seal(guest.vmpck[1], &msg);
    g_assert_cmpuint(
        amdsp_guest_request(&guest, (uint8_t *)&msg, (uint8_t *)&msg, NULL), ==,
        SNP_FW_OK); /* in place */
    g_assert_true(message_open(guest.vmpck[1], &msg));
    g_assert_cmpuint(msg.hdr.msg_seqno, ==, 4);
}

static void test_sequence_end(void)
{
    uint8_t page[4096];
    struct amdsp_guest guest;
    struct snp_guest_msg msg;

    launch(&guest);
    guest.msg_count[1] = UINT64_MAX - 3;
    prepare(&guest, &msg);
    message_seal(guest.vmpck[1], &msg);
    g_assert_cmpuint(amdsp_guest_request(&guest, (uint8_t *)&msg, page, NULL),
                     ==, SNP_FW_OK);
    prepare(&guest, &msg);
    message_seal(guest.vmpck[1], &msg);
    g_assert_cmpuint(amdsp_guest_request(&guest, (uint8_t *)&msg, page, NULL),
                     ==, SNP_FW_AEAD_OFLOW);
}

static void test_before_launch(void)
{
    uint8_t page[4096];
    struct amdsp_guest guest;
    struct snp_guest_msg msg;

    amdsp_launch_start(&guest, &chip, SNP_POLICY_DEFAULT, NULL);
    prepare(&guest, &msg);
    message_seal(guest.vmpck[1], &msg);
    g_assert_cmpuint(amdsp_guest_request(&guest, (uint8_t *)&msg, page, NULL),
                     ==, SNP_FW_INVALID_PARAM);
}

/* Another VM's key does not open this one's messages. */
static void test_other_guest(void)
{
    uint8_t page[4096];
    struct amdsp_guest guest, other;
    struct snp_guest_msg msg;

    launch(&guest);
    launch(&other);
    prepare(&guest, &msg);
    message_seal(other.vmpck[1], &msg);
    g_assert_cmpuint(amdsp_guest_request(&guest, (uint8_t *)&msg, page, NULL),
                     ==, SNP_FW_BAD_MEASUREMENT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/guest-request/header", test_header);
    g_test_add_func("/guest-request/sequence", test_sequence);
    g_test_add_func("/guest-request/sequence/end", test_sequence_end);
    g_test_add_func("/guest-request/before-launch", test_before_launch);
    g_test_add_func("/guest-request/other-guest", test_other_guest);
    return g_test_run();
}
