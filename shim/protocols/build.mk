# SPDX-License-Identifier: GPL-2.0-or-later
#
# .proto files to C with protoc-c: #include "task.pb-c.h" and the like is
# "containerd/task.pb-c.h" for containerd's, "agent.pb-c.h" for our own, and
# "google/protobuf/any.pb-c.h" for protobuf's. All objects are in one archive.

PROTOCOLS_OUT := build/obj/shim/protocols
PROTOCOLS_CONTAINERD := mount metric platform status task task_events events runc_options cgroups_v1
PROTOCOLS_GOOGLE := any empty timestamp
PROTOCOLS_OWN := $(basename $(notdir $(wildcard shim/protocols/*.proto)))
PROTOCOLS_NAMES := $(PROTOCOLS_CONTAINERD:%=containerd/%) $(PROTOCOLS_GOOGLE:%=google/protobuf/%) \
	$(PROTOCOLS_OWN)
PROTOCOLS_HEADERS := $(PROTOCOLS_NAMES:%=$(PROTOCOLS_OUT)/%.pb-c.h)
PROTOCOLS_OBJECTS := $(PROTOCOLS_NAMES:%=$(PROTOCOLS_OUT)/%.pb-c.o) $(PROTOCOLS_OUT)/any.o
PROTOCOLS_LIB := build/obj/shim/libprotocols.a

$(PROTOCOLS_OUT)/.imported: shim/protocols/import-containerd
	@mkdir -p $(@D)
	shim/protocols/import-containerd $(PROTOCOLS_OUT)
	@touch $@

$(PROTOCOLS_CONTAINERD:%=$(PROTOCOLS_OUT)/containerd/%.pb-c.c): $(PROTOCOLS_OUT)/.imported
	@protoc-c -I$(PROTOCOLS_OUT) --c_out=$(PROTOCOLS_OUT) $(@:.pb-c.c=.proto)

$(PROTOCOLS_GOOGLE:%=$(PROTOCOLS_OUT)/google/protobuf/%.pb-c.c):
	@mkdir -p $(PROTOCOLS_OUT)
	@protoc-c --c_out=$(PROTOCOLS_OUT) /usr/include/$(@:$(PROTOCOLS_OUT)/%.pb-c.c=%.proto) \
		-I/usr/include

$(PROTOCOLS_OWN:%=$(PROTOCOLS_OUT)/%.pb-c.c): $(PROTOCOLS_OUT)/%.pb-c.c: shim/protocols/%.proto \
		$(PROTOCOLS_OUT)/.imported
	@protoc-c -Ishim/protocols -I$(PROTOCOLS_OUT) -I/usr/include --c_out=$(PROTOCOLS_OUT) $<

# protoc-c writes both.
%.pb-c.h: %.pb-c.c ;

# Generated code is not ours to make warning-free.
$(PROTOCOLS_NAMES:%=$(PROTOCOLS_OUT)/%.pb-c.o): %.o: %.c | $(PROTOCOLS_HEADERS)
	$(CC) $(filter-out -Wall -Wextra -Wshadow -Wmissing-prototypes,$(SHIM_CFLAGS)) -c -o $@ $<

$(PROTOCOLS_LIB): $(PROTOCOLS_OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^
