# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# storescope_embed(<target> <header> <count> <file>...)
#
# Compiles the text of the files into the target, as the table of <count> rows,
# each a file's name and its text, that <header>.h declares. The last part of that
# name is the table's:
#
#   struct <table without its last s> { const char *file, *text; };
#   extern const struct ... <table>[<count>];
#
# Changing a file makes it again.
function(storescope_embed target header count)
    get_filename_component(table "${header}" NAME)
    set(output "${CMAKE_CURRENT_BINARY_DIR}/${table}.c")
    set(script "${PROJECT_SOURCE_DIR}/cmake/embed.cmake")
    list(TRANSFORM ARGN PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/" OUTPUT_VARIABLE paths)
    add_custom_command(OUTPUT "${output}"
        COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${output}" "-DHEADER=${header}.h" "-DTABLE=${table}" "-DCOUNT=${count}"
            "-DFILES=${paths}" -P "${script}"
        DEPENDS ${paths} "${script}"
        COMMENT "Embedding ${table}"
        VERBATIM)
    target_sources(${target} PRIVATE "${output}")
endfunction()
