/* SPDX-License-Identifier: MIT */
/* Sorting certificates into a chain. */
#include "lib/bundle.h"

static int import_all(const void *data, size_t size, gnutls_x509_crt_t **list,
                      unsigned *count)
{
    gnutls_datum_t in = { (void *)data, (unsigned)size };
    int rc =
        gnutls_x509_crt_list_import2(list, count, &in, GNUTLS_X509_FMT_PEM, 0);

    return rc < 0 ? gnutls_x509_crt_list_import2(list, count, &in,
                                                 GNUTLS_X509_FMT_DER, 0)
                  : rc;
}

static struct evtpm_blob *place(struct evtpm_chain *chain,
                                gnutls_x509_crt_t crt, const char **name)
{
    struct evtpm_vcek_info info;
    unsigned ca = 0;

    if (gnutls_x509_crt_get_basic_constraints(crt, NULL, &ca, NULL) >= 0 &&
        ca) {
        bool self = gnutls_x509_crt_check_issuer(crt, crt);

        *name = self ? "ARK" : "ASK or ASVK";
        return self ? &chain->ark : &chain->ask;
    }
    if (evtpm_vlek_read(crt, &info, NULL) == 0) {
        *name = "VLEK";
        return &chain->vlek;
    }
    *name = "VCEK";
    return evtpm_vcek_read(crt, &info, NULL) == 0 ? &chain->vcek : NULL;
}

static int add_one(struct evtpm_chain *chain, gnutls_x509_crt_t crt,
                   struct evtpm_error *err)
{
    const char *name;
    struct evtpm_blob *to = place(chain, crt, &name);
    gnutls_datum_t der;
    bool kept;

    if (!to) {
        return evtpm_fail(err, "a certificate is of no AMD chain");
    }
    if (to->size) {
        return evtpm_fail(err, "there are two certificates of an %s", name);
    }
    if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der) < 0) {
        return evtpm_fail(err, "out of memory");
    }
    kept = evtpm_blob_set(to, der.data, der.size);
    gnutls_free(der.data);
    return kept ? 0 : evtpm_fail(err, "out of memory");
}

int evtpm_chain_add(struct evtpm_chain *chain, const void *data, size_t size,
                    struct evtpm_error *err)
{
    gnutls_x509_crt_t *list = NULL;
    unsigned count = 0;
    int rc = import_all(data, size, &list, &count);

    if (rc < 0) {
        return evtpm_fail(err, "not a certificate: %s", gnutls_strerror(rc));
    }
    rc = 0;
    for (unsigned i = 0; i < count; i++) {
        if (rc == 0) {
            rc = add_one(chain, list[i], err);
        }
        gnutls_x509_crt_deinit(list[i]);
    }
    gnutls_free(list);
    return rc;
}
