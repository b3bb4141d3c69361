/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of configuration.toml: one row each. */
#ifndef KBM_SHIM_CONFIG_KEYS_H
#define KBM_SHIM_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

struct config;
struct toml_value;

#define CONFIG_MAX_LIST	256

/* Return: what is wrong with @value, or NULL. */
typedef const char *config_check(const char *value);

struct config_key {
	/* Tables and name. */
	const char *path;
	/* What it is if nobody says anything, as TOML. */
	const char *standard;
	/* Puts a value of the right type where it belongs; -EINVAL, *ret_why. */
	int (*take)(const struct config_key *key, struct config *config,
		    const struct toml_value *value, const char **ret_why);
	size_t offset;
	/* Of numbers. */
	long min, max;
	/* Of strings, and of each item of a list; NULL: anything. */
	config_check *check;
	/* Of choices: their names by value, up to NULL. */
	const char *const *choices;
	/* Names things of this machine: no pod may set it. */
	bool is_ours;
};

extern const struct config_key config_keys[];
extern const size_t config_nr_keys;

/* NULL: no such key. */
const struct config_key *config_key_find(const char *path);

/* There are keys in the table @path. */
bool config_table_exists(const char *path);

/* For a key of Kata's that is none of ours: why not; else NULL. */
const char *config_key_why_not(const char *path);

/* Frees the strings and lists of @config. */
void config_keys_free(struct config *config);

#endif
