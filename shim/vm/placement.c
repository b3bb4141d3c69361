// SPDX-License-Identifier: GPL-2.0-or-later
#include "placement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "config/config.h"
#include "config/problem.h"
#include "core_facts.h"

#define ONLINE		"/sys/devices/system/cpu/online"
#define NODE_CPUS	"/sys/devices/system/node/node%d/cpulist"
/* Only the kernel that lends has it: there, CPU numbers are those of ONLINE. */
#define LENT		"/sys/class/misc/kata-bm/lent_cpus"
#define CPUINFO		"/proc/cpuinfo"

/* Words of QEMU and of the host's kernel. */
#define REFUSED		"cannot lend CPU "
#define SHARED		" shares its core with CPU "
#define KNOWN_ONLINE	"online are "
#define KNOWN_PRESENT	"present are "

static int read_list(const char *path, struct cpu_list *ret)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read(fd, text, sizeof(text) - 1);
	if (length < 0)
		return -errno;
	text[length] = 0;
	return cpu_list_parse(text, "\n", ret);
}

static void keep_only(struct cpu_list *list, const struct cpu_list *those)
{
	for (size_t i = 0; i < sizeof(list->bits); i++)
		list->bits[i] &= those->bits[i];
}

/* The CPUs of this kernel itself, by the IDs that they have on the host, too. */
static void drop_own(struct cpu_list *list)
{
	FILE *file = fopen(CPUINFO, "re");
	char line[4096];
	unsigned int id;

	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "apicid : %u", &id) == 1 && id < CPU_LIST_MAX)
			cpu_list_drop(list, id);
	fclose(file);
}

/* Where nobody says which CPUs guests may have: any but the first. */
static void guess_allowed(struct placement *placement)
{
	if (!access(LENT, F_OK) && !read_list(ONLINE, &placement->allowed)) {
		cpu_list_drop(&placement->allowed, 0);
		return;
	}
	/* A control BM does not see the host's; the host will tell at the first refusal. */
	memset(&placement->allowed, 0xff, sizeof(placement->allowed));
	cpu_list_drop(&placement->allowed, 0);
	drop_own(&placement->allowed);
}

static int keep_node(struct placement *placement, int node, struct problem *problem)
{
	struct cpu_list cpus;
	char path[64];

	/* In a control BM nodes are not the host's, and node= is about memory alone. */
	if (node < 0 || access(LENT, F_OK))
		return 0;
	snprintf(path, sizeof(path), NODE_CPUS, node);
	if (read_list(path, &cpus) < 0)
		return problem_set(problem, -EINVAL,
				   "node = %d in configuration.toml: there is no such NUMA node",
				   node);
	keep_only(&placement->allowed, &cpus);
	return 0;
}

/* Its folder, too: this may be the first shim since the machine was started. */
static int open_file(const char *path, struct problem *problem)
{
	cleanup_free char *folder = strdup(path);
	int fd;

	if (!folder)
		return -ENOMEM;
	*strrchr(folder, '/') = 0;
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return problem_set(problem, -errno, "%s: cannot make it: %s", folder,
				   strerror(errno));
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return problem_set(problem, -errno, "%s: cannot open it: %s", path,
				   strerror(errno));
	return fd;
}

int placement_open(struct placement *placement, const struct config *config, const char *file,
		   struct problem *problem)
{
	int r;

	*placement = (struct placement){ .fd = -1, .is_configured = *config->cpus };
	if (*config->cpus)
		r = cpu_list_parse(config->cpus, "", &placement->allowed);
	else
		r = (guess_allowed(placement), 0);
	if (r == 0)
		r = keep_node(placement, config->node, problem);
	/* Elsewhere numbers are not those of this kernel. */
	if (r == 0 && !access(LENT, F_OK))
		r = cores_read(&placement->cores, CORES_FOLDER);
	if (r == 0)
		r = open_file(file, problem);
	if (r < 0) {
		cores_done(&placement->cores);
		return r;
	}
	placement->fd = r;
	core_facts_read(placement->fd, &placement->cores);
	return 0;
}

/* Return: the CPU is ours now. */
static bool claim_cpu(struct placement *placement, unsigned int cpu)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = cpu, .l_len = 1 };

	if (!cpu_list_has(&placement->allowed, cpu) ||
	    fcntl(placement->fd, F_OFD_SETLK, &lock) < 0)
		return false;
	cpu_list_add(&placement->cpus, cpu);
	return true;
}

