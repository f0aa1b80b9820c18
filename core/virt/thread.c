/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Detached threads: see thread.h. */
#include "virt/thread.h"

#include <pthread.h>

/* There may be thousands, and none of them goes deep. */
#define STACK_BYTES (1024 * 1024)

int thread_begin(void *(*run)(void *data), void *data)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int status = pthread_create(&thread, &attributes, run, data);
    pthread_attr_destroy(&attributes);
    return status;
}
