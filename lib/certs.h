/* SPDX-License-Identifier: MIT */
/*
 * AMD's certificate chain: ARK (self-signed) -> ASK -> VCEK, RSASSA-PSS with SHA-384 and salt 48;
 * the VCEK, P-384, states in extensions (1.3.6.1.4.1.3704.1.*) which chip at which TCB it is for.
 * Or ARK -> ASVK -> VLEK: a key that AMD gave to a cloud provider, for a TCB but for no one chip.
 */
#ifndef EVTPM_LIB_CERTS_H
#define EVTPM_LIB_CERTS_H

#include <gnutls/x509.h>
#include <time.h>

#include "lib/blob.h"
#include "lib/report.h"

/* The organization in the subjects of chains that evtpm makes: never AMD's. */
#define EVTPM_EMULATED_ORGANIZATION "evtpm emulated"

/* The chain as DER; an empty blob is a certificate that is not there. */
struct evtpm_chain {
    struct evtpm_blob ark;
    struct evtpm_blob ask; /* above a VLEK: the ASVK, which has the same GUID */
    struct evtpm_blob vcek;
    struct evtpm_blob vlek;
};
void evtpm_chain_clear(struct evtpm_chain *chain);

/* What the VCEK's or VLEK's extensions say. */
struct evtpm_vcek_info {
    enum snp_product product;
    char product_name[32]; /* as written: "Milan-B0" */
    struct snp_tcb tcb;
    uint8_t hwid[64];
    size_t hwid_size; /* 64, Turin 8; 0 in a VLEK */
    char csp_id[64];  /* VLEK: whom AMD gave the key to; else "" */
};
int evtpm_vcek_read(gnutls_x509_crt_t vcek, struct evtpm_vcek_info *info,
                    struct evtpm_error *err);
/* A VLEK names a provider and no chip; what names a chip is none. */
int evtpm_vlek_read(gnutls_x509_crt_t vlek, struct evtpm_vcek_info *info,
                    struct evtpm_error *err);

/* Imports one DER certificate; NULL with an error text. Free with gnutls_x509_crt_deinit(). */
gnutls_x509_crt_t evtpm_cert_import(const struct evtpm_blob *der,
                                    struct evtpm_error *err);

/* One PEM or DER certificate of a file's contents, as DER. Returns 0 or -1. */
int evtpm_cert_decode(const void *data, size_t size, struct evtpm_blob *der,
                      struct evtpm_error *err);

/* "CN=...,O=..." into `out`; returns `out`. */
char *evtpm_cert_subject(const struct evtpm_blob *der, char *out, size_t size);
/* The organization in the subject is EVTPM_EMULATED_ORGANIZATION. */
bool evtpm_cert_is_emulated(const struct evtpm_blob *der);
/* One of AMD's own roots (Milan, Genoa, Turin), known by the SHA-256 of the certificate. */
bool evtpm_cert_is_amd_root(const struct evtpm_blob *der);

/*
 * VCEK signed by ASK, ASK by ARK, ARK by itself; the algorithms above; CA flags; valid at `now`.
 * Says nothing about whether the ARK deserves trust. Returns 0 or -1 with the reason.
 */
int evtpm_chain_verify(const struct evtpm_chain *chain, time_t now,
                       struct evtpm_error *err);
/* The same of the VLEK, under the ASVK. */
int evtpm_chain_verify_vlek(const struct evtpm_chain *chain, time_t now,
                            struct evtpm_error *err);

/*
 * Is `der`, a certificate or a revocation list, signed by the key of `issuer` by RSASSA-PSS with
 * SHA-384? Names, dates and what else the two say is the caller's to check.
 */
bool evtpm_cert_signed_by(const struct evtpm_blob *der,
                          gnutls_x509_crt_t issuer);

/*
 * The certificate table of an extended guest request (GHCB): build, padded to whole pages, and
 * parse. Parsing accepts GUIDs in either byte order and ignores unknown ones; certificates that
 * are missing stay empty. Return 0 or -1.
 */
int evtpm_cert_table_build(const struct evtpm_chain *chain,
                           struct evtpm_blob *table, struct evtpm_error *err);
int evtpm_cert_table_parse(const void *table, size_t size,
                           struct evtpm_chain *chain, struct evtpm_error *err);

/* Making an emulated chain. Keys stay the caller's. */
struct evtpm_cert_issue {
    enum snp_product product;
    gnutls_x509_privkey_t ark_key, ask_key;
    gnutls_x509_privkey_t vcek_key;
    gnutls_x509_privkey_t asvk_key, vlek_key; /* for these two alone */
    struct snp_tcb tcb;
    uint8_t chip_id[64];
    const char *csp_id; /* the provider in the VLEK: at most 60 bytes of ASCII */
};
/* ARK and ASK; the VCEK stays empty. */
int evtpm_chain_issue_cas(const struct evtpm_cert_issue *issue,
                          struct evtpm_chain *chain, struct evtpm_error *err);
/* The VCEK under the chain's ASK. */
int evtpm_chain_issue_vcek(const struct evtpm_cert_issue *issue,
                           struct evtpm_chain *chain, struct evtpm_error *err);
/* The ASVK under an ARK, and a VLEK for issue->csp_id under an ASVK. */
int evtpm_issue_asvk(const struct evtpm_cert_issue *issue,
                     const struct evtpm_blob *ark, struct evtpm_blob *asvk,
                     struct evtpm_error *err);
int evtpm_issue_vlek(const struct evtpm_cert_issue *issue,
                     const struct evtpm_blob *asvk, struct evtpm_blob *vlek,
                     struct evtpm_error *err);

#endif
