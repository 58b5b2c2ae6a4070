# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# storescope_find_library(<name> TARGET <target> HEADER <file> LIBRARIES <lib>...
#                         PACKAGE <Debian package> [STATIC_ALSO <lib>...])
#
# Finds a library that is installed on the system and makes an imported target
# of it. When it is not there, the error names the package that brings it.
# STATIC_ALSO: what a static library may need besides; linked where it is there.

include(FindPackageHandleStandardArgs)

macro(storescope_find_library name)
    cmake_parse_arguments(_ss "" "TARGET;HEADER;PACKAGE" "LIBRARIES;STATIC_ALSO" ${ARGN})

    find_path(${name}_INCLUDE_DIR "${_ss_HEADER}")
    set(_ss_required ${name}_INCLUDE_DIR)
    set(_ss_paths "")
    foreach(_ss_library ${_ss_LIBRARIES})
        find_library(${name}_${_ss_library}_LIBRARY "${_ss_library}")
        mark_as_advanced(${name}_${_ss_library}_LIBRARY)
        list(APPEND _ss_required ${name}_${_ss_library}_LIBRARY)
        list(APPEND _ss_paths "${${name}_${_ss_library}_LIBRARY}")
    endforeach()
    mark_as_advanced(${name}_INCLUDE_DIR)
    if("${_ss_paths}" MATCHES "\\.a(;|$)")
        foreach(_ss_library ${_ss_STATIC_ALSO})
            find_library(${name}_${_ss_library}_LIBRARY "${_ss_library}")
            mark_as_advanced(${name}_${_ss_library}_LIBRARY)
            if(${name}_${_ss_library}_LIBRARY)
                list(APPEND _ss_paths "${${name}_${_ss_library}_LIBRARY}")
            endif()
        endforeach()
    endif()

    find_package_handle_standard_args(${name} REQUIRED_VARS ${_ss_required}
        REASON_FAILURE_MESSAGE "Install it with: apt-get install ${_ss_PACKAGE}")

    if(${name}_FOUND AND NOT TARGET ${_ss_TARGET})
        add_library(${_ss_TARGET} INTERFACE IMPORTED)
        set_target_properties(${_ss_TARGET} PROPERTIES
            INTERFACE_INCLUDE_DIRECTORIES "${${name}_INCLUDE_DIR}"
            INTERFACE_LINK_LIBRARIES "${_ss_paths}")
    endif()
endmacro()
