/* SPDX-License-Identifier: MIT */
/* Domain XML, one function per subject. */
#include "harness/domain_xml.h"

#include "harness/cmdline.h"

static void put(GString *xml, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* One indented line or more; every argument is escaped. */
static void put(GString *xml, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_markup_vprintf_escaped(fmt, ap);
    va_end(ap);
    g_string_append(xml, text);
    g_string_append_c(xml, '\n');
}

static void put_metadata(GString *xml, const struct vm_config *c)
{
    g_autofree char *record = vm_config_to_json(c, FALSE);
    g_autoptr(GString) text = g_string_new(NULL);
    put(text,
        "    <" DOMAIN_XML_PREFIX ":vm xmlns:" DOMAIN_XML_PREFIX
        "='" DOMAIN_XML_URI "'>%s</" DOMAIN_XML_PREFIX ":vm>",
        record);
    g_string_replace(text, "&quot;", "\"", 0); /* legible, and as good */
    put(xml, "  <metadata>");
    g_string_append(xml, text->str);
    put(xml, "  </metadata>");
}

/* Guest memory of an SNP guest that KVM runs is shared by descriptor. */
static void put_memory(GString *xml, const struct vm_config *c)
{
    put(xml, "  <memory unit='MiB'>%u</memory>", c->memory);
    if (c->platform == PLATFORM_SNP) {
        put(xml, "  <memoryBacking>");
        put(xml, "    <source type='memfd'/>");
        put(xml, "    <access mode='shared'/>");
        put(xml, "  </memoryBacking>");
    }
    put(xml, "  <vcpu>%u</vcpu>", c->cpus);
}

static void put_os(GString *xml, const struct vm_config *c)
{
    put(xml, "  <os>");
    put(xml, "    <type arch='x86_64' machine='q35'>hvm</type>");
    if (!c->igvm) {
        put(xml, "    <loader type='rom'>%s</loader>", c->firmware);
    }
    if (c->kernel) {
        put(xml, "    <kernel>%s</kernel>", c->kernel);
    }
    if (c->initrd) {
        put(xml, "    <initrd>%s</initrd>", c->initrd);
    }
    if (c->append) {
        put(xml, "    <cmdline>%s</cmdline>", c->append);
    }
    put(xml, "  </os>");
}

/* The platform's processor; see cmdline.c for the reasons. */
static void put_processor(GString *xml, const struct vm_config *c)
{
    gboolean snp = c->platform == PLATFORM_SNP;
    put(xml, "  <features>");
    put(xml, "    <acpi/>");
    put(xml, "    <apic/>");
    if (snp) {
        put(xml, "    <ps2 state='off'/>");
    }
    if (snp && c->planes) {
        put(xml, "    <ioapic driver='qemu'/>");
    }
    put(xml, "  </features>");
    put(xml, "  <cpu mode='custom' match='exact' check='none'>");
    /* libvirt 9.0 has no versions of models; the emulator runs either */
    put(xml, "    <model fallback='forbid'>%s</model>",
        snp ? "EPYC-v4" : "EPYC");
    if (!snp) {
        put(xml, "    <feature policy='require' name='erms'/>");
        put(xml, "    <feature policy='require' name='fsrm'/>");
        put(xml, "    <feature policy='require' name='x2apic'/>");
    }
    put(xml, "  </cpu>");
}

static void put_disk(GString *xml, const struct vm_config *c)
{
    put(xml, "    <disk type='file' device='disk'>");
    put(xml, "      <driver name='qemu' type='%s'/>",
        cmdline_disk_format(c->disk));
    put(xml, "      <source file='%s'/>", c->disk);
    put(xml, "      <target dev='vda' bus='virtio'/>");
    put(xml, "      <boot order='1'/>");
    put(xml, "      <address type='pci' domain='0x0000' bus='0x00' "
             "slot='0x04' function='0x0'/>");
    put(xml, "    </disk>");
}

/* On the root bus by address: the default command line has the guest look for
 * no other. */
static void put_devices(GString *xml, const struct vm_config *c,
                        const char *console_log)
{
    put(xml, "  <devices>");
    put(xml, "    <emulator>%s</emulator>", c->qemu);
    if (c->disk) {
        put_disk(xml, c);
    }
    put(xml, "    <controller type='usb' model='none'/>");
    put(xml, "    <controller type='virtio-serial' index='0'>");
    put(xml, "      <address type='pci' domain='0x0000' bus='0x00' "
             "slot='0x03' function='0x0'/>");
    put(xml, "    </controller>");
    put(xml,
        console_log ? "    <serial type='pty'>" : "    <serial type='pty'/>");
    if (console_log) {
        put(xml, "      <log file='%s' append='on'/>", console_log);
        put(xml, "    </serial>");
    }
    put(xml, "    <channel type='unix'>");
    put(xml, "      <target type='virtio' name='org.qemu.guest_agent.0'/>");
    put(xml, "    </channel>");
    put(xml, "    <memballoon model='none'/>");
    put(xml, "  </devices>");
}

static void put_security(GString *xml, const struct vm_config *c)
{
    gboolean hashes = c->kernel_hashes && !c->igvm;
    put(xml,
        "  <launchSecurity type='sev-snp' kernelHashes='%s' "
        "authorKey='%s'>",
        hashes ? "yes" : "no", cmdline_has_author(c) ? "yes" : "no");
    put(xml, "    <cbitpos>%d</cbitpos>", CMDLINE_CBITPOS);
    put(xml, "    <reducedPhysBits>%d</reducedPhysBits>", CMDLINE_REDUCED_BITS);
    put(xml, "    <policy>0x%x</policy>", CMDLINE_POLICY);
    if (c->id_block && c->id_auth) {
        put(xml, "    <idBlock>%s</idBlock>", c->id_block);
        put(xml, "    <idAuth>%s</idAuth>", c->id_auth);
    }
    put(xml, "  </launchSecurity>");
}

static void put_arguments(GString *xml, const struct vm_config *c)
{
    g_auto(GStrv) argv = cmdline_beside_libvirt(c);
    if (!argv[0]) {
        return;
    }
    put(xml, "  <qemu:commandline>");
    for (char **a = argv; *a; a++) {
        put(xml, "    <qemu:arg value='%s'/>", *a);
    }
    put(xml, "  </qemu:commandline>");
}

gboolean domain_resets(const struct vm_config *c)
{
    return c->define && c->platform != PLATFORM_SNP;
}

char *domain_xml(const struct vm_config *c, const char *console_log)
{
    GString *xml = g_string_new(NULL);
    put(xml,
        "<domain type='%s' "
        "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>",
        c->platform == PLATFORM_SNP ? "kvm" : "qemu");
    put(xml, "  <name>%s</name>", c->name);
    put_metadata(xml, c);
    put_memory(xml, c);
    put_os(xml, c);
    put_processor(xml, c);
    put(xml, "  <on_poweroff>destroy</on_poweroff>");
    put(xml, "  <on_reboot>%s</on_reboot>",
        domain_resets(c) ? "restart" : "destroy");
    put(xml, "  <on_crash>destroy</on_crash>");
    put_devices(xml, c, console_log);
    if (c->platform == PLATFORM_SNP) {
        put_security(xml, c);
    }
    put_arguments(xml, c);
    put(xml, "</domain>");
    return g_string_free(xml, FALSE);
}
