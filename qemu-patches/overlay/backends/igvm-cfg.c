/*
 * -object igvm-cfg: the IGVM file of a machine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "qom/object_interfaces.h"
#include "system/igvm-cfg.h"

static char *igvm_cfg_get_file(Object *obj, Error **errp)
{
    return g_strdup(IGVM_CFG(obj)->filename);
}

static void igvm_cfg_set_file(Object *obj, const char *value, Error **errp)
{
    IgvmCfg *igvm = IGVM_CFG(obj);

    g_free(igvm->filename);
    igvm->filename = g_strdup(value);
}

static void igvm_cfg_complete(UserCreatable *uc, Error **errp)
{
    if (!IGVM_CFG(uc)->filename) {
        error_setg(errp, "igvm-cfg needs file=FILE");
    }
}

static void igvm_cfg_class_init(ObjectClass *oc, void *data)
{
    USER_CREATABLE_CLASS(oc)->complete = igvm_cfg_complete;

    object_class_property_add_str(oc, "file", igvm_cfg_get_file,
                                  igvm_cfg_set_file);
    object_class_property_set_description(oc, "file",
                                          "IGVM file that the guest starts from");
}

static void igvm_cfg_finalize(Object *obj)
{
    g_clear_pointer(&IGVM_CFG(obj)->contents, g_bytes_unref);
    g_free(IGVM_CFG(obj)->filename);
}

static const TypeInfo igvm_cfg_info = {
    .parent = TYPE_OBJECT,
    .name = TYPE_IGVM_CFG,
    .instance_size = sizeof(IgvmCfg),
    .instance_finalize = igvm_cfg_finalize,
    .class_init = igvm_cfg_class_init,
    .interfaces = (InterfaceInfo[]) {
        { TYPE_USER_CREATABLE },
        { }
    }
};

static void igvm_cfg_register_types(void)
{
    type_register_static(&igvm_cfg_info);
}

type_init(igvm_cfg_register_types);
