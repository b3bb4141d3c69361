/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which guest a container belongs to: the annotations that a CRI server adds. */
#ifndef KBM_SHIM_POD_H
#define KBM_SHIM_POD_H

struct json_object;
struct problem;

enum pod_role {
	POD_SINGLE, /* no pod: a guest of its own */
	POD_SANDBOX, /* the pod itself: boots the guest */
	POD_CONTAINER, /* goes into the guest of @sandbox */
};

struct pod_place {
	enum pod_role role;
	/* Of a POD_CONTAINER; lives as long as the config. */
	const char *sandbox;
};

/*
 * @config: a parsed config.json. -EINVAL: it says "container", but not of which
 * sandbox, or a role or a name that cannot be.
 */
int pod_place_find(struct json_object *config, struct pod_place *ret_place,
		   struct problem *problem);

#endif
