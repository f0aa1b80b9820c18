/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The API through its own client: every path, errors, hostile names, metrics, requests. */
#include "unit/ctl_helper.h"

#include "ctl/api_routes.h"

static json_t *get(struct world *world, const char *path)
{
    struct error error;
    json_t *json = ask(world, "GET", path, NULL, &error);
    assert_string_equal(error.text, "");
    assert_non_null(json);
    return json;
}

static void refuse(struct world *world, const char *method, const char *path, json_t *body,
                   enum error_kind kind, const char *says)
{
    struct error error;
    assert_null(ask(world, method, path, body, &error));
    assert_int_equal(error.kind, kind);
    if (!strstr(error.text, says))
        fail_msg("expected \"%s\" in: %s", says, error.text);
}

static const char *text_at(json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

static void the_fleet_reads_back(void **state)
{
    struct error error = ERROR_INIT;
    json_t *json = get(*state, "/v1/fleet");
    char *text = json_text(json);
    json_decref(json);
    struct fleet *fleet = fleet_file_read("answer", text, strlen(text), &error);
    assert_string_equal(error.text, "");
    assert_int_equal(fleet->n_hosts, 2);
    assert_int_equal(fleet->n_vms, 3);
    assert_true(fleet_host(fleet, "kvm1")->memory_mib == 8192);
    fleet_free(fleet);
    free(text);
}

static void hosts_are_sorted_and_carry_their_status(void **state)
{
    json_t *json = get(*state, "/v1/hosts");
    assert_int_equal(json_array_size(json), 2);
    json_t *first = json_array_get(json, 0);
    assert_string_equal(text_at(first, "name"), "kvm1");
    assert_string_equal(text_at(first, "state"), "up");
    assert_string_equal(text_at(first, "state_reason"), "because");
    assert_int_equal(json_integer_value(json_object_get(first, "vms")), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json, 1), "vms")), 1);
    json_decref(json);
    json = get(*state, "/v1/hosts/kvm1");
    assert_int_equal(json_array_size(json_object_get(json, "vm_list")), 2);
    json_decref(json);
    refuse(*state, "GET", "/v1/hosts/kvm9", NULL, ERROR_NOT_FOUND, "kvm9");
}

static void vms_are_found_by_any_name(void **state)
{
    json_t *json = get(*state, "/v1/vms");
    assert_int_equal(json_array_size(json), 3);
    assert_string_equal(text_at(json_array_get(json, 0), "name"), "a/b \"c\"\\d");
    json_decref(json);
    json = get(*state, "/v1/vms?host=kvm2");
    assert_int_equal(json_array_size(json), 1);
    json_decref(json);
    json = get(*state, "/v1/vms/a%2Fb%20%22c%22%5Cd");
    assert_string_equal(text_at(json, "name"), "a/b \"c\"\\d");
    json_decref(json);
    json = get(*state, "/v1/vms/5c2e7a0e-0000-4000-8000-000000000001");
    assert_string_equal(text_at(json, "name"), "web1");
    assert_string_equal(text_at(json, "key"), "5c2e7a0e-0000-4000-8000-000000000001");
    json_decref(json);
    refuse(*state, "GET", "/v1/vms/web9", NULL, ERROR_NOT_FOUND, "web9");
    refuse(*state, "GET", "/v1/vms/%ff", NULL, ERROR_USAGE, "UTF-8");
}

static void migrations_of_now_and_before(void **state)
{
    json_t *json = get(*state, "/v1/migrations");
    assert_int_equal(json_array_size(json), 1);
    assert_string_equal(text_at(json_array_get(json, 0), "state"), "running");
    assert_true(json_number_value(json_object_get(json_array_get(json, 0), "percentage")) == 75);
    json_decref(json);
    json = get(*state, "/v1/migrations/5");
    assert_string_equal(text_at(json, "vm"), "we\"b\n1");
    json_decref(json);
    json = get(*state, "/v1/migrations/41");
    assert_string_equal(text_at(json, "name"), "x");
    json_decref(json);
    refuse(*state, "GET", "/v1/migrations/6", NULL, ERROR_NOT_FOUND, "migration 6");
    refuse(*state, "GET", "/v1/migrations/x", NULL, ERROR_USAGE, "expected a number");
}

