/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether another machine reaches an address: see daemon.h. It is asked by SSH's own forwarding
 * (ssh -W): its sshd connects, so no program runs there, and nothing comes near a shell. A service
 * that is reached sees a connection that says nothing and ends, and ends it, too.
 */
#include "daemon/daemon.h"

#include "base/memory.h"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT "ConnectTimeout=5"
#define WAIT_S 12
#define OUTPUT_MAX 1024 /* of what ssh says the end is kept */
#define WORDS_MAX 200

struct witness {
    witness_heard *heard;
    void *self; /* NULL: nobody wants to know any more */
    GSubprocess *ssh;
    guint timer;
    GString *output;
    char bytes[512]; /* what is being read */
};

static gboolean on_time_over(gpointer data)
{
    struct witness *witness = data;
    witness->timer = 0;
    g_subprocess_force_exit(witness->ssh);
    return G_SOURCE_REMOVE;
}

/* The last line that it wrote: "stdio forwarding failed" says less than the one before. */
static char *last_words(const char *output)
{
    g_auto(GStrv) lines = g_strsplit_set(output, "\r\n", 64);
    const char *last = "no word of it in time";
    for (char **line = lines; *line; line++)
        if (**line && !g_str_has_prefix(*line, "stdio forwarding failed"))
            last = *line;
    g_autofree char *valid = g_utf8_make_valid(last, WORDS_MAX < strlen(last) ? WORDS_MAX : -1);
    return g_steal_pointer(&valid);
}

/* sshd there says why it could not connect; whatever else ends ssh says nothing of the address. */
static enum witness_result judge(GSubprocess *ssh, const char *output)
{
    if (g_subprocess_get_if_exited(ssh) && g_subprocess_get_exit_status(ssh) == 0)
        return WITNESS_REACHES;
    return strstr(output, "open failed: connect failed: Connection refused") ? WITNESS_REFUSED
                                                                            : WITNESS_NO_WORD;
}

static void on_ended(GObject *source, GAsyncResult *result, gpointer data)
{
    struct witness *witness = data;
    g_subprocess_wait_finish(G_SUBPROCESS(source), result, NULL);
    g_autofree char *words = last_words(witness->output->str);
    if (witness->timer)
        g_source_remove(witness->timer);
    if (witness->self)
        witness->heard(witness->self, judge(witness->ssh, witness->output->str), words);
    g_string_free(witness->output, TRUE);
    g_object_unref(witness->ssh);
    free(witness);
}

static void on_read(GObject *source, GAsyncResult *result, gpointer data)
{
    struct witness *witness = data;
    gssize n = g_input_stream_read_finish(G_INPUT_STREAM(source), result, NULL);
    if (n <= 0) {
        g_subprocess_wait_async(witness->ssh, NULL, on_ended, witness);
        return;
    }
    g_string_append_len(witness->output, witness->bytes, n);
    if (witness->output->len > OUTPUT_MAX)
        g_string_erase(witness->output, 0, (gssize)(witness->output->len - OUTPUT_MAX));
    g_input_stream_read_async(G_INPUT_STREAM(source), witness->bytes, sizeof witness->bytes,
                              G_PRIORITY_DEFAULT, NULL, on_read, witness);
}

void witness_leave(struct witness *witness)
{
    witness->self = NULL;
    g_subprocess_force_exit(witness->ssh);
}

struct witness *witness_ask(const char *destination, const char *address, witness_heard *heard,
                            void *self)
{
    const char *const argv[] = {
        "ssh", "-T", "-a", "-x", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o",
        CONNECT_TIMEOUT, "-o", "ControlMaster=no", "-o", "ControlPath=none", "-o",
        "PermitLocalCommand=no", "-W", address, "--", destination, NULL,
    };
    GSubprocess *ssh = g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
                                                   G_SUBPROCESS_FLAGS_STDERR_PIPE, NULL);
    if (!ssh)
        return NULL;
    struct witness *witness = memory_new(sizeof *witness);
    witness->heard = heard;
    witness->self = self;
    witness->ssh = ssh;
    witness->timer = g_timeout_add_seconds(WAIT_S, on_time_over, witness);
    witness->output = g_string_new(NULL);
    g_input_stream_read_async(g_subprocess_get_stderr_pipe(ssh), witness->bytes,
                              sizeof witness->bytes, G_PRIORITY_DEFAULT, NULL, on_read, witness);
    return witness;
}
