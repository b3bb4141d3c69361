// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's command line, and what it starts. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "daemon_channel.h"
#include "daemon_config.h"
#include "daemon_listen.h"
#include "daemon_loop.h"
#include "daemon_session.h"
#include "daemon_status.h"
#include "daemon_twin.h"
#include "fd_store.h"
#include "huge_pages.h"
#include "log.h"
#include "session_file.h"

/* Beside 0 and EXIT_FAILURE: the command line or the configuration is wrong. */
#define EXIT_USAGE	2

enum action { ACTION_SERVE, ACTION_CHECK, ACTION_STATUS, ACTION_CONTROL_BM_ENDED };

struct options {
	enum action action;
	bool json;
	const char *file;
	const char *socket;
	const char *run_directory;
	const char *log_level;
};

static const char help[] =
	"Usage: kbm-proxyd [OPTION...] [SOCKET]\n"
	"Makes KVM calls for VMMs in other processes and partitions: one process, the\n"
	"twin, for each session. Sessions outlive a restart.\n"
	"\n"
	"      --config FILE         read FILE, not " DAEMON_CONFIG_PATH ";\n"
	"                            without that file all keys have their defaults\n"
	"      --check               check the configuration, and exit\n"
	"      --status              print the sessions of the daemon that runs, and exit\n"
	"      --json                with --status: everything, as JSON\n"
	"      --control-bm-ended    tell the daemon that runs that the control BM has ended,\n"
	"                            so that nobody rings its CPUs any more, and exit\n"
	"      --socket PATH         listen there for clients ([daemon] socket)\n"
	"      --run-directory DIR   sockets and state ([daemon] run-directory)\n"
	"      --log-level LEVEL     error, warning, info or debug ([daemon] log-level)\n"
	"  -h, --help                print this, and exit\n"
	"\n"
	"SOCKET alone means --socket SOCKET --run-directory SOCKET.run.\n"
	"A client connects with unix:SOCKET, in a control BM with kbm:/dev/kata-bm.\n"
	"\n"
	"Exit status: 0; 1: it failed; 2: wrong command line or configuration.\n"
	"See kbm-proxyd(8), proxyd.conf(5).\n";

static int parse_options(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' }, { "check", no_argument, NULL, 'k' },
		{ "status", no_argument, NULL, 's' }, { "json", no_argument, NULL, 'j' },
		{ "control-bm-ended", no_argument, NULL, 'e' },
		{ "socket", required_argument, NULL, 'S' },
		{ "run-directory", required_argument, NULL, 'd' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' }, { 0 },
	};
	static char beside[DAEMON_CONFIG_TEXT];
	int c;

	while ((c = getopt_long(argc, argv, "h", known, NULL)) >= 0) {
		switch (c) {
		case 'c': options->file = optarg; break;
		case 'k': options->action = ACTION_CHECK; break;
		case 's': options->action = ACTION_STATUS; break;
		case 'j': options->json = true; break;
		case 'e': options->action = ACTION_CONTROL_BM_ENDED; break;
		case 'S': options->socket = optarg; break;
		case 'd': options->run_directory = optarg; break;
		case 'l': options->log_level = optarg; break;
		case 'h': fputs(help, stdout); exit(EXIT_SUCCESS);
		default: return -EINVAL;
		}
	}
	if (optind < argc) {
		options->socket = argv[optind++];
		snprintf(beside, sizeof(beside), "%s.run", options->socket);
		options->run_directory = beside;
	}
	return optind < argc ? -EINVAL : 0;
}

/* Options win over the file. */
static int set_text(char *field, const char *name, const char *value)
{
	if (!value)
		return 0;
	if (strlen(value) >= DAEMON_CONFIG_TEXT) {
		fprintf(stderr, "kbm-proxyd: %s %s: longer than %d bytes; take a shorter path\n",
			name, value, DAEMON_CONFIG_TEXT - 1);
		return -EINVAL;
	}
	memcpy(field, value, strlen(value) + 1);
	return 0;
}

static int configure(struct daemon_config *config, const struct options *options)
{
	const char *file = options->file ? options->file : DAEMON_CONFIG_PATH;
	int r;

	daemon_config_init(config);
	r = daemon_config_read(config, file, !options->file);
	if (!r)
		r = set_text(config->socket, "--socket", options->socket);
	if (!r)
		r = set_text(config->run_directory, "--run-directory", options->run_directory);
	if (!r && options->log_level && log_level_parse(options->log_level, &config->log_level)) {
		fprintf(stderr, "kbm-proxyd: --log-level %s: must be error, warning, info or debug\n",
			options->log_level);
		r = -EINVAL;
	}
	return r ? r : daemon_config_finish(config, file);
}

static int fail(const char *what, const char *object, int r)
{
	log_write(LOG_LEVEL_ERROR, what, "object=\"%s\" error=\"%s\"", object, strerror(-r));
	return r;
}