static void check_decision(json_t *json)
{
    json_t *hosts = json_object_get(json, "hosts");
    json_t *refused = json_array_get(hosts, 0), *accepted = json_array_get(hosts, 1);
    assert_string_equal(text_at(json, "vm"), "web1");
    assert_string_equal(text_at(json, "chosen"), "kvm2");
    assert_true(json_is_false(json_object_get(refused, "accepted")));
    assert_string_equal(text_at(refused, "refused_by"), "memory");
    assert_string_equal(text_at(refused, "code"), "memory.short");
    assert_true(json_is_null(json_object_get(refused, "score")));
    assert_string_equal(
        text_at(json_array_get(json_object_get(refused, "refusals"), 0), "remedy"), "free 512 MiB");
    assert_true(json_is_true(json_object_get(accepted, "accepted")));
    assert_true(json_is_null(json_object_get(accepted, "refused_by")));
    json_t *weight = json_object_get(json_object_get(accepted, "weights"), "cpu_even");
    assert_true(json_number_value(json_object_get(weight, "raw")) == 12.5);
    assert_true(json_number_value(json_object_get(weight, "rank")) == 1);
    assert_true(json_number_value(json_object_get(weight, "factor")) == 2);
    assert_true(json_number_value(json_object_get(accepted, "score")) == 2);
}

static void a_decision_has_one_shape(void **state)
{
    json_t *json = get(*state, "/v1/explain?vm=web1&to=kvm2");
    check_decision(json);
    json_decref(json);
    json = get(*state, "/v1/decisions/7");
    check_decision(json);
    json_decref(json);
    json = get(*state, "/v1/decisions?vm=web1");
    check_decision(json_array_get(json, 0));
    json_decref(json);
    refuse(*state, "GET", "/v1/explain", NULL, ERROR_USAGE, "which VM");
    refuse(*state, "GET", "/v1/explain?vm=none", NULL, ERROR_NOT_FOUND, "none");
    refuse(*state, "GET", "/v1/decisions/8", NULL, ERROR_NOT_FOUND, "no decision 8");
    refuse(*state, "GET", "/v1/decisions/-1", NULL, ERROR_USAGE, "expected a number");
}

static void a_plan_says_what_cannot_be_done(void **state)
{
    json_t *json = get(*state, "/v1/plan?what=drain&target=kvm1");
    json_t *move = json_array_get(json_object_get(json, "moves"), 0);
    assert_string_equal(text_at(move, "vm"), "web1");
    assert_string_equal(text_at(move, "from"), "kvm1");
    assert_string_equal(text_at(move, "to"), "kvm2");
    assert_string_equal(text_at(move, "reason"), "drain");
    json_t *unplaced = json_array_get(json_object_get(json, "unplaced"), 0);
    assert_string_equal(text_at(unplaced, "code"), "memory.short");
    assert_int_equal(json_array_size(json_object_get(unplaced, "hosts")), 2);
    assert_int_equal(json_array_size(json_object_get(json, "starts")), 0);
    assert_true(json_is_array(json_object_get(json, "candidates")));
    json_decref(json);
    refuse(*state, "GET", "/v1/plan", NULL, ERROR_USAGE, "plan: of what");
    refuse(*state, "GET", "/v1/plan?what=dance", NULL, ERROR_USAGE, "drain");
}

