/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A shared object that is no plugin. */
int some_library(void);
int some_library(void)
{
    return 0;
}
