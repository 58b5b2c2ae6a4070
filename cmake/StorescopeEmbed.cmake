# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# storescope_embed_contracts(<target> <file>...)
#
# Compiles the text of the contract files into the target, as the table that
# oracle/contract_texts.h declares. Changing a file makes it again.
function(storescope_embed_contracts target)
    set(output "${CMAKE_CURRENT_BINARY_DIR}/contract_texts.c")
    set(script "${PROJECT_SOURCE_DIR}/cmake/embed_contracts.cmake")
    list(TRANSFORM ARGN PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/" OUTPUT_VARIABLE paths)
    add_custom_command(OUTPUT "${output}"
        COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${output}" "-DFILES=${paths}" -P "${script}"
        DEPENDS ${paths} "${script}"
        COMMENT "Embedding the built-in contracts"
        VERBATIM)
    target_sources(${target} PRIVATE "${output}")
endfunction()
