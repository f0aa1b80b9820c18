/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fleets for others. hbal reads Ganeti's text format: groups, nodes, instances, tags, policies,
 * with an empty line between; crm_simulate a CIB. Disks are external (template ext), so that hbal
 * may move an instance to any node, as live migration over shared storage can.
 */
#include "bench/others.h"

#include <math.h>
#include <string.h>

static void write_node(const struct fleet *fleet, const struct host *host, FILE *file)
{
    double used = 0;
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        if (strcmp(fleet->vms[i]->host, host->name) == 0)
            used += fleet->vms[i]->memory_mib + vm_overhead_mib(fleet->vms[i]);
    double left = fmax(0, floor(host->memory_mib - used));
    /* name, memory, of the node, free, disk, free, CPUs, role, group, spindles ... */
    fprintf(file, "%s|%.0f|0|%.0f|1048576000|1048576000|%u|N|group-1|1||N|0|1|1.0\n", host->name,
            host->memory_mib, left, host->threads);
}

void others_write_hbal(const struct fleet *fleet, FILE *file)
{
    fputs("default|group-1|preferred||\n\n", file);
    for (uint32_t i = 0; i < fleet->n_hosts; i++)
        write_node(fleet, fleet->hosts[i], file);
    fputs("\n", file);
    for (uint32_t i = 0; i < fleet->n_vms; i++) {
        const struct vm *vm = fleet->vms[i];
        /* name, memory, disk, vCPUs, status, auto balance, primary, secondary, template, tags */
        fprintf(file, "%s|%.0f|1024|%u|running|Y|%s||ext||1|-\n", vm->name,
                floor(vm->memory_mib + vm_overhead_mib(vm)), vm->vcpus, vm->host);
    }
    fputs("\n\n|1024,1,1024,1,1,1|128,1,1024,1,1,1;1048576,512,1048576,16,8,12|ext|64.0|32.0\n",
          file);
}

static void write_resource(const struct vm *vm, FILE *file)
{
    fprintf(file,
            "<primitive id=\"%s\" class=\"ocf\" provider=\"heartbeat\" type=\"Dummy\">"
            "<utilization id=\"%s-u\"><nvpair id=\"%s-m\" name=\"memory\" value=\"%.0f\"/>"
            "</utilization><meta_attributes id=\"%s-a\">"
            "<nvpair id=\"%s-am\" name=\"allow-migrate\" value=\"true\"/></meta_attributes>"
            "</primitive>\n",
            vm->name, vm->name, vm->name, floor(vm->memory_mib + vm_overhead_mib(vm)), vm->name,
            vm->name);
}

/* What runs where, as Pacemaker knows it: by the history of operations. */
static void write_history(const struct fleet *fleet, uint32_t host, FILE *file)
{
    const char *name = fleet->hosts[host]->name;
    fprintf(file,
            "<node_state id=\"%u\" uname=\"%s\" in_ccm=\"true\" crmd=\"online\" join=\"member\" "
            "expected=\"member\"><lrm id=\"%u\"><lrm_resources>\n", host + 1, name, host + 1);
    for (uint32_t i = 0; i < fleet->n_vms; i++) {
        const char *vm = fleet->vms[i]->name;
        if (strcmp(fleet->vms[i]->host, name) != 0)
            continue;
        fprintf(file,
                "<lrm_resource id=\"%s\" class=\"ocf\" provider=\"heartbeat\" type=\"Dummy\">"
                "<lrm_rsc_op id=\"%s_last_0\" operation_key=\"%s_start_0\" operation=\"start\" "
                "crm-debug-origin=\"bench\" crm_feature_set=\"3.16.2\" transition-key="
                "\"1:1:0:00000000-0000-0000-0000-000000000000\" transition-magic="
                "\"0:0;1:1:0:00000000-0000-0000-0000-000000000000\" on_node=\"%s\" call-id=\"%u\" "
                "rc-code=\"0\" op-status=\"0\" interval=\"0\"/></lrm_resource>\n",
                vm, vm, vm, name, i + 1);
    }
    fputs("</lrm_resources></lrm></node_state>\n", file);
}

/* The first host is to be emptied: it is on standby. */
void others_write_cib(const struct fleet *fleet, FILE *file)
{
    fputs("<cib crm_feature_set=\"3.16.2\" validate-with=\"pacemaker-3.7\" epoch=\"1\" "
          "num_updates=\"0\" admin_epoch=\"1\" have-quorum=\"1\"><configuration><crm_config>"
          "<cluster_property_set id=\"o\"><nvpair id=\"o-s\" name=\"stonith-enabled\" "
          "value=\"false\"/><nvpair id=\"o-p\" name=\"placement-strategy\" value=\"balanced\"/>"
          "</cluster_property_set></crm_config><nodes>\n", file);
    for (uint32_t i = 0; i < fleet->n_hosts; i++) {
        const struct host *host = fleet->hosts[i];
        fprintf(file, "<node id=\"%u\" uname=\"%s\"><utilization id=\"n%u-u\"><nvpair id=\"n%u-m\" "
                "name=\"memory\" value=\"%.0f\"/></utilization>", i + 1, host->name, i, i,
                host->memory_mib);
        if (i == 0)
            fputs("<instance_attributes id=\"n0-a\"><nvpair id=\"n0-s\" name=\"standby\" "
                  "value=\"on\"/></instance_attributes>", file);
        fputs("</node>\n", file);
    }
    fputs("</nodes><resources>\n", file);
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        write_resource(fleet->vms[i], file);
    fputs("</resources><constraints/></configuration><status>\n", file);
    for (uint32_t i = 0; i < fleet->n_hosts; i++)
        write_history(fleet, i, file);
    fputs("</status></cib>\n", file);
}
