/* SPDX-License-Identifier: MIT */
/* The services manifest, and the extent of a certificate table. */
#include <glib.h>
#include <string.h>

#include "evtpm/report.h"
#include "svsm/cert_table.h"
#include "svsm/manifest.h"

static void test_services(void)
{
    static const guint8 ek[] = "endorsement key";
    /* GUIDs in mixed-endian order, as the specification prints them */
    static const guint8 head[] = {
        0xbb, 0x9e, 0x84, 0x63, 0x92, 0x3d, 0x70, 0x46, 0xa1, 0xff, 0x58, 0xf9,
        0xc9, 0x4b, 0x87, 0xbb, 48 + sizeof(ek), 0, 0, 0, 1, 0, 0, 0,
        0xeb, 0xf1, 0x76, 0xc4, 0x23, 0x01, 0xa5, 0x45, 0x96, 0x41, 0xb4, 0xe7,
        0xdd, 0xe5, 0xbf, 0xe3, 48, 0, 0, 0, sizeof(ek), 0, 0, 0,
    };
    guint8 manifest[128];

    g_assert_cmpuint(
        manifest_services(manifest, sizeof(manifest), ek, sizeof(ek)), ==,
        48 + sizeof(ek));
    g_assert_cmpmem(manifest, 48, head, sizeof(head));
    g_assert_cmpmem(manifest + 48, sizeof(ek), ek, sizeof(ek));
    g_assert_cmpuint(manifest_services(manifest, 48 + sizeof(ek), ek,
                                       sizeof(ek)), !=, 0);
    g_assert_cmpuint(manifest_services(manifest, 47 + sizeof(ek), ek,
                                       sizeof(ek)), ==, 0);
    g_assert_cmpuint(manifest_services(manifest, 10, ek, sizeof(ek)), ==, 0);
}

static void test_guid(void)
{
    struct evtpm_guid guid = SVSM_GUID_VTPM;

    g_assert_true(manifest_is_vtpm(&guid));
    guid.d[7] ^= 1;
    g_assert_false(manifest_is_vtpm(&guid));
}

static void put_entry(guint8 *table, guint i, guint32 offset, guint32 length)
{
    struct snp_cert_entry entry = { .offset = offset, .length = length };

    entry.guid[0] = (guint8)(i + 1);
    memcpy(table + i * sizeof(entry), &entry, sizeof(entry));
}

static void test_certificates(void)
{
    guint8 table[4096] = { 0 };

    g_assert_cmpuint(cert_table_size(table, sizeof(table)), ==, 0);
    put_entry(table, 0, 0x100, 0x200);
    put_entry(table, 1, 0x80, 0x80);
    g_assert_cmpuint(cert_table_size(table, sizeof(table)), ==, 0x300);
    put_entry(table, 1, 0x1000 - 0x10, 0x10);
    g_assert_cmpuint(cert_table_size(table, sizeof(table)), ==, 0x1000);
    put_entry(table, 1, 0x1000 - 0x10, 0x11);
    g_assert_cmpuint(cert_table_size(table, sizeof(table)), ==, 0);
    put_entry(table, 1, UINT32_MAX, 2);
    g_assert_cmpuint(cert_table_size(table, sizeof(table)), ==, 0);
    put_entry(table, 1, 2, UINT32_MAX);
    g_assert_cmpuint(cert_table_size(table, sizeof(table)), ==, 0);
}

/* A host that never ends the list */
static void test_no_end(void)
{
    guint8 table[240];

    memset(table, 0, sizeof(table));
    for (guint i = 0; i < 10; i++) {
        put_entry(table, i, 0, 4);
    }
    g_assert_cmpuint(cert_table_size(table, sizeof(table)), ==, 0);
    g_assert_cmpuint(cert_table_size(table, 239), ==, 0);
    g_assert_cmpuint(cert_table_size(table, 0), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/svsm/manifest/services", test_services);
    g_test_add_func("/svsm/manifest/guid", test_guid);
    g_test_add_func("/svsm/cert-table/extent", test_certificates);
    g_test_add_func("/svsm/cert-table/no-end", test_no_end);
    return g_test_run();
}
