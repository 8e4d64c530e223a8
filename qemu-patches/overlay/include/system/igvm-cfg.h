/*
 * Object that names the IGVM file of a machine
 *
 * The names are those of later QEMU versions, so that one command line
 * serves both.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef QEMU_IGVM_CFG_H
#define QEMU_IGVM_CFG_H

#include "qom/object.h"

#define TYPE_IGVM_CFG "igvm-cfg"
OBJECT_DECLARE_SIMPLE_TYPE(IgvmCfg, IGVM_CFG)

struct IgvmCfg {
    Object parent_obj;

    char *filename;
    GBytes *contents;  /* once a machine has loaded it: a reset loads it again */
};

#endif
