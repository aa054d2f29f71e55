vx_unit_test(tools doctor_judge vx_core)
target_sources(test_tools_doctor_judge PRIVATE ${PROJECT_SOURCE_DIR}/tools/vortexctl/doctor_judge.c)
