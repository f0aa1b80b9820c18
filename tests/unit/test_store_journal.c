/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal: what goes in comes out, over restarts as well. */
#include "unit/store_helper.h"

static void numbers_go_on_counting(void **state)
{
    struct store *store = open_store(*state, NULL);
    assert_int_equal(put_event(store, EVENT_TICK, 1, ""), 1);
    assert_int_equal(put_event(store, EVENT_HOST_CONNECTED, 2, "kvm1"), 2);
    store_close(store);
    store = open_store(*state, NULL);
    assert_int_equal(put_event(store, EVENT_TICK, 3, ""), 3);
    store_close(store);
}

static void the_file_is_ours_alone(void **state)
{
    const struct place *place = *state;
    mode_t old = umask(0);
    struct store *store = open_store(place, NULL);
    umask(old);
    put_event(store, EVENT_TICK, 1, "");
    assert_true(flush(store));
    struct stat status;
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", place->path);
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(wal, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    store_close(store);
}

static void remembered_until_forgotten(void **state)
{
    struct store *store = open_store(*state, NULL);
    remember(store, "b", "2");
    remember(store, "a", "1");
    remember(store, "b", "two");
    remember(store, "c", "");
    struct effect forget = effect_of(EFFECT_FORGET, 2);
    forget.name = "c";
    put_effect(store, 1, forget);
    store_close(store);
    store = open_store(*state, NULL);
    char *text = recalled(store);
    assert_string_equal(text, "a=1 b=two");
    free(text);
    store_close(store);
}

static struct decision make_decision(uint64_t id, const char *vm, const char *uuid)
{
    struct decision decision;
    memset(&decision, 0, sizeof decision);
    field_defaults(decision_fields, &decision);
    decision.id = id;
    decision.at = 1000 + (double)id;
    decision.vm = vm;
    decision.uuid = uuid;
    decision.chosen = "kvm2";
    return decision;
}

static void put_decision(struct store *store, const struct decision *decision)
{
    struct effect effect = effect_of(EFFECT_DECISION, decision->id + 100);
    effect.decision = decision;
    put_effect(store, 1, effect);
}

static void decisions_are_found_by_id_name_and_uuid(void **state)
{
    struct store *store = open_store(*state, NULL);
    struct error error = ERROR_INIT;
    struct host_verdict verdict;
    memset(&verdict, 0, sizeof verdict);
    field_defaults(host_verdict_fields, &verdict);
    verdict.name = "kvm2";
    verdict.accepted = true;
    verdict.score = 1.5;
    struct decision first = make_decision(7, "web1", "u-1");
    first.hosts = (struct rows){&verdict, 1};
    struct decision second = make_decision(8, "web1; DROP TABLE decision", "");
    put_decision(store, &first);
    put_decision(store, &second);
    assert_true(flush(store));

    json_t *json = store_decision(store, 7, &error);
    struct decision back = {.arena = ARENA_INIT};
    assert_int_equal(json_to_record(decision_fields, json, &back, NAN, &back.arena, &error), 0);
    assert_true(field_equal(decision_fields, &first, &back));
    arena_free(&back.arena);
    json_decref(json);

    json = store_decisions(store, "u-1", 10, &error);
    assert_int_equal(json_array_size(json), 1);
    json_decref(json);
    json = store_decisions(store, second.vm, 10, &error);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json, 0), "id")), 8);
    json_decref(json);
    json = store_decisions(store, NULL, 1, &error);
    assert_int_equal(json_array_size(json), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json, 0), "id")), 8);
    json_decref(json);

    assert_null(store_decision(store, 9, &error));
    assert_int_equal(error.kind, ERROR_NOT_FOUND);
    assert_int_equal(store_last_id(store), 108);
    store_close(store);
    store = open_store(*state, NULL);
    assert_int_equal(store_last_id(store), 108);
    store_close(store);
}

static void put_migration(struct store *store, uint64_t id, int migration_state)
{
    struct migration migration;
    memset(&migration, 0, sizeof migration);
    field_defaults(migration_fields, &migration);
    migration.id = id;
    migration.name = "web1";
    migration.state = migration_state;
    struct effect effect = effect_of(EFFECT_MIGRATION, id);
    effect.move = id;
    effect.migration = &migration;
    put_effect(store, 1, effect);
}

static void a_migration_is_one_record(void **state)
{
    struct store *store = open_store(*state, NULL);
    struct error error = ERROR_INIT;
    put_migration(store, 3, MIGRATION_RUNNING);
    put_migration(store, 4, MIGRATION_FAILED);
    put_migration(store, 3, MIGRATION_COMPLETED);
    assert_true(flush(store));
    json_t *json = store_migrations(store, 10, &error);
    assert_int_equal(json_array_size(json), 2);
    json_t *older = json_array_get(json, 1);
    assert_int_equal(json_integer_value(json_object_get(older, "id")), 3);
    assert_string_equal(json_string_value(json_object_get(older, "state")), "completed");
    json_decref(json);
    store_close(store);
}