static void what_others_say_is_passed_on(void **state)
{
    static const char *const paths[] = {"/v1/policies", "/v1/units", "/v1/notices", "/v1/history"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        json_t *json = get(*state, paths[i]);
        assert_string_equal(text_at(json_array_get(json, 0), "name"), "x");
        json_decref(json);
    }
    json_t *json = get(*state, "/v1/status");
    assert_string_equal(text_at(json_object_get(json, "daemon"), "version"), "0.1");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "hosts"), "up")), 2);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "vms"), "running")),
                     3);
    json_decref(json);
    refuse(*state, "GET", "/v1/nothing", NULL, ERROR_NOT_FOUND, "/v1/nothing");
    refuse(*state, "GET", "/", NULL, ERROR_NOT_FOUND, "nothing at /");
}

static void requests_become_events(void **state)
{
    struct world *world = *state;
    struct error error;
    json_t *json = ask(world, "POST", "/v1/maintenance",
                       json_pack("{s:s, s:b}", "host", "kvm1", "on", 1), &error);
    assert_string_equal(text_at(json, "text"), "done");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "result"), "move")),
                     5);
    json_decref(json);
    struct event *event = g_queue_pop_head(&world->requests);
    assert_int_equal(event->kind, EVENT_OPERATOR_REQUEST);
    assert_string_equal(event->name, "maintenance_on");
    assert_string_equal(event->host, "kvm1");
    assert_true(event->at == 1768996800);
    assert_memory_equal(event->who, "uid ", 4);
    uint64_t first = event->id;
    event_free(event);

    json_decref(ask(world, "POST", "/v1/migrations",
                    json_pack("{s:s, s:s}", "vm", "a/b \"c\"\\d", "to", "kvm2"), &error));
    event = g_queue_pop_head(&world->requests);
    assert_string_equal(event->name, "migrate");
    assert_string_equal(event->vm, "a/b \"c\"\\d");
    assert_string_equal(event->to, "kvm2");
    assert_true(event->id != first);
    event_free(event);

    json_decref(ask(world, "DELETE", "/v1/migrations/5", NULL, &error));
    event = g_queue_pop_head(&world->requests);
    assert_string_equal(event->name, "abort");
    assert_int_equal(event->arguments.n, 1);
    assert_string_equal(event->arguments.item[0].key, "id");
    assert_string_equal(event->arguments.item[0].value, "5");
    event_free(event);

    json_decref(ask(world, "POST", "/v1/migrations/5/force_complete", NULL, &error));
    event = g_queue_pop_head(&world->requests);
    assert_string_equal(event->name, "force_complete");
    assert_string_equal(event->arguments.item[0].value, "5");
    event_free(event);
    json_decref(ask(world, "PATCH", "/v1/migrations/5", json_pack("{s:f}", "priority", 2.5), &error));
    event = g_queue_pop_head(&world->requests);
    assert_string_equal(event->name, "set_priority");
    assert_int_equal(event->arguments.n, 2);
    assert_string_equal(event->arguments.item[1].value, "2.5");
    event_free(event);
    json_decref(ask(world, "POST", "/v1/migrations/5/bandwidth",
                    json_pack("{s:s}", "bandwidth", "policy"), &error));
    event = g_queue_pop_head(&world->requests);
    assert_string_equal(event->name, "set_bandwidth");
    assert_string_equal(event->arguments.item[1].value, "policy");
    event_free(event);

    json_decref(ask(world, "POST", "/v1/rebalance", json_pack("{s:s}", "cluster", "c1"), &error));
    event = g_queue_pop_head(&world->requests);
    assert_string_equal(event->name, "rebalance");
    assert_string_equal(event->arguments.item[0].value, "c1");
    event_free(event);
    json_decref(ask(world, "POST", "/v1/fence",
                    json_pack("{s:s, s:s, s:b}", "host", "kvm1", "action", "off", "force", 1),
                    &error));
    event = g_queue_pop_head(&world->requests);
    assert_string_equal(event->name, "fence");
    assert_string_equal(event->host, "kvm1");
    assert_int_equal(event->arguments.n, 2);
    assert_string_equal(event->arguments.item[0].value, "off");
    assert_string_equal(event->arguments.item[1].key, "force");
    assert_string_equal(event->arguments.item[1].value, "yes");
    event_free(event);
    json_decref(ask(world, "POST", "/v1/evacuate",
                    json_pack("{s:s, s:b, s:b}", "host", "kvm1", "confirm", 0, "all", 1), &error));
    event = g_queue_pop_head(&world->requests);
    assert_string_equal(event->name, "evacuate");
    assert_int_equal(event->arguments.n, 1); /* what is false is as good as not said */
    assert_string_equal(event->arguments.item[0].key, "all");
    event_free(event);
    json_decref(ask(world, "POST", "/v1/alarm",
                    json_pack("{s:s, s:b, s:s}", "host", "kvm1", "on", 1, "reason", "too hot"),
                    &error));
    event = g_queue_pop_head(&world->requests);
    assert_string_equal(event->name, "alarm_on");
    assert_string_equal(event->arguments.item[0].value, "too hot");
    event_free(event);
    json_decref(ask(world, "POST", "/v1/reload", NULL, &error));
    event = g_queue_pop_head(&world->requests);
    assert_string_equal(event->name, "reload");
    event_free(event);
}

