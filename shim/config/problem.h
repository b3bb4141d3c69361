/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was wrong, in words for whoever asked: the thing, the value, the remedy.
 * Libraries of the shim fill one in beside the negative errno that they return;
 * it is left alone on success.
 */
#ifndef KBM_SHIM_PROBLEM_H
#define KBM_SHIM_PROBLEM_H

#define PROBLEM_SIZE	1024

struct problem {
	char text[PROBLEM_SIZE];
};

/**
 * problem_set - say what was wrong
 * @problem:	where to; NULL if nobody asks.
 * @error:	negative errno.
 *
 * Text that is too long is cut. Return: @error.
 */
int problem_set(struct problem *problem, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * problem_prefix - say where it went wrong, before what is said already
 *
 * Return: @error.
 */
int problem_prefix(struct problem *problem, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
