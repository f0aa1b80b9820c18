/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal in bad times: wrong files, full disks, crashes, limits. */
#include "unit/store_helper.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void refuse(const struct place *place, enum error_kind kind, const char *says)
{
    struct error error = ERROR_INIT;
    assert_null(store_open(place->path, 0, 0, NULL, NULL, &error));
    assert_int_equal(error.kind, kind);
    assert_non_null(strstr(error.text, place->path));
    assert_non_null(strstr(error.text, says));
}

static void write_file(const char *path, const char *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
    close(fd);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_file_of_another_kind_is_refused(void **state)
{
    const struct place *place = *state;
    write_file(place->path, "hello\n", 6);
    refuse(place, ERROR_INPUT, "is not a journal of drover's");
    char text[4096];
    memset(text, 'a', sizeof text);
    memcpy(text, "SQLite format 3", 16);
    write_file(place->path, text, sizeof text);
    refuse(place, ERROR_INPUT, "is not a journal of drover's");
}

static void a_database_of_another_program_is_refused(void **state)
{
    const struct place *place = *state;
    run_sql(place->path, "CREATE TABLE t(x); PRAGMA application_id = 99");
    refuse(place, ERROR_INPUT, "database of another program (application id 99)");
}

static void a_newer_journal_is_refused(void **state)
{
    const struct place *place = *state;
    store_close(open_store(place, NULL));
    run_sql(place->path, "PRAGMA user_version = 2");
    refuse(place, ERROR_INPUT, "written by a newer drover (format 2; this one reads up to 1)");
}

static void a_damaged_journal_is_refused(void **state)
{
    const struct place *place = *state;
    struct store *store = open_store(place, NULL);
    for (int i = 0; i < 2000; i++)
        put_event(store, EVENT_HOST_CONNECTED, i, "kvm1");
    store_close(store);
    int fd = open(place->path, O_WRONLY | O_CLOEXEC);
    char noise[4096];
    memset(noise, 0xa5, sizeof noise);
    for (off_t page = 1; page < 12; page++)
        assert_int_equal(pwrite(fd, noise, sizeof noise, page * 4096), sizeof noise);
    close(fd);
    refuse(place, ERROR_INPUT, "is damaged");
}

static void a_missing_directory_says_so(void **state)
{
    (void)state;
    struct place nowhere = {.path = "/nonexistent/drover.db"};
    refuse(&nowhere, ERROR_FAILED, "Its directory must exist");
}

static bool check_gap(void *self, const struct store_record *record)
{
    uint64_t *last = self;
    if (record->kind == STORE_EVENT) {
        assert_int_equal(record->event, *last + 1);
        *last = record->event;
    }
    return true;
}

/* A journal that was copied to where only reading is possible; as somebody who is not root. */
static int walk_as_nobody(const struct place *place)
{
    uint64_t last = 0;
    struct error error = ERROR_INIT;
    if (geteuid() == 0 && setuid(65534) < 0)
        return 2;
    if (store_walk(place->path, check_gap, &last, &error) == 0)
        return last == 3 ? 0 : 3;
    return strstr(error.text, "you must be allowed to read it") ? 1 : 4;
}

static int walk_in_child(const struct place *place)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(walk_as_nobody(place));
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void a_copy_can_be_read_where_nothing_can_be_written(void **state)
{
    const struct place *place = *state;
    struct store *store = open_store(place, NULL);
    for (int i = 0; i < 3; i++)
        put_event(store, EVENT_TICK, i, "");
    store_close(store);
    assert_int_equal(chmod(place->directory, 0555), 0);
    assert_int_equal(chmod(place->path, 0444), 0);
    assert_int_equal(walk_in_child(place), 0);
    assert_int_equal(chmod(place->path, 0000), 0);
    assert_int_equal(walk_in_child(place), 1);
    assert_int_equal(chmod(place->directory, 0755), 0);
}

/* In a child, for the lock is a process's. */
static void only_one_at_a_time(void **state)
{
    const struct place *place = *state;
    static struct store *store; /* static: the child has it as well, and has not lost it */
    store = open_store(place, NULL);
    pid_t child = fork();
    if (child == 0) {
        struct error error = ERROR_INIT;
        bool refused = !store_open(place->path, 0, 0, NULL, NULL, &error) &&
                       strstr(error.text, "in use by another droverd");
        _exit(refused ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    store_close(store);
}

/* Writes for ever; tells through the pipe how many remembered things are on disk. */
static void write_and_tell(const struct place *place, int fd)
{
    struct store *store = open_store(place, NULL);
    for (uint32_t i = 0;; i++) {
        char name[32];
        snprintf(name, sizeof name, "r%06u", i);
        for (int j = 0; j < 20; j++)
            put_event(store, EVENT_SAMPLE, i, "kvm1");
        remember(store, name, "x");
        if (!flush(store) || write(fd, &i, sizeof i) != sizeof i)
            _exit(1);
    }
}

static void what_was_on_disk_survives_a_crash(void **state)
{
    const struct place *place = *state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0)
        write_and_tell(place, ends[1]);
    close(ends[1]);
    uint32_t told = 0;
    while (told < 30)
        assert_int_equal(read(ends[0], &told, sizeof told), sizeof told);
    kill(child, SIGKILL);
    for (uint32_t more; read(ends[0], &more, sizeof more) == sizeof more;)
        told = more;
    close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    struct store *store = open_store(place, NULL);
    struct error error = ERROR_INIT;
    uint32_t n;
    struct event **events = store_recall(store, 0, &n, &error);
    assert_true(n >= told + 1);
    for (uint32_t i = 0; i < n; i++)
        event_free(events[i]);
    free(events);
    uint64_t last = 0;
    assert_int_equal(store_walk(place->path, check_gap, &last, &error), 0);
    assert_int_equal(put_event(store, EVENT_TICK, 1, ""), last + 1);
    store_close(store);
}

static void fill(struct store *store, int n)
{
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < n; i++) {
        struct event *event = event_new(EVENT_HOST_REPORT, 1000 + i);
        event_set(event, &event->text, text);
        store_event(store, event);
        event_free(event);
    }
}

/* Let files grow no further: a small file system, or else a limit on this process. */
static bool limit_space(struct place *place)
{
    if (mount("tmpfs", place->directory, "tmpfs", 0, "size=1m") == 0)
        return true;
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 1024 * 1024;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    return false;
}

static void unlimit_space(const struct place *place, bool mounted)
{
    struct rlimit limit;
    if (mounted)
        assert_int_equal(mount("tmpfs", place->directory, "tmpfs", MS_REMOUNT, "size=64m"), 0);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void a_full_disk_is_said_once_and_survived(void **state)
{
    struct place *place = *state;
    struct said said = {0};
    bool mounted = limit_space(place);
    struct store *store = open_store(place, &said);
    fill(store, 3000);
    wait_for_flag(&said.failing);
    assert_non_null(strstr(said.text, place->path));
    assert_true(store_failing(store));
    remember(store, "kept", "yes");
    assert_false(flush(store));
    assert_false(flush(store));
    assert_int_equal(said.failing, 1);
    assert_int_equal(said.working, 0);
    unlimit_space(place, mounted);
    wait_for_flag(&said.working);
    assert_true(flush(store));
    assert_false(store_failing(store));
    assert_int_equal(said.failing, 1);
    assert_int_equal(said.working, 1);
    char *text = recalled(store);
    assert_string_equal(text, "kept=yes");
    free(text);
    uint64_t last = 0;
    struct error error = ERROR_INIT;
    assert_int_equal(store_walk(place->path, check_gap, &last, &error), 0);
    assert_int_equal(last, 3000);
    store_close(store);
    if (mounted)
        assert_int_equal(umount(place->directory), 0);
}

/* While nothing can be written: samples go first, what is remembered never. */
static void memory_is_bounded(void **state)
{
    struct place *place = *state;
    struct said said = {0};
    bool mounted = limit_space(place);
    struct store *store = open_store(place, &said);
    fill(store, 2000);
    wait_for_flag(&said.failing);
    size_t length = (size_t)1024 * 1024;
    char *large = memory_new(length + 1);
    memset(large, 'y', length);
    struct event *sample = event_new(EVENT_SAMPLE, 5000);
    event_set(sample, &sample->text, large);
    for (int i = 0; i < 100; i++)
        store_event(store, sample);
    remember(store, "kept", large);
    event_free(sample);
    uint64_t lost = store_lost(store);
    assert_true(lost > 30 && lost < 100);
    unlimit_space(place, mounted);
    if (mounted)
        assert_int_equal(mount("tmpfs", place->directory, "tmpfs", MS_REMOUNT, "size=512m"), 0);
    wait_for_flag(&said.working);
    assert_true(flush(store));
    uint32_t n;
    struct error error = ERROR_INIT;
    struct event **events = store_recall(store, 0, &n, &error);
    assert_int_equal(n, 1);
    assert_int_equal(strlen(events[0]->text), length);
    event_free(events[0]);
    free(events);
    free(large);
    store_close(store);
    if (mounted)
        assert_int_equal(umount(place->directory), 0);
}

static bool first_event(void *self, const struct store_record *record)
{
    if (record->kind != STORE_EVENT)
        return true;
    *(uint64_t *)self = record->event;
    return false;
}

/* Reopened until the first event is a later one: trimming is not a thing to wait for elsewhere. */
static uint64_t first_after_trimming(const struct place *place, double days, double mib)
{
    struct error error = ERROR_INIT;
    uint64_t first = 1;
    for (int i = 0; i < 200 && first == 1; i++) {
        struct store *store = store_open(place->path, days, mib, NULL, NULL, &error);
        put_event(store, EVENT_TICK, 100 * 86400.0, "");
        flush(store);
        g_usleep(10000);
        store_close(store);
        assert_int_equal(store_walk(place->path, first_event, &first, &error), 0);
    }
    return first;
}

static void old_events_go_and_what_a_restart_needs_stays(void **state)
{
    const struct place *place = *state;
    struct store *store = open_store(place, NULL);
    for (int day = 0; day < 100; day++)
        put_event(store, EVENT_HOST_CONNECTED, day * 86400.0, "kvm1");
    remember(store, "maintenance", "kvm1");
    struct migration migration;
    memset(&migration, 0, sizeof migration);
    field_defaults(migration_fields, &migration);
    struct effect effect = effect_of(EFFECT_MIGRATION, 1);
    effect.migration = &migration;
    migration.id = 1;
    migration.state = MIGRATION_RUNNING;
    put_effect(store, 1, effect);
    migration.id = 2;
    migration.state = MIGRATION_COMPLETED;
    put_effect(store, 1, effect);
    store_close(store);
    assert_true(first_after_trimming(place, 7, 0) > 90);
    store = open_store(place, NULL);
    char *text = recalled(store);
    assert_string_equal(text, "maintenance=kvm1");
    free(text);
    struct error error = ERROR_INIT;
    json_t *json = store_migrations(store, 10, &error);
    assert_int_equal(json_array_size(json), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json, 0), "id")), 1);
    json_decref(json);
    assert_true(store_last_id(store) >= 2);
    store_close(store);
}

