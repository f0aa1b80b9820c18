/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A site's own checks of a host: programs in a directory, each run with a deadline. */
#ifndef DROVER_CLI_SITE_CHECKS_H
#define DROVER_CLI_SITE_CHECKS_H

/* text: one line, valid UTF-8, without control characters. */
typedef void site_finding(void *self, const char *text);

/*
 * Run all programs of the directory, in order of name; what ends with another status than 0, does
 * not end in time, or is not to be trusted is told. A directory that is not there has none.
 */
void site_checks_run(const char *dir, double timeout_s, site_finding *tell, void *self);

#endif
