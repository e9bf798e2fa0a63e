# SPDX-License-Identifier: GPL-3.0-or-later
# libtorch: Debian's 1.13.1, or a 2.x given by -DCMAKE_PREFIX_PATH=$(python3 -c 'import torch; print(torch.utils.cmake_prefix_path)').
find_package(Torch REQUIRED)
if(Torch_VERSION AND Torch_VERSION VERSION_LESS 1.13)
  message(FATAL_ERROR "libtorch ${Torch_VERSION} is too old: Riffle needs 1.13.1 or newer (Debian 12: libtorch-dev)")
endif()
# A libtorch built with the old C++ ABI would fail at link time with pages of undefined std::__cxx11 symbols.
if(TORCH_CXX_FLAGS MATCHES "_GLIBCXX_USE_CXX11_ABI=0" AND RIFFLE_TRAINER_ONLY AND RIFFLE_HEADERS)
  add_compile_options(-D_GLIBCXX_USE_CXX11_ABI=0) # nothing but headers is linked beside it: all may follow it
elseif(TORCH_CXX_FLAGS MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
  message(FATAL_ERROR "this libtorch was built with the pre-C++11 ABI; use the 'cxx11 ABI' download, or Debian's libtorch-dev")
endif()

# riffle_torch: what every room that uses tensors links. Its headers count as the system's (no warnings of ours).
add_library(riffle_torch INTERFACE)
target_link_libraries(riffle_torch INTERFACE ${TORCH_LIBRARIES})
target_include_directories(riffle_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})

# libtorch's headers take ten seconds a file to parse, so they are parsed once: every target that uses tensors shares
# this precompiled header. It must not be leaned on: a file still includes what it uses (scripts/dev lint builds without).
option(RIFFLE_PRECOMPILED_HEADERS "Parse libtorch's headers once for all files" ON)
if(RIFFLE_PRECOMPILED_HEADERS AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  file(WRITE "${CMAKE_BINARY_DIR}/generated/torch_headers.cc" "// Only here to carry the precompiled header.\n")
  add_library(riffle_torch_headers OBJECT "${CMAKE_BINARY_DIR}/generated/torch_headers.cc")
  # The warnings too: -Wpedantic decides which macros are predefined.
  target_link_libraries(riffle_torch_headers PRIVATE riffle_torch riffle_warnings)
  target_precompile_headers(riffle_torch_headers PRIVATE <ATen/core/Tensor.h> <ATen/ops/empty.h> <torch/nn/module.h>)
endif()

# riffle_share_torch_headers(TARGET): for targets that link riffle_torch.
function(riffle_share_torch_headers target)
  if(TARGET riffle_torch_headers)
    # GCC takes a precompiled header only under the same code model, and CMake would build programs with -fPIE.
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
    target_precompile_headers(${target} REUSE_FROM riffle_torch_headers)
  endif()
endfunction()
