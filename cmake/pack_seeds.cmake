# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Writes OUTPUT, a zip archive of the files INPUTS and of those in the folders
# INPUTS, without folders; see StorescopeFuzzPackage.cmake. A file's name is that
# of its folder and its own, since two folders may have files of one name. No
# input at all is an error: an empty corpus tests nothing.

set(stage "${OUTPUT}.d")
file(REMOVE_RECURSE "${stage}" "${OUTPUT}")
file(MAKE_DIRECTORY "${stage}")
set(names "")
foreach(input IN LISTS INPUTS)
    set(files "${input}")
    if(IS_DIRECTORY "${input}")
        file(GLOB_RECURSE files "${input}/*")
    endif()
    foreach(file IN LISTS files)
        cmake_path(GET file PARENT_PATH folder)
        cmake_path(GET folder FILENAME folder)
        cmake_path(GET file FILENAME name)
        file(COPY_FILE "${file}" "${stage}/${folder}-${name}")
        list(APPEND names "${folder}-${name}")
    endforeach()
endforeach()
if(NOT names)
    message(FATAL_ERROR "${OUTPUT} has no seed: name files or folders that have some")
endif()
list(REMOVE_DUPLICATES names)
execute_process(COMMAND "${CMAKE_COMMAND}" -E tar cf "${OUTPUT}" --format=zip -- ${names}
    WORKING_DIRECTORY "${stage}"
    COMMAND_ERROR_IS_FATAL ANY)
