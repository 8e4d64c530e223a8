/* SPDX-License-Identifier: MIT */
/* SVSM calling convention and protocols: AMD 58019; Linux asm/sev.h, drivers/char/tpm/tpm_svsm.c. */
#ifndef EVTPM_SVSM_H
#define EVTPM_SVSM_H

#include "evtpm/abi.h"

/* Calling area: one page per vCPU, private, read-write for the guest VMPL. */
struct svsm_caa {
    uint8_t call_pending;
    uint8_t mem_available;
    uint8_t no_eoi_required;
    uint8_t rsvd_03[5];
    uint8_t buffer[4088];
};
EVTPM_SIZE(struct svsm_caa, 4096);

/* RAX = protocol << 32 | call */
#define SVSM_CALL(protocol, call) (((uint64_t)(protocol) << 32) | (call))
#define SVSM_PROTOCOL_CORE 0u
#define SVSM_PROTOCOL_ATTEST 1u
#define SVSM_PROTOCOL_VTPM 2u
#define SVSM_PROTOCOL_APIC 3u

#define SVSM_CORE_REMAP_CA 0u
#define SVSM_CORE_PVALIDATE 1u
#define SVSM_CORE_CREATE_VCPU 2u
#define SVSM_CORE_DELETE_VCPU 3u
#define SVSM_CORE_DEPOSIT_MEM 4u
#define SVSM_CORE_WITHDRAW_MEM 5u
#define SVSM_CORE_QUERY_PROTOCOL 6u
#define SVSM_CORE_CONFIGURE_VTOM 7u
#define SVSM_ATTEST_SERVICES 0u
#define SVSM_ATTEST_SINGLE_SERVICE 1u
#define SVSM_VTPM_QUERY 0u
#define SVSM_VTPM_CMD 1u

/* Results in RAX */
#define SVSM_SUCCESS 0ull
#define SVSM_ERR_INCOMPLETE 0x80000000ull
#define SVSM_ERR_UNSUPPORTED_PROTOCOL 0x80000001ull
#define SVSM_ERR_UNSUPPORTED_CALL 0x80000002ull
#define SVSM_ERR_INVALID_ADDRESS 0x80000003ull
#define SVSM_ERR_INVALID_FORMAT 0x80000004ull
#define SVSM_ERR_INVALID_PARAMETER 0x80000005ull
#define SVSM_ERR_INVALID_REQUEST 0x80000006ull
#define SVSM_ERR_BUSY 0x80000007ull
#define SVSM_ERR_PROTOCOL_BASE 0x80001000ull
#define SVSM_ERR_PVALIDATE_INPUT 0x80001001ull
#define SVSM_ERR_PVALIDATE_PERMISSION 0x80001002ull
#define SVSM_ERR_VCPU_IN_USE 0x80001003ull
#define SVSM_ERR_PVALIDATE_SIZEMISMATCH 0x80001006ull
#define SVSM_ERR_PVALIDATE_UNCHANGED 0x80001010ull

struct svsm_pvalidate_hdr {
    uint16_t entries;
    uint16_t next;
    uint32_t rsvd_4;
};
EVTPM_SIZE(struct svsm_pvalidate_hdr, 8);
#define SVSM_PVALIDATE_SIZE_MASK 0x3ull
#define SVSM_PVALIDATE_VALIDATE (1ull << 2)
#define SVSM_PVALIDATE_IGNORE_CF (1ull << 3)
#define SVSM_PVALIDATE_RSVD_MASK 0xff0ull

/* Attestation: a buffer of the guest as the caller describes it. */
struct svsm_attest_buf {
    uint64_t gpa;
    uint32_t len;
    uint32_t rsvd;
};
EVTPM_SIZE(struct svsm_attest_buf, 16);

struct svsm_attest_call {
    struct svsm_attest_buf report;
    struct svsm_attest_buf nonce;
    struct svsm_attest_buf manifest;
    struct svsm_attest_buf certificates;
    struct evtpm_guid service_guid; /* SINGLE_SERVICE only, from here on */
    uint32_t service_version;
    uint32_t rsvd_54;
};
EVTPM_SIZE(struct svsm_attest_call, 0x58);
EVTPM_OFFSET(struct svsm_attest_call, service_guid, 0x40);
#define SVSM_ATTEST_SERVICES_SIZE 0x40
#define SVSM_ATTEST_NONCE_SIZE 64

/* 63849ebb-3d92-4670-a1ff-58f9c94b87bb */
#define SVSM_GUID_SERVICES_MANIFEST \
    { 0x63849ebb, 0x3d92, 0x4670, { 0xa1, 0xff, 0x58, 0xf9, 0xc9, 0x4b, 0x87, 0xbb } }
/* c476f1eb-0123-45a5-9641-b4e7dde5bfe3: marshalled TPMT_PUBLIC of the RSA-2048 EK */
#define SVSM_GUID_VTPM \
    { 0xc476f1eb, 0x0123, 0x45a5, { 0x96, 0x41, 0xb4, 0xe7, 0xdd, 0xe5, 0xbf, 0xe3 } }

struct svsm_services_manifest {
    struct evtpm_guid guid;
    uint32_t size; /* whole manifest */
    uint32_t count;
};
EVTPM_SIZE(struct svsm_services_manifest, 24);

struct svsm_services_entry {
    struct evtpm_guid guid;
    uint32_t offset;
    uint32_t length;
};
EVTPM_SIZE(struct svsm_services_entry, 24);

/* vTPM protocol */
#define SVSM_VTPM_FEATURE_SEND_COMMAND 8u
struct svsm_vtpm_request {
    uint32_t command; /* 8 = SEND_COMMAND */
    uint8_t locality;
    uint32_t size;
    uint8_t data[];
} EVTPM_PACKED;
EVTPM_SIZE(struct svsm_vtpm_request, 9);
struct svsm_vtpm_response {
    uint32_t size;
    uint8_t data[];
};
EVTPM_SIZE(struct svsm_vtpm_response, 4);

#endif
