# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Routines whose verdict and rules are known, through the whole tool: the ones
# planted in the program, and those of tests/routines as PATH:SYMBOL.

add_subdirectory(routines)

add_executable(run_expectations run_expectations.c ../backends/cpu.c
    ../backends/cpu_${storescope_cpu}.c)
storescope_target(run_expectations)
target_link_libraries(run_expectations PRIVATE storescope_planted CJSON::CJSON)

# storescope_expectations(<name> <argument>...), and planted/<name>-whole, every night,
# with sweeps of all sizes.
function(storescope_expectations name)
    add_test(NAME planted/${name}
        COMMAND run_expectations --quick "$<TARGET_FILE:storescope>" ${ARGN}
        WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    add_test(NAME planted/${name}-whole
        COMMAND run_expectations "$<TARGET_FILE:storescope>" ${ARGN}
        WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(planted/${name} PROPERTIES LABELS planted)
    set_tests_properties(planted/${name}-whole PROPERTIES LABELS "planted;nightly")
    set_tests_properties(planted/${name} planted/${name}-whole PROPERTIES
        TIMEOUT ${storescope_planted_seconds}
        ENVIRONMENT "${storescope_test_environment}")
    # Quick ones spend their time with programs that start, one at a time.
    set_property(TEST planted/${name}-whole PROPERTY PROCESSORS 2)
    set_property(TEST planted/${name} PROPERTY COST 50)
endfunction()

if(STORESCOPE_SANITIZE)
    # Whole sweeps take ten times as long here; the small ones go through the
    # same code.
    storescope_expectations(crashes planted "planted/crash_*")
    return()
endif()

storescope_expectations(in-program planted)

# Most of those that need a CPU feature: for the preset small-cpu, which has no time
# for all.
storescope_expectations(vectors planted "planted/vector_*")

# Those of blocks of 64 bytes that are cleared at once: QEMU's largest CPU, which is taken
# unasked, clears others.
if(CMAKE_CROSSCOMPILING)
    storescope_expectations(blocks planted "planted/*zva*")
    set_property(TEST planted/blocks planted/blocks-whole APPEND PROPERTY
        ENVIRONMENT "QEMU_CPU=cortex-a72")
endif()

# Their own builds, by gcc and clang at every level, are the same whatever
# compiler builds the tool; once is enough.
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    set(storescope_routines_so "$<TARGET_FILE:storescope_test_routines>")
    set(storescope_routines_a "$<TARGET_FILE:storescope_test_archive>")
    set(storescope_tables "${CMAKE_CURRENT_SOURCE_DIR}/routines")
    storescope_expectations(shared-object
        "${storescope_tables}/expect.tsv" "${storescope_routines_so}")
    storescope_expectations(shared-object-libc
        "${storescope_tables}/expect-libc.tsv" "${storescope_routines_so}")
    storescope_expectations(archive
        "${storescope_tables}/expect.tsv" "${storescope_routines_a}")
    # The same routines as in the shared object.
    set_tests_properties(planted/archive PROPERTIES LABELS "planted;nightly")
    storescope_expectations(archive-without-libc
        "${storescope_tables}/expect-archive.tsv" "${storescope_routines_a}")
endif()