static void wrong_requests_do_not_get_through(void **state)
{
    struct world *world = *state;
    refuse(world, "POST", "/v1/maintenance", json_object(), ERROR_INPUT, "host is missing");
    refuse(world, "POST", "/v1/maintenance", json_pack("{s:s}", "host", "kvm1"), ERROR_INPUT,
           "on is missing");
    refuse(world, "POST", "/v1/maintenance", json_pack("{s:s, s:s}", "host", "kvm1", "on", "yes"),
           ERROR_INPUT, "expected true or false");
    refuse(world, "POST", "/v1/maintenance", json_pack("{s:s, s:b}", "host", "../etc", "on", 1),
           ERROR_INPUT, "expected a name");
    refuse(world, "POST", "/v1/fence", json_pack("{s:s}", "host", "kvm1"), ERROR_INPUT,
           "action is missing");
    refuse(world, "POST", "/v1/evacuate", json_pack("{s:s, s:s}", "host", "kvm1", "confirm", "no"),
           ERROR_INPUT, "confirm: expected true or false");
    refuse(world, "POST", "/v1/alarm",
           json_pack("{s:s, s:b, s:s}", "host", "kvm1", "on", 1, "reason", "a\nb"), ERROR_INPUT,
           "reason: one line");
    refuse(world, "POST", "/v1/migrations", json_pack("{s:i}", "vm", 5), ERROR_INPUT,
           "vm: expected a text");
    refuse(world, "POST", "/v1/migrations", json_pack("{s:s, s:i}", "vm", "web1", "now", 1),
           ERROR_INPUT, "unknown key \"now\"");
    refuse(world, "POST", "/v1/migrations", json_pack("[i]", 1), ERROR_INPUT, "a JSON object");
    refuse(world, "DELETE", "/v1/migrations/0", NULL, ERROR_USAGE, "migration's number");
    refuse(world, "DELETE", "/v1/migrations", NULL, ERROR_USAGE, "is for POST");
    refuse(world, "POST", "/v1/hosts", json_object(), ERROR_NOT_FOUND, "nothing can be changed");
    refuse(world, "PUT", "/v1/hosts", json_object(), ERROR_USAGE,
           "expected GET, POST, PATCH or DELETE");
    refuse(world, "PATCH", "/v1/migrations/5", json_object(), ERROR_INPUT, "priority is missing");
    refuse(world, "PATCH", "/v1/migrations/5", json_pack("{s:s}", "priority", "high"), ERROR_INPUT,
           "priority: expected a number");
    refuse(world, "PATCH", "/v1/migrations/5", json_pack("{s:f}", "priority", 1e300), ERROR_INPUT,
           "at most");
    refuse(world, "POST", "/v1/migrations/5/forget", NULL, ERROR_NOT_FOUND, "nothing can be changed");
    refuse(world, "POST", "/v1/migrations/x/force_complete", NULL, ERROR_USAGE,
           "migration's number");
    refuse(world, "POST", "/v1/maintenance", json_pack("{s:s, s:b}", "host", "refused", "on", 1),
           ERROR_REFUSED, "by policy");
    assert_int_equal(g_queue_get_length(&world->requests), 1);
}