static void notices_newest_first(void **state)
{
    struct store *store = open_store(*state, NULL);
    struct error error = ERROR_INIT;
    static const char *const texts[] = {"one", "two", "three"};
    for (int i = 0; i < 3; i++) {
        struct effect effect = effect_of(EFFECT_NOTICE, (uint64_t)i + 1);
        effect.text = texts[i];
        put_effect(store, 1, effect);
        put_effect(store, 1, effect_of(EFFECT_REFRESH, 50));
    }
    assert_true(flush(store));
    json_t *json = store_notices(store, 2, &error);
    assert_int_equal(json_array_size(json), 2);
    json_t *newest = json_array_get(json, 0);
    assert_string_equal(json_string_value(json_object_get(newest, "text")), "three");
    json_decref(json);
    store_close(store);
}

static bool collect(void *self, const struct store_record *record)
{
    GString *text = self;
    struct error error = ERROR_INIT;
    json_t *json = json_parse(record->json, record->length, "record", &error);
    assert_non_null(json);
    g_string_append_printf(text, "%s%" PRIu64 ":%s ", record->kind == STORE_EVENT ? "E" : "e",
                           record->event, json_string_value(json_object_get(json, "kind")));
    json_decref(json);
    return true;
}

static void a_walk_keeps_the_order(void **state)
{
    const struct place *place = *state;
    struct store *store = open_store(place, NULL);
    struct error error = ERROR_INIT;
    store_text(store, "abc", "site.lua", "return {}");
    uint64_t one = put_event(store, EVENT_STARTED, 1, "");
    put_effect(store, one, effect_of(EFFECT_REFRESH, 1));
    put_effect(store, one, effect_of(EFFECT_NOTICE, 2));
    put_event(store, EVENT_TICK, 2, "");
    uint64_t three = put_event(store, EVENT_HOST_LOST, 3, "kvm1");
    put_effect(store, three, effect_of(EFFECT_ABORT, 3));
    assert_true(flush(store));
    GString *text = g_string_new(NULL);
    assert_int_equal(store_walk(place->path, collect, text, &error), 0);
    assert_string_equal(text->str,
                        "E1:started e1:refresh e1:notice E2:tick E3:host_lost e3:abort ");
    struct store_reader *reader = store_reader_open(place->path, &error);
    const char *name;
    assert_string_equal(store_reader_text(reader, "abc", &name), "return {}");
    assert_string_equal(name, "site.lua");
    assert_null(store_reader_text(reader, "abd", NULL));
    store_reader_close(reader);
    g_string_free(text, TRUE);
    store_close(store);
}

struct kept {
    struct event event;
    unsigned n;
};

static bool keep(void *self, const struct store_record *record)
{
    struct kept *kept = self;
    struct error error = ERROR_INIT;
    json_t *json = json_parse(record->json, record->length, "record", &error);
    assert_int_equal(json_to_record(event_fields, json, &kept->event, NAN, &kept->event.arena,
                                    &error), 0);
    kept->n++;
    json_decref(json);
    return false;
}

static void an_event_reads_back_the_same(void **state)
{
    const struct place *place = *state;
    struct store *store = open_store(place, NULL);
    struct error error = ERROR_INIT;
    struct event *event = event_new(EVENT_VM_CHANGED, 1768996800.125);
    struct vm vm;
    memset(&vm, 0, sizeof vm);
    field_defaults(vm_fields, &vm);
    vm.name = "a \"quoted\"\nname";
    vm.uuid = "5c2e7a0e-0000-4000-8000-000000000001";
    vm.host = "kvm1";
    vm.memory_mib = 2048;
    event_set(event, &event->host, "kvm1");
    event_add_vm(event, &vm);
    store_event(store, event);
    store_close(store);
    struct kept kept = {.n = 0};
    assert_int_equal(store_walk(place->path, keep, &kept, &error), 0);
    assert_int_equal(kept.n, 1);
    assert_true(field_equal(event_fields, event, &kept.event));
    arena_free(&kept.event.arena);
    event_free(event);
}

static void an_enormous_text_leaves_a_note(void **state)
{
    const struct place *place = *state;
    struct store *store = open_store(place, NULL);
    struct error error = ERROR_INIT;
    size_t length = (size_t)20 * 1024 * 1024;
    char *huge = memory_new(length + 1);
    memset(huge, 'x', length);
    struct event *event = event_new(EVENT_HOOK_ASK, 1);
    event_set(event, &event->text, huge);
    store_event(store, event);
    event_free(event);
    free(huge);
    store_close(store);
    GString *text = g_string_new(NULL);
    assert_int_equal(store_walk(place->path, collect, text, &error), 0);
    assert_string_equal(text->str, "E1:hook_ask ");
    g_string_free(text, TRUE);
    struct stat status;
    assert_int_equal(stat(place->path, &status), 0);
    assert_true(status.st_size < 1024 * 1024);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, place_make, place_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers_go_on_counting),
        TEST(the_file_is_ours_alone),
        TEST(remembered_until_forgotten),
        TEST(decisions_are_found_by_id_name_and_uuid),
        TEST(a_migration_is_one_record),
        TEST(notices_newest_first),
        TEST(a_walk_keeps_the_order),
        TEST(an_event_reads_back_the_same),
        TEST(an_enormous_text_leaves_a_note),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
