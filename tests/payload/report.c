/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "image.h"
#include "stats.h"

/* One way to print both forms: text has no quotes, brackets and commas. */
struct printer {
	bool json;
	bool first;
};

static void print_key(struct printer *printer, const char *key)
{
	if (printer->json)
		printf("%s\"%s\": ", printer->first ? "" : ", ", key);
	else
		printf("%s%s=", printer->first ? "" : " ", key);
	printer->first = false;
}

static void print_number(struct printer *printer, const char *key, uint64_t value)
{
	print_key(printer, key);
	printf("%" PRIu64, value);
}

static void print_text(struct printer *printer, const char *key, const char *value)
{
	print_key(printer, key);
	printf(printer->json ? "\"%s\"" : "%s", value);
}

static void print_open(struct printer *printer, const char *key)
{
	if (printer->json) {
		print_key(printer, key);
		putchar('{');
	} else {
		printf("\n  %s: ", key);
	}
	printer->first = true;
}

static void print_close(struct printer *printer)
{
	if (printer->json)
		putchar('}');
	printer->first = false;
}

static void print_vectors(struct printer *printer, const struct extent *extent, unsigned int index)
{
	char name[8];

	print_open(printer, "vectors");
	for (unsigned int vector = 0; vector < 256; vector++) {
		uint64_t count = image_vector(extent, index, vector);

		snprintf(name, sizeof(name), "%u", vector);
		if (count)
			print_number(printer, name, count);
	}
	print_close(printer);
}

static void print_fault(struct printer *printer, const struct extent *extent, unsigned int index)
{
	uint64_t fault = image_result(extent, index, PAYLOAD_RESULT_FAULT);

	if (!fault)
		return;
	print_number(printer, "exception", fault - 1);
	print_number(printer, "error_code", image_result(extent, index, PAYLOAD_RESULT_ERROR));
	print_number(printer, "rip_offset",
		     image_result(extent, index, PAYLOAD_RESULT_RIP) - extent->start);
	print_number(printer, "cr2", image_result(extent, index, PAYLOAD_RESULT_CR2));
}

static int print_stats(struct printer *printer, int fd)
{
	struct stats stats;
	int r = stats_read(fd, &stats);

	if (r)
		return r;
	print_open(printer, "stats");
	for (unsigned int i = 0; i < stats.count; i++) {
		const struct stat *stat = &stats.stats[i];

		bool counts_exits = !strncmp(stat->name, "runtime_exits", 13);

		if (stat->value || (printer->json && counts_exits))
			print_number(printer, stat->name, stat->value);
	}
	print_close(printer);
	stats_free(&stats);
	return 0;
}

static int print_vcpu(struct printer *printer, const struct machine *machine, unsigned int index)
{
	const struct vcpu *vcpu = &machine->vcpus[index];
	const struct extent *extent = &machine->extent;
	int r;

	print_number(printer, "cpu", vcpu->cpu);
	print_number(printer, "apic_id", vcpu->apic_id);
	print_number(printer, "node", vcpu->node);
	print_text(printer, "end", vcpu_end_name(atomic_load(&vcpu->end)));
	print_number(printer, "detail", vcpu->detail);
	print_number(printer, "exit_reason", vcpu->exit_reason);
	print_number(printer, "user_exits", vcpu->user_exits);
	print_number(printer, "state", image_result(extent, index, PAYLOAD_RESULT_STATE));
	print_number(printer, "done", image_result(extent, index, PAYLOAD_RESULT_DONE));
	print_number(printer, "value", image_result(extent, index, PAYLOAD_RESULT_VALUE));
	print_number(printer, "cycles", image_result(extent, index, PAYLOAD_RESULT_CYCLES));
	print_fault(printer, extent, index);
	print_vectors(printer, extent, index);
	r = print_stats(printer, vcpu->fd);
	return r;
}

static void print_kicks(struct printer *printer, const struct kicks *kicks)
{
	print_open(printer, "kicks");
	print_number(printer, "wanted", kicks->wanted);
	print_number(printer, "arrived", kicks->arrived);
	print_number(printer, "late", kicks->late);
	print_number(printer, "limit_ns", KICK_LIMIT_NS);
	print_number(printer, "min_ns", kicks->min_ns);
	print_number(printer, "median_ns", kicks->median_ns);
	print_number(printer, "p99_ns", kicks->p99_ns);
	print_number(printer, "max_ns", kicks->max_ns);
	print_close(printer);
}

static void print_memory(struct printer *printer, const struct extent *extent)
{
	print_open(printer, "memory");
	print_number(printer, "start", extent->start);
	print_number(printer, "bytes", extent->bytes);
	print_number(printer, "node", extent->node);
	print_close(printer);
}

static int print_vcpus(struct printer *printer, const struct machine *machine)
{
	int r = 0;

	if (printer->json)
		fputs(", \"vcpus\": [", stdout);
	for (unsigned int i = 0; !r && i < machine->nr_vcpus; i++) {
		fputs(!printer->json ? "\n vcpu: " : i ? ", {" : "{", stdout);
		printer->first = true;
		r = print_vcpu(printer, machine, i);
		if (printer->json)
			putchar('}');
	}
	if (printer->json)
		putchar(']');
	return r;
}

int report_print(const struct report *report)
{
	struct printer printer = { .json = report->options->json, .first = true };
	int r;

	if (printer.json)
		putchar('{');
	print_text(&printer, "payload", report->machine->payload.name);
	print_text(&printer, "mode", options_mode_name(report->options->mode));
	print_text(&printer, "end", vcpu_end_name(report->end));
	print_text(&printer, "verdict", report->passed ? "passed" : "failed");
	print_number(&printer, "runs", report->runs);
	print_number(&printer, "milliseconds", (uint64_t)(report->seconds * 1000));
	print_memory(&printer, &report->machine->extent);
	if (report->kicks)
		print_kicks(&printer, report->kicks);
	r = print_vcpus(&printer, report->machine);
	fputs(printer.json ? "}\n" : "\n", stdout);
	return r;
}
