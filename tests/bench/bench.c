/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What drover's deciding costs, one table row at a time: bench WHAT HOSTS VMS. `fleet` writes the
 * fleet that all this is measured with, `hbal` and `cib` the same for Ganeti's hbal and for
 * Pacemaker's crm_simulate. bench spawn RUNS PATH OPERATION ... measures hooks. Run by run.sh, which prints the tables.
 */
#include "bench/bench.h"

#include "base/memory.h"
#include "bench/others.h"
#include "codec/fleet_file.h"
#include "policy/policy_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define SEED 1

static void give_up(const char *what, const struct error *error)
{
    fprintf(stderr, "bench: %s: %s\n", what, error->text);
    exit(1);
}

static const char *from_environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && value[0] ? value : otherwise;
}

static void tell(void *self, const char *path, const struct error *error)
{
    (void)self;
    fprintf(stderr, "bench: %s: %s\n", path, error->text);
}

struct bench bench_open(uint32_t hosts, uint32_t vms, const char *policy)
{
    struct bench bench = {.hosts = hosts, .vms = vms};
    struct error error = ERROR_INIT;
    char path[4096];
    bench.fleet = bench_fleet(hosts, vms, SEED, policy);
    if (fleet_check(bench.fleet, &error) < 0)
        give_up("fleet", &error);
    bench.policies = policies_new();
    snprintf(path, sizeof path, "%s/policies", from_environment("DROVER_SRC", "."));
    if (policies_read_dir(bench.policies, path, &error) < 0)
        give_up(path, &error);
    snprintf(path, sizeof path, "%s/tests/bench/policies", from_environment("DROVER_SRC", "."));
    if (policies_read_dir(bench.policies, path, &error) < 0)
        give_up(path, &error);
    bench.plug = plug_new(PLUG_TRUST_ANY);
    snprintf(path, sizeof path, "%s/plugins", from_environment("DROVER_BUILD", "build"));
    plug_load_dir(bench.plug, path, "", true, tell, NULL);
    snprintf(path, sizeof path, "%s/lua", from_environment("DROVER_SRC", "."));
    plug_load_dir(bench.plug, path, "", true, tell, NULL);
    const struct policy *resolved = policies_resolve(bench.policies, policy, &error);
    bench.set = resolved ? plug_bind(bench.plug, resolved, &error) : NULL;
    if (!bench.set)
        give_up(policy, &error);
    bench.columns = columns_new(bench.fleet);
    return bench;
}

void bench_close(struct bench *bench)
{
    columns_free(bench->columns);
    ruleset_free(bench->set);
    plug_unref(bench->plug);
    policies_free(bench->policies);
    fleet_free(bench->fleet);
}

double bench_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double bench_peak_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static void write_fleet(uint32_t hosts, uint32_t vms)
{
    struct fleet *fleet = bench_fleet(hosts, vms, SEED, "drover");
    char *text = fleet_file_write(fleet);
    fputs(text, stdout);
    free(text);
    fleet_free(fleet);
}

static void write_hbal(uint32_t hosts, uint32_t vms)
{
    struct fleet *fleet = bench_fleet(hosts, vms, SEED, "drover");
    others_write_hbal(fleet, stdout);
    fleet_free(fleet);
}

static void write_cib(uint32_t hosts, uint32_t vms)
{
    struct fleet *fleet = bench_fleet(hosts, vms, SEED, "drover");
    others_write_cib(fleet, stdout);
    fleet_free(fleet);
}

static const struct {
    const char *name;
    void (*run)(uint32_t hosts, uint32_t vms);
} things[] = {
    {"decision", measure_decision}, {"balance", measure_balance}, {"drain", measure_drain},
    {"load", measure_load},         {"engine", measure_engine},   {"fleet", write_fleet},
    {"hbal", write_hbal},           {"cib", write_cib},
};

int main(int argc, char **argv)
{
    if (argc >= 5 && argc % 2 == 1 && strcmp(argv[1], "spawn") == 0) {
        uint32_t runs = (uint32_t)strtoul(argv[2], NULL, 10);
        measure_spawn(runs ? runs : 1, argv + 3, (uint32_t)(argc - 3) / 2);
        return 0;
    }
    for (size_t i = 0; argc == 4 && i < sizeof things / sizeof *things; i++)
        if (strcmp(argv[1], things[i].name) == 0) {
            things[i].run((uint32_t)strtoul(argv[2], NULL, 10),
                          (uint32_t)strtoul(argv[3], NULL, 10));
            return 0;
        }
    fputs("usage: bench decision|balance|drain|load|engine|fleet|hbal|cib HOSTS VMS\n"
          "       bench spawn RUNS PATH OPERATION [PATH OPERATION]...\n", stderr);
    return 2;
}