static int signals = -1;

static void signalled(struct loop_operation *operation, int result)
{
	struct signalfd_siginfo info;

	(void)result;
	if (read(signals, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGUSR1) {
		daemon_channel_control_bm_ended();
		loop_wait_readable(operation, signals);
		return;
	}
	fd_store_notify("STOPPING=1");
	log_write(LOG_LEVEL_INFO, "stopping", "sessions=%u", sessions_count());
	loop_stop();
}

/* What ends the daemon; children are watched by their pidfds. */
static int watch_signals(void)
{
	static struct loop_operation operation = { signalled };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals < 0 ? -errno : loop_wait_readable(&operation, signals);
}

struct sockets {
	int status;
	int clients;
};

/* First of all: who has them is the only daemon here. */
static int open_sockets(const struct daemon_config *config, struct sockets *sockets)
{
	int r = session_files_init(config->run_directory);

	if (r)
		return fail("no run directory", config->run_directory, r);
	sockets->status = listen_at(config->status_socket, SOCK_STREAM, "");
	if (sockets->status < 0)
		return fail("cannot listen; is another kbm-proxyd there?", config->status_socket,
			    sockets->status);
	sockets->clients = listen_at(config->socket, SOCK_SEQPACKET, config->socket_group);
	if (sockets->clients < 0)
		return fail("cannot listen; is another kbm-proxyd there?", config->socket,
			    sockets->clients);
	return 0;
}

static int start_sessions(const struct daemon_config *config, const struct isolation *isolation)
{
	int r;

	twins_init(isolation);
	r = sessions_init(config, daemon_channel_twin_ended, NULL);
	if (r)
		return fail("sessions of the daemon before not found", config->run_directory, r);
	r = daemon_channel_start(config);
	return r ? fail("no channel", "channel", r) : 0;
}

static int serve(const struct daemon_config *config)
{
	struct isolation isolation = {
		.namespaces = config->namespaces, .descriptors = config->descriptors,
		.private_bytes = config->private_bytes,
	};
	struct sockets sockets = { -1, -1 };
	int r = loop_init();

	if (r)
		return fail("no event loop; see /proc/sys/kernel/io_uring_disabled", "io_uring", r);
	fd_store_init();
	r = isolation_init(&isolation, config->twin_user);
	if (r)
		return fail("twins cannot be shut in", config->twin_user, r);
	r = open_sockets(config, &sockets);
	if (!r)
		r = watch_signals();
	if (!r)
		r = start_sessions(config, &isolation);
	if (!r)
		r = status_serve(sockets.status, daemon_channel_describe);
	if (!r)
		r = listen_for_clients(sockets.clients);
	if (r)
		return r;
	log_write(LOG_LEVEL_INFO, "ready", "socket=\"%s\" sessions=%u namespaces=%s",
		  config->socket, sessions_count(),
		  !config->namespaces ? "no" : isolation.privileged ? "all" : "user");
	fd_store_notify("READY=1");
	r = loop_run();
	return r ? fail("event loop", "io_uring", r) : 0;
}

static int serve_with_huge_pages(const struct daemon_config *config)
{
	int allowed = config->huge_pages ? huge_pages_allow() : 0, r;

	if (allowed < 0)
		log_write(LOG_LEVEL_INFO, "no huge pages", "error=\"%s\" remedy=\"guests start slower; see huge-pages in proxyd.conf(5)\"",
			  strerror(-allowed));
	r = serve(config);
	if (allowed > 0)
		huge_pages_forbid();
	return r;
}

static int print_status(const struct daemon_config *config, bool json)
{
	int r = status_print(config->status_socket, json);

	if (r)
		fprintf(stderr, "kbm-proxyd: %s: no status: %s; does kbm-proxyd run?\n",
			config->status_socket, strerror(-r));
	return r;
}

static int tell_ended(const struct daemon_config *config)
{
	int r = status_control_bm_ended(config->status_socket);

	if (r)
		fprintf(stderr, "kbm-proxyd: %s: not told: %s; does kbm-proxyd run, with a channel?\n",
			config->status_socket, strerror(-r));
	return r;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct daemon_config config;
	int r = parse_options(&options, argc, argv);

	if (r) {
		fputs("Try kbm-proxyd --help.\n", stderr);
		return EXIT_USAGE;
	}
	if (configure(&config, &options))
		return EXIT_USAGE;
	log_set_level(config.log_level);
	switch (options.action) {
	case ACTION_CHECK:
		return EXIT_SUCCESS;
	case ACTION_CONTROL_BM_ENDED:
		r = tell_ended(&config);
		break;
	case ACTION_STATUS:
		r = print_status(&config, options.json);
		break;
	default:
		r = serve_with_huge_pages(&config);
	}
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
