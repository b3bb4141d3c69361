// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A sandbox's network, in network namespaces that this test makes with ip(8). What
 * goes through a tap is sent and read here, in the guest's place.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "config/problem.h"
#include "network/network.h"

#define SPACE	"kbm-unit"
#define PATH	"/run/netns/" SPACE
#define PEER	"kbm-unit-peer"

static int run(const char *command)
{
	char text[1024];

	snprintf(text, sizeof(text), "{ %s; } >/dev/null 2>&1", command);
	return system(text);
}

static int remove_namespaces(void **state)
{
	(void)state;
	run("ip netns del " SPACE "; ip netns del " PEER);
	return 0;
}

/* A veth pair between the sandbox's namespace and that of a peer. */
static int make_namespaces(void **state)
{
	(void)state;
	remove_namespaces(NULL);
	if (geteuid() || access("/dev/net/tun", F_OK) ||
	    run("set -e; ip netns add " SPACE "; ip netns add " PEER "; "
		"ip -n " SPACE " link add eth0 type veth peer name far netns " PEER "; "
		"ip -n " SPACE " link set eth0 address 02:00:00:00:00:11; "
		"ip -n " PEER " link set far address 02:00:00:00:00:22; "
		"ip -n " SPACE " addr add 10.9.0.2/24 dev eth0; "
		"ip -n " PEER " addr add 10.9.0.1/24 dev far; "
		"ip -n " PEER " link set far up; ip -n " SPACE " link set lo up; "
		"ip -n " SPACE " link set eth0 mtu 1450 up"))
		return -1;
	return 0;
}

static struct network *open_good(const char *path)
{
	struct problem problem = { "" };
	struct network *network = NULL;

	if (network_open(path, &network, &problem))
		fail_msg("%s", problem.text);
	return network;
}

static void expect_words(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("'%s' lacks '%s'", text, words);
}

static void open_bad(const char *path, int error, const char *words)
{
	struct problem problem = { "" };
	struct network *network = NULL;

	assert_int_equal(network_open(path, &network, &problem), error);
	assert_null(network);
	expect_words(problem.text, words);
}

static void test_links(void **state)
{
	struct network *network;
	const struct network_link *link;

	(void)state;
	assert_int_equal(run("ip -n " SPACE " addr add fd09::2/64 dev eth0 nodad"), 0);
	network = open_good(PATH);
	assert_int_equal(network_nr_links(network), 1);
	link = network_link(network, 0);
	assert_string_equal(link->name, "eth0");
	assert_string_equal(link->mac_text, "02:00:00:00:00:11");
	assert_int_equal(link->mac[5], 0x11);
	assert_int_equal(link->mtu, 1450);
	assert_string_equal(link->kind, "veth");
	assert_int_equal(link->nr_addresses, 2);
	assert_string_equal(link->addresses[0].address, "10.9.0.2");
	assert_int_equal(link->addresses[0].prefix, 24);
	assert_int_equal(link->addresses[0].family, AF_INET);
	assert_string_equal(link->addresses[1].address, "fd09::2");
	assert_int_equal(link->addresses[1].prefix, 64);
	assert_true(link->tap >= 0);
	network_close(network);
}

static void test_routes(void **state)
{
	struct network *network;
	const struct network_route *route;
	const struct network_neighbour *neighbour;

	(void)state;
	assert_int_equal(
		run("set -e; ip -n " SPACE " route add default via 10.9.0.1; "
		    "ip -n " SPACE " route add 10.8.0.0/16 via 10.9.0.7 metric 5 mtu 1300; "
		    "ip -n " SPACE " route add 10.7.0.1 dev eth0 src 10.9.0.2; "
		    "ip -n " SPACE " route add unreachable 10.6.0.0/16; "
		    "ip -n " SPACE " route add 10.5.0.0/16 dev lo; "
		    "ip -n " SPACE " neigh add 10.9.0.9 lladdr 02:00:00:00:00:99 dev eth0"),
		0);
	network = open_good(PATH);
	assert_int_equal(network_nr_routes(network), 3);
	route = network_route(network, 0);
	assert_string_equal(route->destination, "10.7.0.1/32");
	assert_string_equal(route->gateway, "");
	assert_string_equal(route->source, "10.9.0.2");
	assert_string_equal(route->device, "eth0");
	route = network_route(network, 1);
	assert_string_equal(route->destination, "");
	assert_string_equal(route->gateway, "10.9.0.1");
	route = network_route(network, 2);
	assert_string_equal(route->destination, "10.8.0.0/16");
	assert_int_equal(route->metric, 5);
	assert_int_equal(route->mtu, 1300);
	assert_int_equal(network_nr_neighbours(network), 1);
	neighbour = network_neighbour(network, 0);
	assert_string_equal(neighbour->address, "10.9.0.9");
	assert_string_equal(neighbour->mac, "02:00:00:00:00:99");
	assert_string_equal(neighbour->device, "eth0");
	network_close(network);
}

#define HEADER	sizeof(struct virtio_net_hdr)

