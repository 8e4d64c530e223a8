/* SPDX-License-Identifier: MIT */
/* Drives the vTPM program over pipes, with commands written in hex. */
#ifndef TESTS_VTPM_CLIENT_H
#define TESTS_VTPM_CLIENT_H

#include <glib.h>

#include "svsm/vtpm/protocol.h"

#define VTPM_PROGRAM "svsm/vtpm/evtpm-vtpm"
#define VTPM_PROGRAM_SANITIZED "svsm/vtpm/evtpm-vtpm-sanitized"

/* Authorization area: an empty password */
#define AUTH "00000009 40000009 0000 00 0000"
#define RH_OWNER "40000001"
#define RH_ENDORSEMENT "4000000b"
#define RH_PLATFORM "4000000c"

#define CC_HIERARCHY_CONTROL 0x121u
#define CC_CHANGE_EPS 0x124u
#define CC_CLEAR 0x126u
#define CC_HIERARCHY_CHANGE_AUTH 0x129u
#define CC_NV_DEFINE_SPACE 0x12au
#define CC_CREATE_PRIMARY 0x131u
#define CC_SEQUENCE_COMPLETE 0x13eu
#define CC_SELF_TEST 0x143u
#define CC_STARTUP 0x144u
#define CC_SEQUENCE_UPDATE 0x15cu
#define CC_FLUSH_CONTEXT 0x165u
#define CC_POLICY_COMMAND_CODE 0x16cu
#define CC_START_AUTH_SESSION 0x176u
#define CC_GET_CAPABILITY 0x17au
#define CC_GET_RANDOM 0x17bu
#define CC_GET_TEST_RESULT 0x17cu
#define CC_PCR_READ 0x17eu
#define CC_READ_CLOCK 0x181u
#define CC_PCR_EXTEND 0x182u
#define CC_HASH_SEQUENCE_START 0x186u
#define CC_POLICY_GET_DIGEST 0x189u

struct client {
    GPid pid;
    int in, out, err; /* our ends */
};

/* Where @program of the build tree is. */
char *client_program_path(const char *program);

/* Starts @argv, whose stderr is kept for client_end(). */
struct client *client_spawn(char **argv);
/* Starts the program of the build tree. */
struct client *client_start(const char *program);

void client_send(struct client *client, const void *data, gsize size);
/* One frame. Ends the test when none comes within 30 s. */
GByteArray *client_receive(struct client *client);
/* Closes the input, waits. The exit status (128 + signal number if killed);
 * frees @client. What the program logged goes to *@log unless NULL. */
int client_end(struct client *client, char **log);

/* Hex digits, spaces ignored. */
GByteArray *from_hex(const char *hex);
/* A whole frame. */
GByteArray *frame(guint16 tag, guint32 code, const char *hex);

/* Sends a frame and takes its answer: the bytes after the header. The response
 * code goes to *@rc; if that is NULL, it must be success. */
GByteArray *client_call(struct client *client, guint16 tag, guint32 code,
                        const char *hex, guint32 *rc);
/* The same for the response code alone. */
guint32 client_rc(struct client *client, guint16 tag, guint32 code,
                  const char *hex);

/* Succeed or end the test. */
void client_startup(struct client *client);
/* Code VTPM_EK_*: the TPMT_PUBLIC */
GByteArray *client_ek_frame(struct client *client, guint32 key);
/* The TPMT_PUBLIC of CreatePrimary in the endorsement hierarchy by the TCG's
 * template; the object is flushed. */
GByteArray *client_ek_primary(struct client *client, guint32 key);
/* Makes a small primary key and leaves it loaded; the response code. */
guint32 client_load_object(struct client *client);

void assert_same(const GByteArray *a, const GByteArray *b);
void assert_different(const GByteArray *a, const GByteArray *b);

#endif
