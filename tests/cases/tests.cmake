# The composition cases: one test for each *.case file.
if(TARGET vx_backends)
  add_executable(run_cases cases/run_cases.c cases/case_file.c)
  target_include_directories(run_cases PRIVATE cases)
  target_link_libraries(run_cases PRIVATE vx_backends vx_core vx_flags PkgConfig::JANSSON)
  foreach(topic activation dotted errors existence formats imports json lists locations nulls
                placeholders plain precedence profiles properties yaml)
    add_test(NAME cases/${topic}
      COMMAND run_cases ${CMAKE_CURRENT_SOURCE_DIR}/cases/${topic}.case)
    set_tests_properties(cases/${topic} PROPERTIES TIMEOUT 60)
  endforeach()
endif()
