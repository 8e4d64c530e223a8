/*
 * IGVM loader, not built
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/i386/igvm.h"

bool pc_igvm_load(PCMachineState *pcms, Error **errp)
{
    error_setg(errp, "IGVM files are not supported by this QEMU");
    return false;
}
