/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_PROXY_HUGE_PAGES_H
#define KBM_PROXY_HUGE_PAGES_H

/*
 * Lets memory that is shared with a twin have huge pages where it is advised, as
 * private memory has: of all the host's memfds and mappings, only those advised.
 * Leaves any choice but "never" as it is, and "never" on a host whose private
 * memory shall have none either. 1: allowed now, to be taken back by
 * huge_pages_forbid(); 0: nothing changed; -EACCES, -EROFS: not this daemon's to
 * do; -ENOENT: the kernel has no such pages.
 */
int huge_pages_allow(void);

/* Takes it back, unless somebody has made another choice since; pages stay as they are. */
void huge_pages_forbid(void);

#endif
