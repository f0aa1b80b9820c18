/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configuration (/etc/drover/drover.yaml and conf.d/) as plain values. policy/ reads it.
 */
#ifndef DROVER_MODEL_SETTINGS_H
#define DROVER_MODEL_SETTINGS_H

#include "base/arena.h"
#include "base/field.h"

/* One way to fence a host: a fence unit with its parameters. */
struct fence_setting {
    const char *unit;
    uint32_t level;          /* lower ones first; those of one level only together prove anything */
    double timeout_s;
    struct pairs parameters; /* of the unit; never written anywhere, there may be secrets */
    /* not in the document */
    bool soft;               /* the unit has DROVER_SOFT */
    bool listens;            /* the unit has DROVER_LISTENS */
};

/* What a host's libvirt daemon can do at a time: its own configuration, which it does not tell. */
struct libvirtd_setting {
    uint32_t max_clients, max_workers, max_client_requests; /* libvirtd.conf, virtqemud.conf */
    uint32_t migration_ports; /* qemu.conf: migration_port_min to migration_port_max */
};

/* A host as configured: what libvirt cannot tell us. Everything else is measured. */
struct host_setting {
    const char *name;
    const char *uri;     /* libvirt URI as seen from the controller: qemu+tls://kvm1/system */
    const char *peer_uri; /* as seen from the other hosts; NULL: as uri */
    const char *migration_address; /* address of the migration network; NULL: libvirt chooses */
    const char *cluster;
    double memory_reserved_mib;
    double link_mbps;
    struct texts roles;
    struct pairs labels;
    struct texts probe;      /* addresses, HOST:PORT, that are tried when libvirt does not answer */
    struct texts probe_from; /* who else tries them: destinations of ssh(1) */
    const char *heartbeat;   /* a file on shared storage that it writes all the time; NULL: none */
    struct rows fence;       /* struct fence_setting, in the order in which they are tried */
    bool power_management;   /* a policy may switch it off and on */
    double migration_limit_mbps; /* so much of its link is for migrations, by bandwidth: auto; 0: all */
    const char *tls_name;    /* in its certificate for migrations; "": as in peer_uri */
    const char *os_version;  /* "family major.minor", which libvirt does not tell; "": not known */
    struct libvirtd_setting libvirtd;
    /* not in the document: where it stands there; file NULL: not known */
    const char *file;
    uint32_t line, column;
};

/* When and how hosts that do not answer are fenced. RHV's defaults where it has them. */
struct fencing {
    bool enabled;
    double grace_per_vm_s;   /* longer grace for each VM on the host */
    double grace_spm_s;      /* and for the one with the role spm */
    double quiet_start_s;    /* nothing is fenced so soon after droverd started */
    double soft_wait_s;      /* after a soft fence: for the host to come back */
    double retry_s;          /* after all devices failed */
    double cut_off_pct;      /* so many hosts gone: drover itself is cut off, and does nothing */
    bool power_on;           /* a host that was fenced is switched on again */
};

/* How VMs of dead hosts, and HA VMs that crashed, come back. RHV's defaults. */
struct restarts {
    double retry_s;          /* between the first tries */
    uint32_t tries;          /* so many of those, then */
    double long_retry_s;     /* one every so often, for ever */
    double priority_wait_s;  /* lower priorities wait so long for higher ones */
    uint32_t per_host;       /* starts at a time */
    bool keep_all;           /* remember all VMs, not only the HA ones */
};

/* Hosts that drover switches off and on though nothing is wrong with them. */
struct power_saving {
    double boot_s;  /* a host that was switched on is heard within so long */
    double hold_s;  /* one that was taken into use is left alone by policies for so long */
    double retry_s; /* after a device failed; so long nothing goes to a host that may still go off */
};

/* What goes with maintenance that a person asks for. */
struct maintenance {
    bool power_off; /* the host is switched off once it is empty, where its devices can do that */
    bool move_home; /* afterwards its VMs go back to it */
};

/* How much may happen at once, and how patient to be. */
struct limits {
    uint32_t outgoing_per_host;     /* migrations at a time */
    uint32_t incoming_per_host;
    uint32_t per_cluster;
    uint32_t balance_moves_per_round; /* per cluster */
    uint32_t enforce_moves_per_round; /* to mend broken rules of groups; per cluster */
    double round_s;                 /* between two rounds */
    double cooldown_s;              /* a VM that moved stays so long, as far as balancing goes */
    uint32_t tries;                 /* hosts tried for one VM */
    double retry_s;                 /* first pause after a failed try; doubles */
    double retry_limit_s;           /* the longest pause */
    double measure_wait_s;          /* a move waits so long for its guest's dirty rate; 0: not at all */
    double grace_s;                 /* connecting -> non_responsive */
};

struct settings {
    struct rows clusters; /* struct cluster, as in fleet files */
    struct rows hosts;    /* struct host_setting */
    struct rows groups;   /* struct group, as in fleet files */
    struct limits limits;
    struct fencing fencing;
    struct restarts restarts;
    struct power_saving power;
    struct maintenance maintenance;
    double poll_s;        /* statistics */
    double connect_retry_s;
    double keepalive_s;
    uint32_t keepalive_count;
    double call_timeout_s; /* a libvirt call that takes longer makes its host suspect */
    struct texts policy_dirs, lua_dirs, plugin_dirs, pack_dirs;
    const char *socket;    /* API */
    const char *socket_group;
    const char *hook_socket;
    const char *hook_dir;  /* a hook socket for each host, HOST.sock: SSH carries it there */
    const char *database;
    double journal_days;
    double journal_mib;
    const char *maintenance_dir;
    const char *alarm_dir;
    /* not in the document */
    const char *file;
    struct arena arena;
};

extern const struct field host_setting_fields[];
extern const struct field limits_fields[];
extern const struct field fence_setting_fields[];
extern const struct field settings_fields[];

/* The setting of that host, NULL where it is not configured. */
const struct host_setting *settings_host(const struct settings *settings, const char *name);

#endif
