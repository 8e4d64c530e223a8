/*
 * IGVM loader of PC machines
 *
 * libevtpm checks the file as a whole before anything is done with it; what
 * is left to refuse here is what this machine cannot give. Directives are
 * carried out in the order of the file, because that order is measured.
 *
 * Without a confidential guest the "native" platform of a file is loaded:
 * plain pages and parameters, the CPU starts at its reset vector.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/i386/igvm.h"
#include "igvm-internal.h"
#include "system/confidential-guest-support.h"
#include "exec/address-spaces.h"
#include "trace.h"

/* More than any guest's first gigabyte would be a mistake, not a guest. */
#define IGVM_FILE_MAX GiB

/* ---- Platform and policy ---- */

static const struct {
    uint8_t igvm;
    ConfidentialGuestPlatformType cgs;
} platforms[] = {
    { IGVM_PLATFORM_SEV_SNP, CGS_PLATFORM_SEV_SNP },
    { IGVM_PLATFORM_SEV_ES, CGS_PLATFORM_SEV_ES },
    { IGVM_PLATFORM_SEV, CGS_PLATFORM_SEV },
    { IGVM_PLATFORM_TDX, CGS_PLATFORM_TDX },
};

static bool cgs_supports(IgvmLoader *l, const struct igvm_supported_platform *p)
{
    for (size_t i = 0; i < ARRAY_SIZE(platforms); i++) {
        if (platforms[i].igvm == p->platform_type) {
            return l->klass->check_support(platforms[i].cgs,
                                           p->platform_version, p->highest_vtl,
                                           p->shared_gpa_boundary);
        }
    }
    return false;
}

static bool choose_platform(IgvmLoader *l, Error **errp)
{
    if (l->cgs && !l->cgs->ready) {
        error_setg(errp, "accelerator does not support confidential guest %s",
                   object_get_typename(OBJECT(l->cgs)));
        return false;
    }
    if (l->cgs && (!l->klass->check_support || !l->klass->set_guest_state)) {
        error_setg(errp, "%s cannot start from an IGVM file",
                   object_get_typename(OBJECT(l->cgs)));
        return false;
    }
    for (uint32_t i = 0; i < l->file.platform_count; i++) {
        const struct igvm_supported_platform *p = &l->file.platform[i];

        if (l->cgs ? cgs_supports(l, p)
                   : p->platform_type == IGVM_PLATFORM_NATIVE) {
            l->mask = p->compatibility_mask;
            return true;
        }
    }
    error_setg(errp, "IGVM file '%s' does not support this platform (%s)",
               l->filename,
               l->cgs ? object_get_typename(OBJECT(l->cgs)) : "native");
    return false;
}

static void copy_sig(struct snp_ecdsa_sig *to, const struct igvm_snp_sig *from)
{
    memcpy(to->r, from->r, sizeof(to->r));
    memcpy(to->s, from->s, sizeof(to->s));
}

static void copy_key(struct snp_ecdsa_key *to, const struct igvm_snp_key *from)
{
    to->curve = from->curve;
    memcpy(to->qx, from->qx, sizeof(to->qx));
    memcpy(to->qy, from->qy, sizeof(to->qy));
}

/* The file's form of an ID block to the two structures of the firmware ABI. */
static void convert_id_block(const struct igvm_snp_id_block *in,
                             uint64_t policy, struct snp_id_block *block,
                             struct snp_id_auth *auth)
{
    memset(block, 0, sizeof(*block));
    memset(auth, 0, sizeof(*auth));
    memcpy(block->ld, in->ld, sizeof(block->ld));
    memcpy(block->family_id, in->family_id, sizeof(block->family_id));
    memcpy(block->image_id, in->image_id, sizeof(block->image_id));
    block->version = in->version;
    block->guest_svn = in->guest_svn;
    block->policy = policy;

