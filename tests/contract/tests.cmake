# The contract of backends/backend.h, one program a backend: contract.c and its fixture.
function(vx_contract_test backend)
  set(name contract_${backend})
  add_executable(${name} contract/contract.c contract/support.c contract/fixture_${backend}.c)
  target_link_libraries(${name} PRIVATE vx_backends vx_core vx_flags PkgConfig::CMOCKA)
  add_test(NAME contract/${backend} COMMAND ${name})
  set_tests_properties(contract/${backend} PROPERTIES TIMEOUT 120)
endfunction()

vx_contract_test(directory)
if(VORTEX_GIT)
  vx_contract_test(git)
endif()
