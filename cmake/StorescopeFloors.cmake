# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# While the folders move: every floor and every old folder is on the include path.
foreach(folder base storecopy backends oracle/case oracle/trace oracle/record oracle/judge oracle/sweep
        watch findings reports fuzz cli)
    get_filename_component(floor "${folder}" NAME)
    set(room "${PROJECT_BINARY_DIR}/floors/${floor}")
    file(MAKE_DIRECTORY "${room}")
    if(NOT EXISTS "${room}/${floor}")
        file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${folder}" "${room}/${floor}" SYMBOLIC)
    endif()
    include_directories("${room}")
endforeach()
foreach(folder oracle oracle/record/qemu oracle/record/rewrite reports reports/html backends storecopy storecopy watch cli fuzz)
    include_directories("${PROJECT_SOURCE_DIR}/${folder}")
endforeach()
