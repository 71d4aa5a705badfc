# What is made. A program exists because src/lcboot/deps-exe has a file of its
# name, a library because a deps-lib directory has, a page because doc/ has it, a
# script because src/scripts has it: those of the image in src/scripts/image.

BIN_TARGETS := $(sort $(notdir $(wildcard src/lcboot/deps-exe/*)))
MULTICALL_TARGET := $(notdir $(wildcard src/multicall/deps-exe/*))
SCRIPT_TARGETS := $(sort $(filter-out image,$(notdir $(wildcard src/scripts/*))))
IMAGE_TARGETS := $(sort $(notdir $(wildcard src/scripts/image/*)))
LIB_TARGETS := $(patsubst %,lib%.a,$(sort $(notdir $(wildcard src/*/deps-lib/*))))
MAN_TARGETS := $(sort $(notdir $(wildcard doc/*.5 doc/*.7 doc/*.8)))
HELPER_TARGETS := $(patsubst tests/helper/%.c,%,$(sort $(wildcard tests/helper/*.c)))
