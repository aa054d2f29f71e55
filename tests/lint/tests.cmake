# The checks of the source. The two slow ones run where they are asked for: ctest -C Lint.
foreach(step layers text format shell)
  add_test(NAME lint/${step} COMMAND ${PROJECT_SOURCE_DIR}/tools/lint --build ${CMAKE_BINARY_DIR} ${step})
endforeach()
foreach(step tidy cppcheck)
  add_test(NAME lint/${step} CONFIGURATIONS Lint
           COMMAND ${PROJECT_SOURCE_DIR}/tools/lint --build ${CMAKE_BINARY_DIR} ${step})
endforeach()
set_tests_properties(lint/layers lint/text lint/format lint/shell PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)
