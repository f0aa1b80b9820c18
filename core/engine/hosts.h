/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside engine/: what its files offer each other about hosts, and about the VMs that are there. */
#ifndef DROVER_ENGINE_HOSTS_H
#define DROVER_ENGINE_HOSTS_H

#include "engine/state.h"

/* hosts.c */
struct watch *watch_find(const struct engine *engine, const char *host);
struct watch *watch_add(struct engine *engine, const char *host);
void watch_free(struct watch *watch);
bool watch_wants_maintenance(const struct watch *watch);
bool watch_is_wanted_by_people(const struct watch *watch); /* not by its policy */
uint32_t host_count_vms(const struct engine *engine, const char *host); /* that are on there */
bool host_has_vms(const struct engine *engine, const char *host); /* or some on their way */
void on_host_connected(struct engine *engine, const struct event *event);
void on_host_lost(struct engine *engine, const struct event *event);
void on_host_report(struct engine *engine, const struct event *event);
void on_sample(struct engine *engine, const struct event *event);
void hosts_pump(struct engine *engine);
double word_at(const struct engine *engine, const struct event *event); /* when it was so */

/* alarm.c: hosts that announce trouble */
const char *watch_alarm(const struct watch *watch); /* NULL: none */
void alarm_on(struct engine *engine, struct watch *watch, const char *reason, const char *who);
void alarm_off(struct engine *engine, struct watch *watch);
void alarm_recall(struct engine *engine, const char *host, const char *text);
void on_host_alarm(struct engine *engine, const struct event *event);

/* spare.c: what would not fit if a host died */
void spare_review(struct engine *engine);
void spare_free(struct spare *spare);

/* failure.c: hosts that do not answer */
void failure_pump(struct engine *engine);
enum drover_host_state failure_state(struct engine *engine, struct watch *watch,
                                     const char **reason);
void failure_host_back(struct engine *engine, struct watch *watch);
void failure_host_lost(struct engine *engine, struct watch *watch);
void failure_host_reported(struct engine *engine, struct watch *watch);
void failure_set_changed(struct engine *engine);
void failure_free(struct failure *failure);
void failure_prove_again(struct engine *engine, struct watch *watch, const char *vm);
void on_probed(struct engine *engine, const struct event *event);
void on_fenced(struct engine *engine, const struct event *event);
void failure_host_spoke(struct engine *engine, struct watch *watch); /* but not by libvirt */
bool failure_order(struct engine *engine, struct watch *watch, const char *action);

/* power.c: hosts that drover switches though nothing is wrong with them */
void power_pump(struct engine *engine);
bool power_covers(const struct watch *watch); /* that it is silent is drover's doing, or may be */
bool power_state(struct engine *engine, const struct watch *watch, enum drover_host_state *state,
                 const char **reason);
bool power_heard(struct engine *engine, struct watch *watch, const struct event *event);
void power_host_reported(struct engine *engine, struct watch *watch);
void power_rest(struct engine *engine, struct watch *watch, const char *why); /* by policy */
void power_want_off(struct engine *engine, struct watch *watch, bool off);
void power_use(struct engine *engine, struct watch *watch, const char *why); /* on, no policy's */
void power_hand_over(struct engine *engine, struct watch *watch); /* to people; its phase stays */
void power_recall(struct engine *engine, struct watch *watch, const char *lines);
void power_drop(struct engine *engine, struct watch *watch); /* not configured any more */
void power_free(struct power *power);

/* home.c: VMs that may go back to where they were */
void home_note(struct engine *engine, const struct move *move); /* it has been completed */
void home_return(struct engine *engine, const char *host, bool come, const char *who);
void homes_pump(struct engine *engine);
void home_recall(struct engine *engine, const char *vm, const char *lines);
void home_free(struct home *home);

/* capacity.c: which hosts are in use */
void capacity_perform(struct engine *engine, const char *cluster, const struct plan *plan);
bool capacity_need(struct engine *engine, const char *vm); /* no host takes it: is one to come? */

/* leftover.c: definitions left behind by restarts and cold moves */
void leftover_add(struct engine *engine, const char *vm, const char *host);
void leftover_seen(struct engine *engine, const char *vm, const char *host);
void leftover_gone(struct engine *engine, const char *vm, const char *host);
void leftovers_of_report(struct engine *engine, const struct event *event);
void leftovers_lost_host(struct engine *engine, const char *host);
bool leftovers_hold(struct engine *engine, const char *host);
bool leftover_is_at(const struct engine *engine, const char *vm, const char *host);
void leftover_recall(struct engine *engine, const char *vm, const char *host);
void leftover_free(struct leftover *leftover);

/* keep.c: the last known state of VMs over a restart of droverd */
void keep_vm(struct engine *engine, const struct vm *vm);
void keep_end(struct engine *engine, const char *key);
bool keep_is_hearsay(const struct engine *engine, const char *key); /* nobody has confirmed it */
void keep_confirm(struct engine *engine, const char *key);
void keep_recall(struct engine *engine, const char *key, const char *lines);
void keep_free(struct kept *kept);

/* vms.c */
void on_vm_changed(struct engine *engine, const struct event *event);
void on_vm_gone(struct engine *engine, const struct event *event);
void vm_seen(struct engine *engine, const char *host, const struct vm *seen);
void vm_gone(struct engine *engine, const char *host, const char *key, const char *why);
bool vm_changed_since(const struct vm *vm, double at); /* what was read before says nothing of it */
bool vm_occupies(const struct vm *vm); /* it runs, is paused or migrates: its host is not empty */

/* twice.c: a VM that two hosts claim */
void doubt_raise(struct engine *engine, const char *vm, const char *one, const char *other);
bool doubt_seen(struct engine *engine, const struct vm *seen, const char *host); /* is there one? */
void doubt_end(struct engine *engine, const char *vm, const char *host); /* that host has it not */
bool vm_is_doubted(const struct engine *engine, const char *vm);
const char *doubt_other(const struct engine *engine, const char *vm,
                        const char *host); /* who claims it beside that host; NULL: nobody */
void doubt_free(struct doubt *doubt);

/* booking.c: room for what the hook has let in */
const struct booking *booking_of(const struct engine *engine, const char *vm, const char *host);
const struct booking *booking_elsewhere(const struct engine *engine, const char *vm,
                                        const char *host); /* its start on another host */
void booking_add(struct engine *engine, const struct vm *vm, const char *host, bool moves);
void booking_seen(struct engine *engine, const char *vm, const char *host); /* it runs there */
void booking_end(struct engine *engine, const char *vm, const char *host);
/* The first host from *i on that let the VM in, and has not said since what it has; NULL: none. */
const struct watch *booking_unheard(const struct engine *engine, const char *vm, double since,
                                    uint32_t *i);
void bookings_pump(struct engine *engine);
void booking_recall(struct engine *engine, const char *rest, const char *text);
void booking_free(struct booking *booking);

#endif
