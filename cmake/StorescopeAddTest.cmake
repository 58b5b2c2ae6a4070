# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# storescope_add_test(NAME <name> ROUTINE <target or file>[:<symbol>]
#                     CONTRACT <name or file>... [CALL <signature>] [OP <op>] [DEVICE <side>]
#                     [SIZE <range>] [DST <range>] [SRC <range>]
#                     [OVERLAP <range>] [ARGUMENTS <argument>...])
#
# Adds a test that judges a copy routine with `storescope check`: it passes when
# the routine keeps every contract in every case, and fails when not, when the
# routine is not there, and when it could not be judged. The target is a shared
# library, a module or a static library; instead of one, a path may be given. A
# contract that is a file is named relative to the current source folder. The
# ranges, CALL and OP are those of the program, ARGUMENTS any others. Without SIZE it is
# 0..64, which takes seconds even of a loop that was built with -O0; SIZE all is the whole
# default sweep of the program. With a CALL that
# names the routine, as 'void hw::Bar::write(this=&{dst}, 0, src, n/4)' does, the symbol
# may be left out.
function(storescope_add_test)
    set(ranges OP DEVICE SIZE DST SRC OVERLAP)
    cmake_parse_arguments(arg "" "NAME;ROUTINE;CALL;${ranges}" "CONTRACT;ARGUMENTS" ${ARGN})
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "storescope_add_test: what is '${arg_UNPARSED_ARGUMENTS}'?")
    endif()
    foreach(needed NAME ROUTINE CONTRACT)
        if("${arg_${needed}}" STREQUAL "")
            message(FATAL_ERROR "storescope_add_test(NAME ${arg_NAME}): ${needed} is missing")
        endif()
    endforeach()
    if(arg_ROUTINE MATCHES "^([^:]+)$" AND DEFINED arg_CALL)
        set(symbol "")
    elseif(arg_ROUTINE MATCHES "^(.+):([^:]+)$")
        set(symbol ":${CMAKE_MATCH_2}")
    else()
        message(FATAL_ERROR "storescope_add_test(NAME ${arg_NAME}): ROUTINE '${arg_ROUTINE}' is not "
            "<target or file>:<symbol>")
    endif()
    set(file "${CMAKE_MATCH_1}")
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

    if(NOT DEFINED arg_SIZE)
        set(arg_SIZE 0..64)
    elseif(arg_SIZE STREQUAL "all")
        unset(arg_SIZE)
    endif()

    set(arguments "")
    if(DEFINED arg_CALL)
        list(APPEND arguments --call "${arg_CALL}")
    endif()
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
        COMMAND storescope::storescope check --quiet ${arguments} ${arg_ARGUMENTS} "${file}${symbol}")
endfunction()
