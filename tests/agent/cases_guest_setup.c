// SPDX-License-Identifier: GPL-2.0-or-later
/* What the guest itself is told: disks, network, files, clock; and nonsense. */
#include "cases.h"

static void a_disk_can_be_the_root(void **state)
{
	const struct container_options options = { .disk_root = "/run/disk" };
	struct process process;

	(void)state;
	assert_int_equal(container_run(&process, &guest, "disk",
				       "touch /written && grep -c vda /proc/mounts", &options),
			 0);
	assert_string_equal(process.output, "1\n");
	process_free(&process);
	/* Unmounted and mounted again; what was written is there. */
	assert_int_equal(container_run(&process, &guest, "disk", "ls /written", &options), 0);
	process_free(&process);
}

static void the_network_is_as_told(void **state)
{
	Grpc__UpdateInterfaceRequest request = GRPC__UPDATE_INTERFACE_REQUEST__INIT;
	Grpc__UpdateRoutesRequest routes_request = GRPC__UPDATE_ROUTES_REQUEST__INIT;
	Types__Interface interface = TYPES__INTERFACE__INIT;
	Types__IPAddress v4 = TYPES__IPADDRESS__INIT, v6 = TYPES__IPADDRESS__INIT;
	Types__IPAddress *addresses[] = { &v4, &v6 };
	Types__Route gateway = TYPES__ROUTE__INIT, near = TYPES__ROUTE__INIT;
	Types__Route *list[] = { &gateway, &near };
	Grpc__Routes routes = GRPC__ROUTES__INIT;
	struct process process;

	(void)state;
	interface.hwaddr = (char *)"52:54:00:12:34:56";
	interface.device = interface.name = (char *)"net7";
	interface.mtu = 1400;
	v4.address = (char *)"10.9.8.7";
	v4.mask = (char *)"32";
	v6.address = (char *)"fd00::7";
	v6.mask = (char *)"64";
	v6.family = TYPES__IPFAMILY__v6;
	interface.ipaddresses = addresses;
	interface.n_ipaddresses = 2;
	request.interface = &interface;
	assert_int_equal(agent_call("UpdateInterface", &request), TTRPC_OK);
	/* Again: the same result. */
	assert_int_equal(agent_call("UpdateInterface", &request), TTRPC_OK);
	interface.hwaddr = (char *)"52:54:00:12:34:99";
	assert_int_not_equal(agent_call("UpdateInterface", &request), TTRPC_OK);

	gateway.gateway = (char *)"10.9.8.1";
	gateway.device = near.device = (char *)"net7";
	near.dest = (char *)"10.9.8.1/32";
	near.scope = 253; /* link */
	near.metric = 77;
	near.mtu = 1300;
	routes.routes = list;
	routes.n_routes = 2;
	routes_request.routes = &routes;
	assert_int_equal(agent_call("UpdateRoutes", &routes_request), TTRPC_OK);
	assert_int_equal(agent_call("UpdateRoutes", &routes_request), TTRPC_OK);
	assert_int_equal(
		container_run(&process, &guest, "net", "ip addr show net7; ip route", NULL), 0);
	assert_non_null(strstr(process.output, "mtu 1400"));
	assert_non_null(strstr(process.output, "inet 10.9.8.7/32"));
	assert_non_null(strstr(process.output, "inet6 fd00::7/64"));
	assert_non_null(strstr(process.output, "default via 10.9.8.1 dev net7"));
	assert_non_null(strstr(process.output, "metric 77"));
	process_free(&process);
}

static void interfaces_and_routes_are_listed(void **state)
{
	Grpc__ListInterfacesRequest request = GRPC__LIST_INTERFACES_REQUEST__INIT;
	Grpc__ListRoutesRequest routes_request = GRPC__LIST_ROUTES_REQUEST__INIT;
	Grpc__Interfaces *interfaces;
	Grpc__Routes *routes;
	enum ttrpc_code code;
	bool found = false;

	(void)state;
	interfaces = (Grpc__Interfaces *)guest_call(&guest, "ListInterfaces", &request, &code);
	assert_non_null(interfaces);
	for (size_t i = 0; i < interfaces->n_interfaces; i++)
		found |= !strcmp(interfaces->interfaces[i]->hwaddr, "52:54:00:12:34:56") &&
			 interfaces->interfaces[i]->n_ipaddresses >= 2;
	assert_true(found);
	grpc__interfaces__free_unpacked(interfaces, NULL);
	routes = (Grpc__Routes *)guest_call(&guest, "ListRoutes", &routes_request, &code);
	assert_non_null(routes);
	found = false;
	for (size_t i = 0; i < routes->n_routes; i++)
		found |= !strcmp(routes->routes[i]->dest, "10.9.8.1/32") &&
			 routes->routes[i]->metric == 77 && routes->routes[i]->mtu == 1300;
	assert_true(found);
	grpc__routes__free_unpacked(routes, NULL);
}

