# SPDX-License-Identifier: GPL-3.0-or-later
# A room is a folder of src/ that is its own static library. Its headers are included as "room/file.h" and are visible
# only to the rooms that name it: every room has an include folder of its own in the build tree holding one link to its
# sources, so an include of a room that was not named does not compile.

# riffle_room(NAME [ROOMS room...] [LIBRARIES lib...] [PRIVATE_LIBRARIES lib...] [EXCLUDE regex...])
function(riffle_room name)
  cmake_parse_arguments(ARG "" "" "ROOMS;LIBRARIES;PRIVATE_LIBRARIES;EXCLUDE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc" "${CMAKE_CURRENT_SOURCE_DIR}/detail/*.cc")
  foreach(excluded "/main\\.cc$" ${ARG_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX "${excluded}")
  endforeach()
  add_library(riffle_${name} STATIC ${sources})
  set(root "${CMAKE_BINARY_DIR}/rooms/${name}")
  file(MAKE_DIRECTORY "${root}")
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${root}/${name}" SYMBOLIC)
  target_include_directories(riffle_${name} PUBLIC "${root}")
  list(TRANSFORM ARG_ROOMS PREPEND riffle_)
  target_link_libraries(riffle_${name} PUBLIC ${ARG_ROOMS} ${ARG_LIBRARIES} PRIVATE riffle_warnings ${ARG_PRIVATE_LIBRARIES})
  if("riffle_torch" IN_LIST ARG_LIBRARIES)
    riffle_share_torch_headers(riffle_${name})
  endif()
endfunction()

# riffle_room_test(NAME [LIBRARIES lib...]): one GoogleTest binary from the current folder's *_test.cc, one CTest entry.
function(riffle_room_test name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE riffle_${name} riffle_test_support riffle_warnings GTest::gmock GTest::gtest_main ${ARG_LIBRARIES})
  get_target_property(libraries riffle_${name} LINK_LIBRARIES)
  if("riffle_torch" IN_LIST libraries)
    riffle_share_torch_headers(${name}_test)
  endif()
  set_target_properties(${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  add_test(NAME ${name} COMMAND ${name}_test "--gtest_output=json:${CMAKE_BINARY_DIR}/tests/${name}.json" --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES TIMEOUT 900)
endfunction()
