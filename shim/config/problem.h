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
 * Text that is too long is cut. errno stays. Return: @error; an analyzer sees so.
 */
#define problem_set(problem, error, ...) \
	problem_return((problem_say(problem, __VA_ARGS__), 0), error)

/* The same, with the words before those that are there already: where it went wrong. */
#define problem_prefix(problem, error, ...) \
	problem_return((problem_say_before(problem, __VA_ARGS__), 0), error)

void problem_say(struct problem *problem, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void problem_say_before(struct problem *problem, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline int problem_return(int said, int error)
{
	(void)said;
	return error;
}

#endif