static void a_file_is_copied_in_parts(void **state)
{
	Grpc__CopyFileRequest request = GRPC__COPY_FILE_REQUEST__INIT;

	(void)state;
	request.path = (char *)"/run/kata-containers/x/file";
	request.file_size = 8;
	request.file_mode = S_IFREG | 0640;
	request.data = (ProtobufCBinaryData){ 4, (uint8_t *)"abcd" };
	assert_int_equal(agent_call("CopyFile", &request), TTRPC_OK);
	request.offset = 4;
	assert_int_equal(agent_call("CopyFile", &request), TTRPC_OK);
	request.offset = 5;
	assert_int_equal(agent_call("CopyFile", &request), TTRPC_INVALID_ARGUMENT);
	request.offset = 0;
	request.path = (char *)"/run/kata-containers/../../init";
	assert_int_equal(agent_call("CopyFile", &request), TTRPC_PERMISSION_DENIED);
	request.path = (char *)"/etc/passwd";
	assert_int_equal(agent_call("CopyFile", &request), TTRPC_PERMISSION_DENIED);
}

static void the_clock_is_set(void **state)
{
	Grpc__SetGuestDateTimeRequest request = GRPC__SET_GUEST_DATE_TIME_REQUEST__INIT;
	Grpc__ReseedRandomDevRequest reseed = GRPC__RESEED_RANDOM_DEV_REQUEST__INIT;
	struct process process;

	(void)state;
	request.sec = 1234567890;
	assert_int_equal(agent_call("SetGuestDateTime", &request), TTRPC_OK);
	request.usec = 1000000;
	assert_int_equal(agent_call("SetGuestDateTime", &request), TTRPC_INVALID_ARGUMENT);
	reseed.data = (ProtobufCBinaryData){ 16, (uint8_t *)"0123456789abcdef" };
	assert_int_equal(agent_call("ReseedRandomDev", &reseed), TTRPC_OK);
	assert_int_equal(container_run(&process, &guest, "clock", "date +%Y", NULL), 0);
	assert_string_equal(process.output, "2009\n");
	process_free(&process);
}

static void wrong_requests_are_refused(void **state)
{
	Grpc__CreateContainerRequest request = GRPC__CREATE_CONTAINER_REQUEST__INIT;
	Grpc__WaitProcessRequest wait = GRPC__WAIT_PROCESS_REQUEST__INIT;
	Grpc__StartContainerRequest start = GRPC__START_CONTAINER_REQUEST__INIT;
	const struct container_options options = { .root = "/nowhere" };
	struct process process;

	(void)state;
	request.container_id = (char *)"../x";
	assert_int_equal(agent_call("CreateContainer", &request), TTRPC_INVALID_ARGUMENT);
	request.container_id = (char *)"empty";
	assert_int_equal(agent_call("CreateContainer", &request), TTRPC_INVALID_ARGUMENT);
	wait.container_id = start.container_id = (char *)"nobody";
	assert_int_equal(agent_call("WaitProcess", &wait), TTRPC_NOT_FOUND);
	assert_int_equal(agent_call("StartContainer", &start), TTRPC_NOT_FOUND);
	assert_int_equal(container_create(&process, &guest, "rootless", "true", &options),
			 TTRPC_UNKNOWN);
	process_free(&process);
}

int test_guest_setup(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_disk_can_be_the_root),
		cmocka_unit_test(the_network_is_as_told),
		cmocka_unit_test(interfaces_and_routes_are_listed),
		cmocka_unit_test(a_file_is_copied_in_parts),
		cmocka_unit_test(the_clock_is_set),
		cmocka_unit_test(wrong_requests_are_refused),
	};

	return cmocka_run_group_tests_name("guest_setup", tests, NULL, NULL);
}