    auth->id_key_algo = in->id_key_algorithm;
    auth->auth_key_algo = in->author_key_algorithm;
    copy_sig(&auth->id_block_sig, &in->id_key_signature);
    copy_key(&auth->id_key, &in->id_public_key);
    if (in->author_key_enabled) {
        copy_sig(&auth->id_key_sig, &in->author_key_signature);
        copy_key(&auth->author_key, &in->author_public_key);
    }
}

static bool set_policy(IgvmLoader *l, Error **errp)
{
    g_autofree struct snp_id_block *block = NULL;
    g_autofree struct snp_id_auth *auth = NULL;
    g_autofree struct igvm_snp_id_block *in = NULL;
    uint64_t policy = 0;
    struct igvm_header h;
    struct igvm_iter it;

    igvm_iter_init(&it, &l->file, l->mask);
    while (igvm_next(&it, &h)) {
        if (h.type == IGVM_VHT_GUEST_POLICY) {
            policy = h.u.policy.policy;
        } else if (h.type == IGVM_VHT_SNP_ID_BLOCK) {
            g_free(in);
            in = g_memdup2(&h.u.id_block, sizeof(*in));
        }
    }
    if (!l->cgs || !l->klass->set_guest_policy) {
        return true;
    }
    if (in) {
        block = g_new(struct snp_id_block, 1);
        auth = g_new(struct snp_id_auth, 1);
        convert_id_block(in, policy, block, auth);
    }
    return !l->klass->set_guest_policy(GUEST_POLICY_SEV, policy,
                                       block, block ? sizeof(*block) : 0,
                                       auth, auth ? sizeof(*auth) : 0, errp);
}

/* ---- Pages ---- */

/* Hand @len bytes to the confidential guest, or put them into plain memory. */
static bool place(IgvmLoader *l, uint64_t gpa, const void *data, uint64_t len,
                  ConfidentialGuestPageType type, Error **errp)
{
    g_autofree void *zero = NULL;

    trace_igvm_place(gpa, len, type);
    if (l->cgs) {
        return !l->klass->set_guest_state(gpa, (uint8_t *)data, len, type, 0,
                                          errp);
    }
    if (!data) {
        data = zero = g_malloc0(len);
    }
    if (address_space_write(&address_space_memory, gpa,
                            MEMTXATTRS_UNSPECIFIED, data, len) != MEMTX_OK) {
        error_setg(errp, "IGVM file '%s': cannot write guest memory at 0x%"
                   PRIx64, l->filename, gpa);
        return false;
    }
    return true;
}

static bool load_page(IgvmLoader *l, const struct igvm_header *h, Error **errp)
{
    const struct igvm_page_data *page = &h->u.page;
    uint64_t len = page->flags & IGVM_PAGE_DATA_2MB ? 2 * MiB : IGVM_PAGE_SIZE;
    ConfidentialGuestPageType type = CGS_PAGE_TYPE_NORMAL;
    g_autofree uint8_t *padded = NULL;
    const void *data = h->data;

    if (page->flags & IGVM_PAGE_DATA_SHARED) {
        type = CGS_PAGE_TYPE_SHARED;
    } else if (page->flags & IGVM_PAGE_DATA_UNMEASURED) {
        type = CGS_PAGE_TYPE_UNMEASURED;
    } else if (page->data_type == IGVM_PAGE_TYPE_SECRETS) {
        type = CGS_PAGE_TYPE_SECRETS;
    } else if (page->data_type != IGVM_PAGE_TYPE_NORMAL) {
        type = CGS_PAGE_TYPE_CPUID;
    }
    if (data && h->data_size < len) {
        padded = g_malloc0(len);
        memcpy(padded, data, h->data_size);
        data = padded;
    }
    return place(l, page->gpa, data, len, type, errp);
}

