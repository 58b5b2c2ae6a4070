# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# The floors of the house, lowest first. A floor may include headers of its own and of
# those before it in this list, written from its folder: "judge/rules.h". Nothing
# else is on its include path, so an include that goes upward does not compile.
#
#   storescope_floor(<floor> <file>...)          compiles the floor: target storescope_<floor>
#   storescope_floor_includes(<variable> <floor>)   the include path of that floor
set(storescope_floors
    base backends oracle/case oracle/trace oracle/record oracle/judge oracle/board oracle/story
    oracle/sweep oracle/prove watch probe findings reports fuzz cli)

# Each floor is found through a folder of its own that holds nothing but a link to it.
set(path "")
foreach(folder IN LISTS storescope_floors)
    get_filename_component(floor "${folder}" NAME)
    set(room "${PROJECT_BINARY_DIR}/floors/${floor}")
    file(MAKE_DIRECTORY "${room}")
    file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${folder}" "${room}/${floor}" SYMBOLIC)
    list(APPEND path "${room}")
    set(storescope_path_of_${floor} ${path})
endforeach()

function(storescope_floor_includes variable floor)
    set(${variable} ${storescope_path_of_${floor}} PARENT_SCOPE)
endfunction()

function(storescope_floor floor)
    add_library(storescope_${floor} OBJECT ${ARGN})
    storescope_target(storescope_${floor})
    target_include_directories(storescope_${floor} PRIVATE ${storescope_path_of_${floor}})
endfunction()

# storescope_archive(<name> <floor>)
#
# Finishes the static library storescope_<name>_archive, which others know as
# storescope::<name>: who links it may include the floors up to <floor>.
function(storescope_archive name floor)
    set(target storescope_${name}_archive)
    add_library(storescope::${name} ALIAS ${target})
    set_target_properties(${target} PROPERTIES
        OUTPUT_NAME storescope_${name} EXPORT_NAME ${name} LINKER_LANGUAGE C)
    storescope_target(${target})
    target_include_directories(${target} INTERFACE "$<BUILD_INTERFACE:${storescope_path_of_${floor}}>")
endfunction()
