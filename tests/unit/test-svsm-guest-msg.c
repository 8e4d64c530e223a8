/* SPDX-License-Identifier: MIT */
/* Guest messages: what is sealed opens, and only as the message that it is. */
#include <glib.h>
#include <string.h>

#include "svsm/guest_msg.h"

static struct aes256 key;
static struct snp_guest_msg msg;
static const struct guest_msg_id id = { 7, SNP_MSG_REPORT_REQ, 0 };

static void seal(void)
{
    const guint8 secret[AES256_KEY_SIZE] = { 1, 2, 3 };
    guint8 payload[0x60];

    memset(payload, 0x5a, sizeof(payload));
    aes256_init(&key, secret);
    guest_msg_seal(&msg, &key, &id, payload, sizeof(payload));
}

static void test_header(void)
{
    seal();
    g_assert_cmpuint(msg.hdr.msg_seqno, ==, 7);
    g_assert_cmpuint(msg.hdr.algo, ==, SNP_AEAD_AES_256_GCM);
    g_assert_cmpuint(msg.hdr.hdr_sz, ==, 0x60);
    g_assert_cmpuint(msg.hdr.msg_type, ==, SNP_MSG_REPORT_REQ);
    g_assert_cmpuint(msg.hdr.msg_sz, ==, 0x60);
    g_assert_cmpuint(msg.payload[0], !=, 0x5a);
}

static void test_round_trip(void)
{
    seal();
    g_assert_true(guest_msg_open(&msg, &key, &id, 0x60));
    for (guint i = 0; i < 0x60; i++) {
        g_assert_cmpuint(msg.payload[i], ==, 0x5a);
    }
}

static void test_wrong_id(void)
{
    struct guest_msg_id other;

    seal();
    other = id;
    other.seqno++;
    g_assert_false(guest_msg_open(&msg, &key, &other, 0x60));
    other = id;
    other.type = SNP_MSG_REPORT_RSP;
    g_assert_false(guest_msg_open(&msg, &key, &other, 0x60));
    other = id;
    other.vmpck = 1;
    g_assert_false(guest_msg_open(&msg, &key, &other, 0x60));
    g_assert_false(guest_msg_open(&msg, &key, &id, 0x61));
    g_assert_true(guest_msg_open(&msg, &key, &id, 0x60));
}

/* A host changes any byte of header or payload */
static void test_tampered(void)
{
    for (gsize at = 0; at < 0x60 + 0x60; at++) {
        if (at >= 0x10 && at < 0x20) {
            continue; /* second half of the tag's field: not used */
        }
        if (at >= 0x28 && at < 0x30) {
            continue; /* reserved and not authenticated */
        }
        seal();
        ((guint8 *)&msg)[at] ^= 0x10;
        g_assert_false(guest_msg_open(&msg, &key, &id, 0x60));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/svsm/guest-msg/header", test_header);
    g_test_add_func("/svsm/guest-msg/round-trip", test_round_trip);
    g_test_add_func("/svsm/guest-msg/wrong-id", test_wrong_id);
    g_test_add_func("/svsm/guest-msg/tampered", test_tampered);
    return g_test_run();
}
