/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bench for parts of droverd that perform effects and report events: a daemon of which there is
 * only its set, and in which nobody takes the events, so that they stay to be looked at.
 */
#ifndef TESTS_DAEMON_BENCH_H
#define TESTS_DAEMON_BENCH_H

#include "unit/policy_files.h"

#include "daemon/daemon.h"
#include "policy/settings_file.h"

#define BENCH_DEADLINE_S 60 /* for what has to happen: it ends a test that hangs */

struct daemon_bench {
    struct daemon daemon;
    struct set set;
};

static inline void daemon_bench_begin(struct daemon_bench *bench, const struct folder *folder,
                                      const char *config)
{
    struct error error = ERROR_INIT;
    *bench = (struct daemon_bench){.daemon = {.taking = true}};
    bench->daemon.set = &bench->set;
    bench->daemon.events = g_queue_new();
    bench->set.settings = settings_read(folder_write(folder, "drover.yaml", config), &error);
    assert_string_equal(error.text, "");
    assert_non_null(bench->set.settings);
}

static inline void daemon_bench_end(struct daemon_bench *bench)
{
    for (struct event *event; (event = g_queue_pop_head(bench->daemon.events));)
        event_free(event);
    g_queue_free(bench->daemon.events);
    settings_free(bench->set.settings);
}

/* The loop turns until there are so many events. */
static inline void daemon_bench_await(struct daemon_bench *bench, guint n)
{
    gint64 deadline = g_get_monotonic_time() + BENCH_DEADLINE_S * G_USEC_PER_SEC;
    while (g_queue_get_length(bench->daemon.events) < n) {
        assert_true(g_get_monotonic_time() < deadline);
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(2000);
    }
}

/* The first that came; event_free() it. */
static inline struct event *daemon_bench_event(struct daemon_bench *bench)
{
    daemon_bench_await(bench, 1);
    return g_queue_pop_head(bench->daemon.events);
}

#endif
