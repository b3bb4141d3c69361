/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What crun said when it failed. */
#ifndef KBM_AGENT_RUNTIME_LOG_H
#define KBM_AGENT_RUNTIME_LOG_H

#define RUNTIME_TEXT_SIZE 1024

/*
 * The error in crun's log, or, if there is none, how it ended. status: as of
 * waitpid(2). A command that does not exist is told in runc's words: programs
 * look for them.
 */
void runtime_log_text(const char *path, int status,
		      char text[RUNTIME_TEXT_SIZE]);

#endif
