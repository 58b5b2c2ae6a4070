# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# storescope_add_test(NAME <name> ROUTINE <target or file>:<symbol>
#                     CONTRACT <name or file>... [OP <op>] [DEVICE <side>]
#                     [SIZE <range>] [DST <range>] [SRC <range>]
#                     [OVERLAP <range>] [ARGUMENTS <argument>...])
#
# Adds a test that judges a copy routine with `storescope check`: it passes when
# the routine keeps every contract in every case, and fails when not, when the
# routine is not there, and when it could not be judged. The target is a shared
# library, a module or a static library; instead of one, a path may be given. A
# contract that is a file is named relative to the current source folder. The
# ranges and OP are those of the program, ARGUMENTS any others.
function(storescope_add_test)
    set(ranges OP DEVICE SIZE DST SRC OVERLAP)
    cmake_parse_arguments(arg "" "NAME;ROUTINE;${ranges}" "CONTRACT;ARGUMENTS" ${ARGN})
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "storescope_add_test: what is '${arg_UNPARSED_ARGUMENTS}'?")
    endif()
    foreach(needed NAME ROUTINE CONTRACT)
        if("${arg_${needed}}" STREQUAL "")
            message(FATAL_ERROR "storescope_add_test(NAME ${arg_NAME}): ${needed} is missing")
        endif()
    endforeach()
    if(NOT arg_ROUTINE MATCHES "^(.+):([^:]+)$")
        message(FATAL_ERROR "storescope_add_test(NAME ${arg_NAME}): ROUTINE '${arg_ROUTINE}' is not "
            "<target or file>:<symbol>")
    endif()
    set(file "${CMAKE_MATCH_1}")
    set(symbol "${CMAKE_MATCH_2}")
    if(TARGET "${file}")
        get_target_property(type "${file}" TYPE)
        if(NOT type MATCHES "^(SHARED|MODULE|STATIC)_LIBRARY$")
            message(FATAL_ERROR "storescope_add_test(NAME ${arg_NAME}): target ${file} is a ${type}; "
                "build the routine into a library, which storescope can load")
        endif()
        set(file "$<TARGET_FILE:${file}>")
    else()
        cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
    endif()

    set(arguments "")
    foreach(contract IN LISTS arg_CONTRACT)
        if(contract MATCHES "/|\\.contract$")
            cmake_path(ABSOLUTE_PATH contract BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
        endif()
        list(APPEND arguments --contract "${contract}")
    endforeach()
    foreach(range IN LISTS ranges)
        if(DEFINED arg_${range})
            string(TOLOWER "--${range}" option)
            list(APPEND arguments ${option} "${arg_${range}}")
        endif()
    endforeach()
    add_test(NAME "${arg_NAME}"
        COMMAND storescope::storescope check --quiet ${arguments} ${arg_ARGUMENTS} "${file}:${symbol}")
endfunction()