static void give_cpu_back(struct placement *placement, unsigned int cpu)
{
	struct flock lock = { .l_type = F_UNLCK, .l_start = cpu, .l_len = 1 };

	fcntl(placement->fd, F_OFD_SETLK, &lock);
	cpu_list_drop(&placement->cpus, cpu);
}

static bool is_first_of_core(const struct cores *cores, unsigned int cpu)
{
	unsigned int at = cores_next(cores, cpu);

	while (at > cpu)
		at = cores_next(cores, at);
	return at == cpu;
}

/* All CPUs of a core, or none; how many that are. */
static unsigned int claim_core(struct placement *placement, unsigned int first)
{
	unsigned int cpu = first, nr = 0;

	do {
		if (!claim_cpu(placement, cpu))
			break;
		nr++;
		cpu = cores_next(&placement->cores, cpu);
	} while (cpu != first);
	if (nr && cpu == first)
		return nr;
	for (cpu = first; nr; nr--, cpu = cores_next(&placement->cores, cpu))
		give_cpu_back(placement, cpu);
	return 0;
}

static void give_back(struct placement *placement)
{
	struct flock all = { .l_type = F_UNLCK };

	fcntl(placement->fd, F_OFD_SETLK, &all);
	placement->cpus = (struct cpu_list){ 0 };
}

static int say_busy(const struct placement *placement, unsigned int asked,
		    const struct cpu_list *got, struct problem *problem)
{
	char allowed[CPU_LIST_TEXT_SIZE], free_cpus[CPU_LIST_TEXT_SIZE];

	cpu_list_print(&placement->allowed, ',', allowed, sizeof(allowed));
	cpu_list_print(got, ',', free_cpus, sizeof(free_cpus));
	return problem_set(
		problem, -EBUSY,
		"%u CPUs asked for, free are %u (%s) of those that guests may have (%s)%s: "
		"end another sandbox, lower the CPU limit or default_vcpus, or allow more "
		"by cpus in " CONFIG_PATH,
		asked, cpu_list_count(got), free_cpus, allowed,
		placement->cores.next ? ", in whole cores" : "");
}

int placement_choose(struct placement *placement, unsigned int nr, struct problem *problem)
{
	struct cpu_list got;
	unsigned int found = 0;

	for (unsigned int cpu = 0; cpu < CPU_LIST_MAX && found < nr; cpu++)
		if (is_first_of_core(&placement->cores, cpu))
			found += claim_core(placement, cpu);
	if (found >= nr)
		return 0;
	got = placement->cpus;
	give_back(placement);
	return say_busy(placement, nr, &got, problem);
}

/* What the host says that it has. */
static void learn(struct placement *placement, const char *message, const char *words)
{
	const char *at = strstr(message, words);
	struct cpu_list known;

	if (at && !cpu_list_parse(at + strlen(words), " .;\r\n", &known))
		keep_only(&placement->allowed, &known);
}

/* A vCPU on one of ours, whose core has another CPU. */
static bool learn_core(struct placement *placement, const char *message)
{
	const char *at = strstr(message, SHARED);
	const char *words = at;
	unsigned int cpu, other;

	while (words && words > message && words[-1] != ' ')
		words--;
	if (!words || sscanf(words, "%u" SHARED "%u", &cpu, &other) != 2 ||
	    !cpu_list_has(&placement->cpus, cpu) || !cores_learn(&placement->cores, cpu, other))
		return false;
	core_facts_add(placement->fd, cpu, other);
	return true;
}

bool placement_refused(struct placement *placement, const char *message)
{
	const char *at = strstr(message, REFUSED);
	unsigned int cpu;

	if (learn_core(placement, message)) {
		give_back(placement);
		return true;
	}
	if (!at || sscanf(at + strlen(REFUSED), "%u", &cpu) != 1 ||
	    !cpu_list_has(&placement->cpus, cpu))
		return false;
	give_back(placement);
	cpu_list_drop(&placement->allowed, cpu);
	learn(placement, message, KNOWN_ONLINE);
	learn(placement, message, KNOWN_PRESENT);
	cpu_list_drop(&placement->allowed, 0);
	return true;
}

void placement_done(struct placement *placement)
{
	close_fd(placement->fd);
	cores_done(&placement->cores);
	*placement = (struct placement){ .fd = -1 };
}
