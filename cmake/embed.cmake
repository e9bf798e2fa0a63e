# SPDX-License-Identifier: GPL-3.0-or-later
# Files as parts of a program. The assembler includes their bytes as they are, so nothing is converted and large ones
# cost nothing to compile.

# riffle_embed(TARGET NAME BASE file...): NAME becomes a table of the files, named by their paths below BASE, with the
# symbols riffle_embedded_NAME and riffle_embedded_NAME_count (server/embedded.cc reads it).
function(riffle_embed target name base)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/embedded_${name}.cc")
  set(data "")
  set(declarations "")
  set(rows "")
  set(number 0)
  foreach(file IN LISTS ARGN)
    file(RELATIVE_PATH path "${base}" "${file}")
    set(symbol "riffle_${name}_${number}")
    string(APPEND data "asm(\".section .rodata\\n.balign 16\\n.global ${symbol}\\n${symbol}:\\n.incbin \\\"${file}\\\"\\n.global ${symbol}_end\\n${symbol}_end:\\n.byte 0\\n.previous\\n\");\n")
    string(APPEND declarations "extern \"C\" const char ${symbol}[];\nextern \"C\" const char ${symbol}_end[];\n")
    string(APPEND rows "    {\"${path}\", {${symbol}, static_cast<size_t>(${symbol}_end - ${symbol})}},\n")
    math(EXPR number "${number} + 1")
  endforeach()
  file(GENERATE OUTPUT "${source}" CONTENT "// Made by cmake/embed.cmake.
#include \"server/embedded.h\"

${data}${declarations}
namespace riffle::server {

std::span<const EmbeddedFile> embedded_${name}() {
  static const EmbeddedFile kFiles[] = {
${rows}    {},
  };
  return {kFiles, ${number}};
}

}  // namespace riffle::server
")
  set_source_files_properties("${source}" PROPERTIES OBJECT_DEPENDS "${ARGN}")
  target_sources(${target} PRIVATE "${source}")
endfunction()
