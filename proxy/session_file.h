/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the sessions in the run directory: sessions/NUMBER. At its begin is the
 * daemon's record, then the page that the twin has mapped. A daemon that starts
 * anew finds the sessions of the one before by these files.
 *
 * The twin holds a lock (flock) on the file: who gets it knows that the twin has
 * ended. It has no descriptor that can write, and no mapping of the record: a
 * daemon acts on that. Readers read() the file, never map it.
 */
#ifndef KBM_PROXY_SESSION_FILE_H
#define KBM_PROXY_SESSION_FILE_H

#include <stdint.h>

#include "status_page.h"

/**
 * struct session_record - what the daemon knows; written by it alone
 * @session:	number, unique for the run directory.
 * @pid:	of the twin, as the daemon sees it.
 * @client_pid, @client_uid: who connected; 0 for a client in the control BM.
 * @index:	what the listener calls the session.
 * @started:	seconds since 1970.
 * @transport:	"unix" or "kbm".
 */
struct session_record {
	uint32_t magic;
	uint32_t version;
	uint32_t session;
	int32_t pid;
	int32_t client_pid;
	uint32_t client_uid;
	uint32_t index;
	uint32_t reserved;
	uint64_t started;
	char transport[8];
};

/* What a reader gets. */
struct session_view {
	struct session_record record;
	struct status_page page;
};

/**
 * struct session_file - a new file
 * @fd:		the daemon's; the twin maps its page by it, and closes it.
 * @lock:	can only be read, and has the lock: the twin's.
 */
struct session_file {
	int fd;
	int lock;
};

/* Makes @run_directory and its folder of sessions; negative errno. */
int session_files_init(const char *run_directory);

int session_file_create(uint32_t number, struct session_file *ret_file);
/* Fills in what makes it a record. */
int session_file_write(const struct session_file *file, struct session_record *record);
/* The page that the twin writes, by struct session_file's @fd. */
int session_file_map(int fd, struct status_page **ret_page);
/* The twin has its own. */
void session_file_close(struct session_file *file);
void session_file_remove(uint32_t number);

/* -ENOENT; -EINVAL: not such a file. */
int session_file_read(uint32_t number, struct session_view *ret_view);

/* Whether its twin is there. */
int session_file_alive(uint32_t number);

/* Calls @found for each file. */
int session_files_each(void (*found)(uint32_t number, void *context), void *context);

#endif
