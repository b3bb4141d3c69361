/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a value in the configuration may look like. */
#ifndef CONTROL_BM_CHECK_H
#define CONTROL_BM_CHECK_H

/* Each returns NULL if @value is right, else what it should be. */
const char *check_cpus(const char *value);
const char *check_memory(const char *value);
const char *check_isolation(const char *value);
const char *check_number(const char *value);
const char *check_path(const char *value);
const char *check_name(const char *value);

#endif