static bool load_vp_context(IgvmLoader *l, const struct igvm_header *h,
                            Error **errp)
{
    g_autofree uint8_t *vmsa = g_malloc0(IGVM_PAGE_SIZE);

    if (!l->cgs) {
        error_setg(errp, "IGVM file '%s': a VP context needs a confidential "
                   "guest", l->filename);
        return false;
    }
    memcpy(vmsa, h->data, MIN(h->data_size, IGVM_PAGE_SIZE));
    return !l->klass->set_guest_state(h->u.vp.gpa, vmsa, IGVM_PAGE_SIZE,
                                      CGS_PAGE_TYPE_VMSA, h->u.vp.vp_index,
                                      errp);
}

static bool load_directive(IgvmLoader *l, const struct igvm_header *h,
                           Error **errp)
{
    switch (h->type) {
    case IGVM_VHT_SUPPORTED_PLATFORM:
    case IGVM_VHT_GUEST_POLICY:
    case IGVM_VHT_SNP_ID_BLOCK:
        return true;           /* done before the first directive */
    case IGVM_VHT_RELOCATABLE_REGION:
    case IGVM_VHT_PAGE_TABLE_RELOCATION:
        return true;           /* nothing is relocated: addresses hold */
    case IGVM_VHT_CORIM_DOCUMENT:
    case IGVM_VHT_CORIM_SIGNATURE:
        return true;           /* for verifiers */
    case IGVM_VHT_ERROR_RANGE:
        return true;           /* where a guest may leave a message */
    case IGVM_VHT_REQUIRED_MEMORY:
        return true;           /* igvm_prepare_memory() has added it */
    case IGVM_VHT_PAGE_DATA:
        return load_page(l, h, errp);
    case IGVM_VHT_VP_CONTEXT:
        return load_vp_context(l, h, errp);
    case IGVM_VHT_PARAMETER_AREA:
        return igvm_area_add(l, h, errp);
    case IGVM_VHT_PARAMETER_INSERT: {
        IgvmArea *area = igvm_area_find(l, h->u.insert.parameter_area_index);

        return place(l, h->u.insert.gpa, area->data, area->size,
                     CGS_PAGE_TYPE_UNMEASURED, errp);
    }
    default:
        return igvm_fill_parameter(l, h, errp);
    }
}

static bool load_directives(IgvmLoader *l, Error **errp)
{
    struct igvm_header h;
    struct igvm_iter it;

    igvm_iter_init(&it, &l->file, l->mask);
    while (igvm_next(&it, &h)) {
        if (!load_directive(l, &h, errp)) {
            return false;
        }
    }
    return true;
}

/* Read, not mapped: what was checked is what is loaded, after resets, too. */
static bool read_file(IgvmCfg *igvm, Error **errp)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob contents = { 0 };

    if (evtpm_file_read(igvm->filename, IGVM_FILE_MAX, &contents, &err) < 0) {
        error_setg(errp, "IGVM file: %s", err.text);
        return false;
    }
    igvm->contents = g_bytes_new(contents.data, contents.size);
    evtpm_blob_clear(&contents);
    return true;
}

bool pc_igvm_load(PCMachineState *pcms, Error **errp)
{
    struct evtpm_error err = { "" };
    bool reload = pcms->igvm->contents;
    IgvmLoader l = {
        .machine = MACHINE(pcms),
        .filename = pcms->igvm->filename,
        .cgs = MACHINE(pcms)->cgs,
    };
    const void *data;
    gsize size;
    bool ok;

    if (l.cgs) {
        l.klass = CONFIDENTIAL_GUEST_SUPPORT_GET_CLASS(l.cgs);
    }
    if (!reload && !read_file(pcms->igvm, errp)) {
        return false;
    }
    data = g_bytes_get_data(pcms->igvm->contents, &size);
    if (igvm_open(data, size, &l.file, &err) < 0) {
        error_setg(errp, "IGVM file '%s': %s", l.filename, err.text);
        return false;
    }
    ok = choose_platform(&l, errp) && set_policy(&l, errp) &&
         (reload || igvm_prepare_memory(&l, errp)) &&
         load_directives(&l, errp);
    igvm_areas_free(&l);
    return ok;
}
