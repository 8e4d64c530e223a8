/* SPDX-License-Identifier: MIT */
/* Between the files that make and change chip directories only. */
#ifndef EVTPM_LIB_CHIP_PRIV_H
#define EVTPM_LIB_CHIP_PRIV_H

#include "lib/certs.h"
#include "lib/chip.h"

#define CHIP_FILE_MAX 0x10000u
#define CHIP_PATH_MAX 4096

/* What belongs to one TCB, and the link to the directory of the present one. */
#define CHIP_CURRENT "current"
#define CHIP_TCB_NAME_SIZE 32
/* The last two are a VLEK's: not in every chip. */
#define CHIP_TCB_FILES 5
extern const char *const chip_tcb_files[CHIP_TCB_FILES];
/* How many of them a chip has. */
int chip_tcb_file_count(bool vlek);

/* "DIR/NAME" into `path`; -1 when it does not fit. */
int chip_path(char path[CHIP_PATH_MAX], const char *dir, const char *name,
              struct evtpm_error *err);

/* "tcb-04000000000018db": the directory of a TCB, by the bytes of TCB_VERSION. */
char *chip_tcb_name(enum snp_product product, const struct snp_tcb *tcb,
                    char out[CHIP_TCB_NAME_SIZE]);

/* Whole files in the directory `dir`. */
int chip_put_file(const char *dir, const char *name, const void *data,
                  size_t size, unsigned mode, struct evtpm_error *err);
int chip_put_key(const char *dir, const char *name, gnutls_x509_privkey_t key,
                 struct evtpm_error *err);
int chip_put_cert(const char *dir, const char *name,
                  const struct evtpm_blob *der, struct evtpm_error *err);
/* All that changes with the TCB, with a VLEK unless that is empty. */
int chip_put_tcb_files(const char *dir, const struct evtpm_cert_issue *issue,
                       const struct evtpm_blob *vcek,
                       const struct evtpm_blob *vlek, struct evtpm_error *err);

/* The key of `dir`/`name`; free with gnutls_x509_privkey_deinit(). */
int chip_read_key(const char *dir, const char *name,
                  gnutls_x509_privkey_t *key, struct evtpm_error *err);

int chip_new_key(gnutls_x509_privkey_t *key, gnutls_pk_algorithm_t algo,
                 unsigned bits, struct evtpm_error *err);
int chip_new_vcek_key(gnutls_x509_privkey_t *key, struct evtpm_error *err);

#endif
