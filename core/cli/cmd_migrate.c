/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover migrate: one VM, to the host that the policy chooses or to one that it accepts. */
#include "command.h"
#include "follow.h"
#include "view.h"

static const struct option options[] = {
    {"--to", "HOST", "to this host, if the policy's filters accept it"},
    {"--live", NULL, "while it runs (the default)"},
    {"--cold", NULL, "shut its guest down, and start it there"},
    {"--offline", NULL, "a VM that does not run: its definition moves"},
    {"--copy-storage", "[=full|incremental]", "copy its disks, too, which the hosts do not share"},
    {"--tunnelled", NULL, "over the connection between the two libvirtds, with nothing beside it"},
    {"--verify", NULL, "with --cold: then wait for drover confirm, or drover revert"},
    {"--shutdown-timeout", "DURATION", "with --cold: the guest may take so long to shut down (2m)"},
    {"--wait", NULL, "until it has ended, showing how far it is"},
    {"--timeout", "DURATION", "with --wait: give up waiting after this long; the move goes on"},
    {NULL, NULL, NULL},
};

/* Of --live, --cold and --offline at most one. -1 with the error set. */
static int take_kind(const struct options *given, const char **kind, struct error *error)
{
    static const char *const kinds[] = {"--live", "--cold", "--offline"};
    *kind = NULL;
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!option_given(given, kinds[i]))
            continue;
        if (*kind)
            return error_set(error, ERROR_USAGE, "--%s and %s contradict each other", *kind,
                             kinds[i]);
        *kind = kinds[i] + 2;
    }
    return 0;
}

/* The request's body; NULL with the error set. */
static json_t *body_of(struct cli *cli, struct error *error)
{
    const struct options *given = &cli->options;
    const char *copy = option_text(given, "--copy-storage"), *kind;
    double shutdown_s;
    if (take_kind(given, &kind, error) < 0 ||
        option_duration_s(given, "--shutdown-timeout", 0, &shutdown_s, error) < 0)
        return NULL;
    if (option_given(given, "--copy-storage") && !copy)
        copy = "full";
    json_t *body = json_pack("{s:s, s:s*, s:s*, s:s*, s:b, s:b}", "vm", cli->word[0], "to",
                             option_text(given, "--to"), "kind", kind, "copy_storage", copy,
                             "tunnelled", option_given(given, "--tunnelled"), "verify",
                             option_given(given, "--verify"));
    if (option_given(given, "--shutdown-timeout"))
        json_object_set_new(body, "shutdown_timeout_s", json_real(shutdown_s));
    return body;
}

static int run(struct cli *cli, struct error *error)
{
    double timeout_s;

    if (option_duration_s(&cli->options, "--timeout", 0, &timeout_s, error) < 0)
        return -1;
    json_t *body = body_of(cli, error);
    if (!body)
        return -1;
    json_t *answer = source_call(&cli->source, "POST", "/v1/migrations", body, error);
    if (!answer)
        return -1;
    if (!option_given(&cli->options, "--wait")) {
        print_answer(cli, answer, "queued; drover migrations shows how far it is");
        return 0;
    }
    double id = view_number(view_object(answer, "result"), "id");
    json_decref(answer);
    return follow_migration(cli, id, timeout_s, error);
}

const struct command command_migrate = {
    .name = "migrate",
    .usage = "VM [--to HOST] [--cold|--offline] [--wait]",
    .summary = "move one VM, to the best host or to the one named",
    .details = "It moves while it runs, unless --cold or --offline says otherwise. A guest that "
               "does not shut down in its time for a cold move stays, and runs on; one that does "
               "not start at its destination is started where it was. With --verify and --wait, "
               "it returns when the VM waits to be judged. A host that the policy refuses is "
               "refused with the filter's reason, and exit status 3.",
    .place = WITH_DAEMON,
    .least_words = 1,
    .most_words = 1,
    .options = options,
    .run = run,
};