/* The next frame of a type at the tap; false: none in two seconds. */
static bool receive(int tap, uint16_t type, uint8_t frame[2048])
{
	struct pollfd wait = { .fd = tap, .events = POLLIN };
	uint8_t bytes[2048];
	ssize_t length;

	while (poll(&wait, 1, 2000) > 0) {
		length = read(tap, bytes, sizeof(bytes));
		if (length < (ssize_t)(HEADER + ETHER_HDR_LEN) ||
		    bytes[HEADER + 12] != type >> 8 || bytes[HEADER + 13] != (type & 0xff))
			continue;
		memcpy(frame, bytes + HEADER, (size_t)length - HEADER);
		return true;
	}
	return false;
}

/* What the guest's kernel would answer: "10.9.0.2 is at 02:00:00:00:00:11". */
static void answer_arp(int tap, const uint8_t *request)
{
	uint8_t frame[HEADER + 60] = { 0 };
	uint8_t *answer = frame + HEADER;

	memcpy(answer, request, 42);
	memcpy(answer, request + 6, 6);
	memcpy(answer + 6, "\x02\0\0\0\0\x11", 6);
	answer[21] = 2;
	memcpy(answer + 22, "\x02\0\0\0\0\x11", 6);
	memcpy(answer + 28, request + 38, 4);
	memcpy(answer + 32, request + 22, 10);
	assert_int_equal(write(tap, frame, sizeof(frame)), sizeof(frame));
}

/* The peer asks for the address, gets the answer of the "guest", and sends it a datagram. */
static void test_packets(void **state)
{
	struct network *network = open_good(PATH);
	int tap = network_link(network, 0)->tap;
	uint8_t frame[2048];

	(void)state;
	assert_int_equal(
		system("ip netns exec " PEER " bash -c 'for i in 1 2 3; do "
		       "echo hello >/dev/udp/10.9.0.2/9; sleep 0.2; done' >/dev/null 2>&1 &"),
		0);
	assert_true(receive(tap, 0x0806, frame));
	assert_memory_equal(frame + 38, "\x0a\x09\0\x02", 4);
	answer_arp(tap, frame);
	assert_true(receive(tap, 0x0800, frame));
	assert_memory_equal(frame, "\x02\0\0\0\0\x11\x02\0\0\0\0\x22", 12);
	assert_memory_equal(frame + 30, "\x0a\x09\0\x02", 4);
	assert_int_equal(run("ip -n " PEER " neigh show 10.9.0.2 | grep -qi 02:00:00:00:00:11"), 0);
	network_close(network);
}

#define HAS_REDIRECT	"tc -n " SPACE " filter show dev eth0 ingress | grep -q mirred"
#define HAS_QDISC	"tc -n " SPACE " qdisc show dev eth0 | grep -q ingress"
#define HAS_TAP		"ip -n " SPACE " link | grep -q kbmtap"

static void test_close(void **state)
{
	struct network *network = open_good(PATH);

	(void)state;
	assert_int_equal(run(HAS_REDIRECT " && " HAS_TAP), 0);
	/* QEMU has a copy of the tap: it stays. */
	int copy = dup(network_link(network, 0)->tap);

	network_close_taps(network);
	assert_int_equal(network_link(network, 0)->tap, -1);
	assert_int_equal(run(HAS_TAP), 0);
	network_close(network);
	assert_int_not_equal(run(HAS_QDISC), 0);
	close(copy);
	assert_int_not_equal(run(HAS_TAP), 0);
}

/* As after kill -9: the taps are gone with their processes, the redirects are not. */
static void test_remove(void **state)
{
	struct problem problem = { "" };
	struct network *network = open_good(PATH);

	(void)state;
	/* Its guest runs. */
	assert_int_equal(network_remove(PATH, &problem), 0);
	assert_int_equal(run(HAS_REDIRECT), 0);
	network_close_taps(network);
	assert_int_not_equal(run(HAS_TAP), 0);
	assert_int_equal(run(HAS_QDISC), 0);
	assert_int_equal(network_remove(PATH, &problem), 0);
	assert_int_not_equal(run(HAS_QDISC), 0);
	assert_int_equal(network_remove(PATH, &problem), 0);
	assert_int_equal(network_remove("/run/netns/kbm-nowhere", &problem), 0);
	/* What is left of a namespace's file, once it is unmounted. */
	assert_int_equal(network_remove("/dev/null", &problem), 0);
	network_close(network);
}

static void test_twice(void **state)
{
	struct network *network = open_good(PATH), *again;

	(void)state;
	open_bad(PATH, -EBUSY, "belongs to another guest already");
	/* The first one's redirects are as they were. */
	assert_int_equal(run(HAS_REDIRECT " && " HAS_TAP), 0);
	/* What a dead shim left is replaced. */
	network_close_taps(network);
	again = open_good(PATH);
	assert_int_equal(run(HAS_REDIRECT), 0);
	network_close(again);
	network_close(network);
}

