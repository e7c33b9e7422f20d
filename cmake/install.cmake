# Headers, libmotes, its CMake package and its pkg-config file: where a distribution has them, or inside the Python package
# (`python -m motes --cmakedir` tells the place). Every path is relative to the file that holds it: the whole can be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
if(MOTES_PYTHON)
  set(motes_root motes/)
  set(motes_include_dir include)
  set(motes_library_dir lib)
else()
  set(motes_include_dir ${CMAKE_INSTALL_INCLUDEDIR})
  set(motes_library_dir ${CMAKE_INSTALL_LIBDIR})
endif()
set(motes_package_dir ${motes_root}${motes_library_dir}/cmake/motes)

install(TARGETS motes EXPORT motesTargets ARCHIVE DESTINATION ${motes_root}${motes_library_dir}
        INCLUDES DESTINATION ${motes_root}${motes_include_dir})
if(NOT MOTES_CUDA OR MOTES_PYTHON)
  set(motes_absent PATTERN motes_cuda.h EXCLUDE)  # no header without its library
endif()
install(DIRECTORY csrc/include/motes DESTINATION ${motes_root}${motes_include_dir} ${motes_absent})
install(EXPORT motesTargets NAMESPACE motes:: DESTINATION ${motes_package_dir})
configure_package_config_file(cmake/motesConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/motesConfig.cmake
                              INSTALL_DESTINATION ${motes_package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/motesConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/motesConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/motesConfigVersion.cmake
        DESTINATION ${motes_package_dir})

# Static: who links it links what it needs, too. In C, that is the C++ library as well.
foreach(library IN LISTS CMAKE_CXX_IMPLICIT_LINK_LIBRARIES)
  if(library MATCHES "^(stdc\\+\\+|c\\+\\+|m)$")
    string(APPEND motes_system_libraries "-l${library} ")
  endif()
endforeach()
string(APPEND motes_system_libraries "${CMAKE_THREAD_LIBS_INIT}")
file(RELATIVE_PATH motes_pc_prefix /${motes_root}${motes_library_dir}/pkgconfig /${motes_root}.)
configure_file(cmake/motes.pc.in ${CMAKE_CURRENT_BINARY_DIR}/motes.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/motes.pc DESTINATION ${motes_root}${motes_library_dir}/pkgconfig)