static void metrics_are_escaped(void **state)
{
    struct world *world = *state;
    struct call call = {.socket = world->socket, .path = "/metrics"};
    call_run(&call);
    static const char *const lines[] = {
        "drover_hosts{state=\"up\"} 2\n",
        "drover_hosts{state=\"maintenance\"} 0\n",
        "drover_vms{state=\"running\"} 3\n",
        "drover_migrations{state=\"running\"} 1\n",
        "drover_migrations_total{result=\"completed\"} 3\n",
        "drover_events_total 12\n",
        "drover_journal_failing 0\n",
        "drover_host_cpu_usage_ratio{host=\"kvm1\",cluster=\"default\"} 0.25\n",
        "drover_host_memory_bytes{host=\"kvm1\",cluster=\"default\"} 8589934592\n",
        "drover_migration_progress_ratio{vm=\"we\\\"b\\n1\",from=\"\",to=\"\"} 0.75\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (!strstr(call.text, lines[i]))
            fail_msg("no %s in:\n%s", lines[i], call.text);
    free(call.text);
}

static void nobody_home_says_what_to_do(void **state)
{
    (void)state;
    struct error error = ERROR_INIT;
    struct client *client = client_new("/nonexistent/drover.sock");
    assert_null(client_call(client, "GET", "/v1/status", NULL, &error));
    assert_int_equal(error.kind, ERROR_NO_DAEMON);
    assert_non_null(strstr(error.text, "/nonexistent/drover.sock"));
    assert_non_null(strstr(error.text, "systemctl start droverd"));
    client_free(client);
}

static char *read_document(void)
{
    const char *tree = getenv("DROVER_SRC");
    g_autofree char *path = g_build_filename(tree ? tree : ".", "docs", "openapi.yaml", NULL);
    char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

/* The part of the document that is about a path: from its line to the next path. */
static char *section(const char *document, const char *path)
{
    g_autofree char *head = g_strdup_printf("\n  %s:\n", path);
    const char *start = strstr(document, head);
    if (!start) {
        fail_msg("docs/openapi.yaml does not describe %s", path);
        return NULL;
    }
    start += strlen(head);
    const char *end = strstr(start, "\n  /");
    return end ? g_strndup(start, (gsize)(end - start)) : g_strdup(start);
}

static void every_path_is_documented(void **state)
{
    (void)state;
    g_autofree char *document = read_document();
    const char *method, *path;
    for (size_t i = 0; (path = api_route(i)); i++) {
        g_autofree char *text = section(document, path);
        assert_non_null(strstr(text, "    get:\n"));
    }
    for (size_t i = 0; (path = api_request_route(i, &method)); i++) {
        g_autofree char *text = section(document, path);
        g_autofree char *lower = g_ascii_strdown(method, -1);
        g_autofree char *line = g_strdup_printf("    %s:\n", lower);
        if (!strstr(text, line))
            fail_msg("docs/openapi.yaml does not describe %s %s", method, path);
    }
    g_free(section(document, "/metrics"));
    g_free(section(document, "/v1/events"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_fleet_reads_back),
        TEST(hosts_are_sorted_and_carry_their_status),
        TEST(vms_are_found_by_any_name),
        TEST(migrations_of_now_and_before),
        TEST(a_decision_has_one_shape),
        TEST(a_plan_says_what_cannot_be_done),
        TEST(what_others_say_is_passed_on),
        TEST(requests_become_events),
        TEST(wrong_requests_do_not_get_through),
        TEST(metrics_are_escaped),
        cmocka_unit_test(nobody_home_says_what_to_do),
        cmocka_unit_test(every_path_is_documented),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
