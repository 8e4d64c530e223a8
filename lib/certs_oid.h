/* SPDX-License-Identifier: MIT */
/* Extensions of AMD's VCEK certificates; values are DER inside the extension. */
#ifndef EVTPM_LIB_CERTS_OID_H
#define EVTPM_LIB_CERTS_OID_H

#define OID_AMD "1.3.6.1.4.1.3704.1"
#define OID_AMD_STRUCT_VERSION OID_AMD ".1" /* INTEGER: 0, Turin 1 */
#define OID_AMD_PRODUCT OID_AMD ".2"        /* IA5String */
#define OID_AMD_SPL_BL OID_AMD ".3.1"       /* INTEGER 0..255, like all SPLs */
#define OID_AMD_SPL_TEE OID_AMD ".3.2"
#define OID_AMD_SPL_SNP OID_AMD ".3.3"
#define OID_AMD_SPL_4 OID_AMD ".3.4"
#define OID_AMD_SPL_5 OID_AMD ".3.5"
#define OID_AMD_SPL_6 OID_AMD ".3.6"
#define OID_AMD_SPL_7 OID_AMD ".3.7"
#define OID_AMD_SPL_UCODE OID_AMD ".3.8"
#define OID_AMD_SPL_FMC OID_AMD ".3.9" /* Turin, instead of .3.4 */
#define OID_AMD_HWID OID_AMD ".4"      /* raw bytes */
#define OID_AMD_CSP_ID OID_AMD ".5"    /* IA5String; VLEK only */

#endif
