/*
 * IGVM loader of PC machines
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_I386_IGVM_H
#define HW_I386_IGVM_H

#include "hw/i386/pc.h"

/*
 * Load the file of @pcms->igvm into the machine, whose CPUs, RAM and e820
 * exist. With a confidential guest its class gets the pages to launch. Called
 * again, it loads what it read the first time into the memory that it added
 * then.
 */
bool pc_igvm_load(PCMachineState *pcms, Error **errp);

#endif
