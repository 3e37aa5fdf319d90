# nnc: the compiler, the runtime archive, the tests.
#
#   make            build/nnc and build/libnnrt.a
#   make check      installs what the tests need, then runs every one of them
#   make demo       trains models/lenet.nn on Fashion-MNIST and prints the accuracy
#   make train-all  trains all models on their whole data sets, DATA=../data: hours; docs/models.md says where data lie
#   make renew      writes the golden files anew; `git diff` is the review
#   make bench      nnc beside PyTorch, JAX and other peers that are installed: a table and a picture
#   make fuzz       mutates models, data files and checkpoints for two minutes, in builds with sanitizers
#   make install    into $(DESTDIR)$(PREFIX)
#
# Everything made lies under $(BUILD). A second build beside the first: make BUILD=build/sanitize SANITIZE=address,undefined

MAKEFLAGS += --no-builtin-rules
BUILD    = build
PREFIX   = /usr/local
CC       = gcc
WARNINGS = -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow -Werror
CFLAGS   = -O2 -g
SANITIZE =

# What this needs to be: the user's CFLAGS come after it.
FLAGS = -std=gnu11 $(WARNINGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer) $(CFLAGS)

compiler_sources  := $(sort $(wildcard compiler/*.c compiler/*/*.c))
compiler_grammars := $(sort $(wildcard compiler/*/*.y))
compiler_scanners := $(sort $(wildcard compiler/*/*.l))
runtime_sources   := $(sort $(wildcard runtime/*.c))
library_sources   := $(sort $(wildcard compiler/library/*.nn))
unit_sources      := $(sort $(wildcard tests/unit/test_*.c))

grammar_files    := $(compiler_grammars:%.y=$(BUILD)/%.c)
scanner_files    := $(compiler_scanners:%.l=$(BUILD)/%.c)
library_file     := $(BUILD)/compiler/library.c
compiler_objects := $(compiler_sources:%.c=$(BUILD)/%.o) $(grammar_files:.c=.o) $(scanner_files:.c=.o) $(library_file:.c=.o)
runtime_objects  := $(runtime_sources:%.c=$(BUILD)/%.o)
unit_tests       := $(unit_sources:%.c=$(BUILD)/%)

all: $(BUILD)/nnc $(BUILD)/libnnrt.a

$(BUILD)/nnc: $(compiler_objects)
	$(CC) $(FLAGS) $(LDFLAGS) $^ -lm -o $@

$(BUILD)/libnnrt.a: $(runtime_objects)
	rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -I$(<D) -I$(BUILD)/$(<D) -MMD -MP -c $< -o $@

# Text that flex and bison make: their own arithmetic is not written for -Wconversion.
$(BUILD)/%.o: $(BUILD)/%.c
	$(CC) $(FLAGS) -Wno-conversion -Wno-unused-function -Wno-unused-but-set-variable -I$(patsubst $(BUILD)/%,%,$(<D)) -I$(<D) -MMD -MP -c $< -o $@

$(BUILD)/%.c $(BUILD)/%.h: %.y
	@mkdir -p $(@D)
	bison -Wall -Werror --header=$(BUILD)/$*.h -o $(BUILD)/$*.c $<

$(BUILD)/%.c: %.l
	@mkdir -p $(@D)
	flex -o $@ $<

$(library_file): compiler/library/embed.awk $(library_sources)
	@mkdir -p $(@D)
	awk -f $^ > $@.new
	mv $@.new $@

# Whatever includes the grammar's header must wait for it the first time; afterwards the .d files know.
$(compiler_objects): | $(grammar_files:.c=.h)

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(filter-out $(BUILD)/compiler/nnc.o,$(compiler_objects)) $(BUILD)/libnnrt.a
	$(CC) $(FLAGS) $(LDFLAGS) $^ $$(pkg-config --libs check) -lpng -ljpeg -lz -lm -lpthread -o $@

unit: $(unit_tests)

check:
	tests/install.sh check
	$(MAKE) all unit
	tests/run.sh

demo:
	tests/install.sh demo
	$(MAKE) all
	tests/demo.sh

# Results, logs and curves in $(OUT). RUNS names some of the trainings, as in: make train-all DATA=~/data RUNS="unet gpt"
train-all: all
	tests/train_all.sh

renew: all
	tests/goldens.sh renew
	tests/errors/run.sh --renew
	tests/docs.sh renew

# nnc beside its peers, as a table and a picture in $(BUILD)/bench; takes an hour or two, and says what is left out. docs/speed.md
# tells of the options, as in: make bench PYTHON=~/peers/bin/python BENCH="--rounds 3 --out docs"
PYTHON = python3
BENCH  = --out $(BUILD)/bench
bench: all
	$(PYTHON) tests/bench/bench.py $(BUILD)/nnc $(BENCH)

fuzz: $(BUILD)/fuzz_language $(BUILD)/fuzz_data $(BUILD)/fuzz_checkpoint $(BUILD)/fuzz_text $(BUILD)/fuzz_log
	$(MAKE) BUILD=build/sanitize SANITIZE=address,undefined all
	cd $(BUILD) && mkdir -p corpus && ./fuzz_language -max_total_time=20 corpus ../compiler/library && ./fuzz_data -max_total_time=20 && ./fuzz_checkpoint -max_total_time=20 && ./fuzz_text -max_total_time=20 && ./fuzz_log -max_total_time=20
	tests/fuzz.sh

# The front end under libFuzzer: build/fuzz_language -max_total_time=60 models compiler/library
fuzz_language_sources := tests/fuzz/fuzz_language.c compiler/memory.c $(sort $(wildcard compiler/language/*.c)) \
    $(grammar_files) $(scanner_files) $(library_file)

# The runtime's readers of files, the same way.
$(BUILD)/fuzz_data $(BUILD)/fuzz_checkpoint $(BUILD)/fuzz_text $(BUILD)/fuzz_log: $(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $(runtime_sources)
	@mkdir -p $(@D)
	clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $< $(filter-out runtime/main.c,$(runtime_sources)) -lpng -ljpeg -lz -lm -o $@

$(BUILD)/fuzz_language: $(fuzz_language_sources)
	clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	    -Icompiler -Icompiler/language -I$(BUILD)/compiler/language $^ -o $@

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include
	install $(BUILD)/nnc $(DESTDIR)$(PREFIX)/bin/nnc
	install -m 644 $(BUILD)/libnnrt.a $(DESTDIR)$(PREFIX)/lib/libnnrt.a
	install -m 644 runtime/nn.h runtime/nn_math.h runtime/nn_profile.h runtime/nn_random.h runtime/nn_search.h runtime/nn_team.h runtime/nn_trap.h runtime/nn_vector.h $(DESTDIR)$(PREFIX)/include

clean:
	rm -rf build

export DATA OUT RUNS
.PHONY: all unit check demo train-all renew bench fuzz install clean
.SECONDARY:
.DELETE_ON_ERROR:

-include $(compiler_objects:.o=.d) $(runtime_objects:.o=.d) $(unit_tests:=.d)
