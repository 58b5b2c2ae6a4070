# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Routines whose verdict and rules are known, through the whole tool: the ones
# planted in the program, and those of tests/routines as PATH:SYMBOL.

add_subdirectory(routines)

add_executable(run_expectations run_expectations.c $<TARGET_OBJECTS:storescope_planted>)
storescope_target(run_expectations)
target_link_libraries(run_expectations PRIVATE CJSON::CJSON)

# storescope_expectations(<name> <argument>...)
function(storescope_expectations name)
    add_test(NAME planted/${name}
        COMMAND run_expectations "$<TARGET_FILE:storescope>" ${ARGN}
        WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(planted/${name} PROPERTIES
        LABELS planted
        TIMEOUT 1800
        PROCESSORS 2
        ENVIRONMENT "${storescope_test_environment}")
endfunction()

storescope_expectations(in-program planted)
storescope_expectations(shared-object
    "${CMAKE_CURRENT_SOURCE_DIR}/routines/expect.tsv" "$<TARGET_FILE:storescope_test_routines>")
storescope_expectations(archive
    "${CMAKE_CURRENT_SOURCE_DIR}/routines/expect.tsv" "$<TARGET_FILE:storescope_test_archive>")
