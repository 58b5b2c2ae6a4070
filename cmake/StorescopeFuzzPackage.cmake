# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# storescope_fuzz_package(<name> MAX_LEN <bytes> [DICTIONARY <file>]
#                         [INPUTS <file or folder>...])
#
# What a fuzzing service takes of the target fuzz_<name>, as the install
# component `fuzz`: the program, fuzz_<name>.options, fuzz_<name>_seed_corpus.zip
# of INPUTS, and DICTIONARY as fuzz_<name>.dict. The program looks for shared
# libraries in the folder lib beside itself, and nowhere else but where the system
# does.
function(storescope_fuzz_package name)
    cmake_parse_arguments(arg "" "MAX_LEN;DICTIONARY" "INPUTS" ${ARGN})
    set(target fuzz_${name})
    set(package "${CMAKE_CURRENT_BINARY_DIR}/package/${target}")
    set(options "[libfuzzer]\nmax_len = ${arg_MAX_LEN}\n")
    if(arg_DICTIONARY)
        string(APPEND options "dict = ${target}.dict\n")
        install(FILES "${arg_DICTIONARY}" DESTINATION . RENAME "${target}.dict" COMPONENT fuzz
            EXCLUDE_FROM_ALL)
    endif()
    file(CONFIGURE OUTPUT "${package}.options" CONTENT "${options}" @ONLY)

    set(script "${PROJECT_SOURCE_DIR}/cmake/pack_seeds.cmake")
    add_custom_command(TARGET ${target} POST_BUILD
        COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${package}_seed_corpus.zip" "-DINPUTS=${arg_INPUTS}"
            -P "${script}"
        COMMENT "Packing the seeds of ${target}"
        VERBATIM)

    if(NOT TARGET storescope_fuzz_package)
        add_custom_target(storescope_fuzz_package)
    endif()
    add_dependencies(storescope_fuzz_package ${target})
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN/lib")
    # Of old, a library's libraries are looked for there as well.
    target_link_options(${target} PRIVATE LINKER:--disable-new-dtags)
    install(TARGETS ${target} RUNTIME DESTINATION . COMPONENT fuzz EXCLUDE_FROM_ALL)
    install(FILES "${package}.options" "${package}_seed_corpus.zip"
        DESTINATION . COMPONENT fuzz EXCLUDE_FROM_ALL)
endfunction()