static void test_refused(void **state)
{
	(void)state;
	open_bad("/proc/self/ns/net", -EOPNOTSUPP, "host's own");
	open_bad("/run/netns/kbm-nowhere", -ENOENT, "kbm-nowhere: No such file");
	open_bad("/proc/self/ns/mnt", -EINVAL, "cannot enter");
	assert_int_equal(run("ip -n " SPACE
			     " route add 10.4.0.0/16 nexthop via 10.9.0.5 nexthop via "
			     "10.9.0.6"),
			 0);
	open_bad(PATH, -EOPNOTSUPP, "several gateways");
	assert_int_not_equal(run(HAS_QDISC), 0);
	assert_int_not_equal(run(HAS_TAP), 0);
}

static void test_no_ethernet(void **state)
{
	(void)state;
	if (run("set -e; ip -n " SPACE " tuntap add dev tun9 mode tun; ip -n " SPACE
		" link set tun9 up"))
		skip();
	open_bad(PATH, -EOPNOTSUPP, "tun9 of " PATH ": not Ethernet");
}

static void test_nothing_there(void **state)
{
	struct network *network = open_good(NULL);

	(void)state;
	assert_int_equal(network_nr_links(network), 0);
	assert_int_equal(network_nr_routes(network), 0);
	network_close(network);
	/* Down, as what tunnels' modules make. */
	assert_int_equal(run("ip -n " SPACE " link set eth0 down"), 0);
	network = open_good(PATH);
	assert_int_equal(network_nr_links(network), 0);
	network_close(network);
}

static void test_many(void **state)
{
	struct network *network;

	(void)state;
	assert_int_equal(run("set -e; for i in 1 2 3; do ip -n " SPACE
			     " link add e$i type veth peer name "
			     "f$i; ip -n " SPACE " link set e$i up; done"),
			 0);
	network = open_good(PATH);
	assert_int_equal(network_nr_links(network), 4);
	network_close(network);
	assert_int_not_equal(run(HAS_TAP), 0);
}

static int find(const char *text, char **ret, struct problem *problem)
{
	struct json_object *spec = json_tokener_parse(text);
	int r;

	assert_non_null(spec);
	r = network_find_namespace(spec, ret, problem);
	json_object_put(spec);
	return r;
}

#define LIST(entries)	"{\"linux\": {\"namespaces\": [{\"type\": \"pid\"}" entries "]}}"

/* A namespace of ours, and a process that stands for it. */
static void test_hold(void **state)
{
	struct problem problem = { "" };
	struct stat made, held, ours;
	struct network *network;
	char path[64], of[64];
	pid_t pid = 0;
	int fd;

	(void)state;
	assert_int_equal(network_make_namespace(&fd, &problem), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(network_hold(path, &pid, &problem), 0);
	snprintf(of, sizeof(of), "/proc/%d/ns/net", pid);
	assert_int_equal(fstat(fd, &made) || stat(of, &held) || stat("/proc/self/ns/net", &ours), 0);
	assert_true(made.st_ino == held.st_ino);
	assert_true(made.st_ino != ours.st_ino);
	network_release(pid);
	assert_int_equal(stat(of, &held), -1);
	assert_int_equal(network_open(path, &network, &problem), 0);
	assert_int_equal(network_nr_links(network), 0);
	network_close(network);
	close(fd);
	assert_int_equal(network_hold("/nowhere", &pid, &problem), -ENOENT);
	network_release(0);
}

static void test_find(void **state)
{
	struct problem problem = { "" };
	char *path = (char *)"";

	(void)state;
	assert_int_equal(find(LIST(", {\"type\": \"network\"}"), &path, &problem), 0);
	assert_null(path);
	assert_int_equal(find(LIST(", {\"type\": \"network\", \"path\": \"\"}"), &path, &problem),
			 0);
	assert_null(path);
	assert_int_equal(find(LIST(", {\"type\": \"network\", \"path\": \"/n\"}"), &path, &problem),
			 0);
	assert_string_equal(path, "/n");
	free(path);
	assert_int_equal(find(LIST(), &path, &problem), -EOPNOTSUPP);
	expect_words(problem.text, "host's network");
	assert_int_equal(find("{}", &path, &problem), -EOPNOTSUPP);
	assert_int_equal(find("{\"linux\": {\"namespaces\": 3}}", &path, &problem), -EOPNOTSUPP);
	assert_int_equal(find(LIST(", 5, {\"type\": 3}"), &path, &problem), -EOPNOTSUPP);
	assert_int_equal(find(LIST(", {\"type\": \"network\", \"path\": 3}"), &path, &problem),
			 -EINVAL);
}

static int find_out(void **state)
{
	if (!make_namespaces(state))
		return remove_namespaces(state);
	remove_namespaces(state);
	puts("cannot make network namespaces here");
	exit(77);
}

#define IN_NAMESPACES(test) \
	cmocka_unit_test_setup_teardown(test, make_namespaces, remove_namespaces)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_NAMESPACES(test_links),
		IN_NAMESPACES(test_routes),
		IN_NAMESPACES(test_packets),
		IN_NAMESPACES(test_close),
		IN_NAMESPACES(test_remove),
		IN_NAMESPACES(test_twice),
		IN_NAMESPACES(test_refused),
		IN_NAMESPACES(test_no_ethernet),
		IN_NAMESPACES(test_nothing_there),
		IN_NAMESPACES(test_many),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, find_out, NULL);
}