static void the_size_is_kept(void **state)
{
    const struct place *place = *state;
    struct store *store = open_store(place, NULL);
    remember(store, "maintenance", "kvm1");
    fill(store, 5000);
    store_close(store);
    struct stat before, after;
    assert_int_equal(stat(place->path, &before), 0);
    assert_true(first_after_trimming(place, 0, 2) > 1);
    struct error error = ERROR_INIT;
    for (int i = 0; i < 200; i++) {
        store = store_open(place->path, 0, 2, NULL, NULL, &error);
        put_event(store, EVENT_TICK, 9000, "");
        flush(store);
        g_usleep(10000);
        store_close(store);
        assert_int_equal(stat(place->path, &after), 0);
        if (after.st_size <= 3 * 1024 * 1024)
            break;
    }
    assert_true(before.st_size > 4 * 1024 * 1024);
    assert_true(after.st_size <= 3 * 1024 * 1024);
    store = open_store(place, NULL);
    char *text = recalled(store);
    assert_string_equal(text, "maintenance=kvm1");
    free(text);
    assert_true(put_event(store, EVENT_TICK, 9001, "") > 5000);
    store_close(store);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, place_make, place_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_of_another_kind_is_refused),
        TEST(a_database_of_another_program_is_refused),
        TEST(a_newer_journal_is_refused),
        TEST(a_damaged_journal_is_refused),
        TEST(a_missing_directory_says_so),
        TEST(a_copy_can_be_read_where_nothing_can_be_written),
        TEST(only_one_at_a_time),
        TEST(what_was_on_disk_survives_a_crash),
        TEST(a_full_disk_is_said_once_and_survived),
        TEST(memory_is_bounded),
        TEST(old_events_go_and_what_a_restart_needs_stays),
        TEST(the_size_is_kept),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
