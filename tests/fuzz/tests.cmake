# Fuzz targets: with VX_FUZZ (clang) libFuzzer programs, else programs that replay their corpus.

# vx_fuzz(<name> <libraries...>): tests/fuzz/fuzz_<name>.c with tests/fuzz/corpus/<name>/
function(vx_fuzz name)
  add_executable(fuzz_${name} fuzz/fuzz_${name}.c)
  target_link_libraries(fuzz_${name} PRIVATE ${ARGN} vx_flags)
  if(VX_FUZZ)
    target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz_${name} PRIVATE fuzz/replay.c)
    add_test(NAME fuzz/${name} COMMAND fuzz_${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
    set_tests_properties(fuzz/${name} PROPERTIES TIMEOUT 60)
  endif()
endfunction()

vx_fuzz(placeholder vx_core)
vx_fuzz(settings vx_core)
vx_fuzz(yaml vx_core)
vx_fuzz(json vx_core)
vx_fuzz(properties vx_core)
vx_fuzz(activation vx_core)
vx_fuzz(keys vx_core)
vx_fuzz(side vx_http_side vx_core)
