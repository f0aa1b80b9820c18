/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * API requests: a line with method and path, then the body. What changes something becomes an
 * event that the journal can hold; what asks is answered out of a small fleet. In a question's
 * path each key of the query has the rest after '?' for its value.
 */
#include "fuzz/fuzz.h"

#include "codec/fleet_file.h"
#include "codec/json.h"
#include "ctl/api.h"

#include <math.h>

static const char small_fleet[] =
    "fleet: 1\nnow: 1768996800\n"
    "hosts:\n- {name: kvm1, memory_mib: 8192, cpu_usage_pct: 25}\n- {name: kvm2}\n"
    "vms:\n- {name: web1, host: kvm1}\n- {name: 'a/b \"c\"\\d', host: kvm2}\n";

static const struct fleet *get_fleet(void *self)
{
    return self;
}

static const char *get_query(void *self, const char *key)
{
    (void)key;
    return self;
}

static struct fleet *the_fleet(void)
{
    static struct fleet *fleet;
    struct error error = ERROR_INIT;
    if (!fleet)
        fleet = fleet_file_read("fleet", small_fleet, strlen(small_fleet), &error);
    fuzz_must(fleet != NULL, "the small fleet", error.text, NULL);
    return fleet;
}

static void ask(char *path)
{
    struct error error = ERROR_INIT;
    struct api_source source = {.self = the_fleet(), .fleet = get_fleet};
    char *question = strchr(path, '?');
    if (question)
        *question++ = '\0';
    struct api_query query = {get_query, question};
    json_t *json = api_get(&source, path, &query, &error);
    fuzz_must((json != NULL) == (error.kind == ERROR_NONE), "refused without a word", path, NULL);
    if (json)
        free(json_text(json));
    json_decref(json);
}

static void keep(const struct event *event)
{
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    struct event back;
    json_t *json = json_from_record(event_fields, event, NAN, JSON_SKIP_DEFAULTS);
    int failed = json_to_record(event_fields, json, &back, NAN, &arena, &error);
    fuzz_must(failed == 0, "the journal could not hold the event", error.text, NULL);
    json_decref(json);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct error error = ERROR_INIT;
    const uint8_t *end = length ? memchr(bytes, '\n', length) : NULL;
    size_t line = end ? (size_t)(end - bytes) : length;
    char *method = fuzz_text(bytes, line);
    char *path = strchr(method, ' ');
    if (path) {
        *path++ = '\0';
        const char *body = end ? (const char *)end + 1 : NULL;
        struct event *event =
            api_request(method, path, body, end ? length - line - 1 : 0, &error);
        fuzz_must((event != NULL) == (error.kind == ERROR_NONE), "refused without a word", path,
                  NULL);
        if (event) {
            keep(event);
            event_free(event);
        }
        ask(path);
    }
    free(method);
    return 0;
}
