# SPDX-License-Identifier: GPL-3.0-or-later
# libtorch: Debian's 1.13.1, or a 2.x given by -DCMAKE_PREFIX_PATH=$(python3 -c 'import torch; print(torch.utils.cmake_prefix_path)').
find_package(Torch REQUIRED)
if(Torch_VERSION AND Torch_VERSION VERSION_LESS 1.13)
  message(FATAL_ERROR "libtorch ${Torch_VERSION} is too old: Riffle needs 1.13.1 or newer (Debian 12: libtorch-dev)")
endif()
# A libtorch built with the old C++ ABI would fail at link time with pages of undefined std::__cxx11 symbols.
if(TORCH_CXX_FLAGS MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
  message(FATAL_ERROR "this libtorch was built with the pre-C++11 ABI; use the 'cxx11 ABI' download, or Debian's libtorch-dev")
endif()

# riffle_torch: what every room that uses tensors links. Its headers count as the system's (no warnings of ours).
add_library(riffle_torch INTERFACE)
target_link_libraries(riffle_torch INTERFACE ${TORCH_LIBRARIES})
target_include_directories(riffle_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
