/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What values of configuration.toml may be. Return: what is wrong, or NULL. */
#ifndef KBM_SHIM_CONFIG_CHECK_H
#define KBM_SHIM_CONFIG_CHECK_H

const char *check_path(const char *value);
const char *check_params(const char *value);
const char *check_regex(const char *value);
const char *check_cpus(const char *value);
const char *check_proxy(const char *value);

#endif
