vx_unit_test(core base vx_core)
vx_unit_test(core value vx_core)
vx_unit_test(core coords vx_core)
vx_unit_test(core render vx_core)
vx_unit_test(core merge vx_core)
vx_unit_test(core placeholder vx_core)
vx_unit_test(core resolve vx_core)
vx_unit_test(core compose vx_core)
vx_unit_test(core version vx_core)
vx_unit_test(core compare vx_core)

# What is rendered, against docs/formats.md and read back by readers that are not ours.
add_executable(render_driver unit/core/render_driver.c)
target_link_libraries(render_driver PRIVATE vx_core vx_flags)
add_test(NAME unit/core/formats_md
         COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/unit/core/formats_md_test.py
                 $<TARGET_FILE:render_driver> ${PROJECT_SOURCE_DIR}/docs/formats.md)
add_test(NAME unit/core/roundtrip
         COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/unit/core/roundtrip_test.py
                 $<TARGET_FILE:render_driver>)
set_tests_properties(unit/core/formats_md unit/core/roundtrip PROPERTIES TIMEOUT 120)
vx_unit_test(core scalar vx_core)
vx_unit_test(core activation vx_core)
vx_unit_test(core docs vx_core)
vx_unit_test(core settings vx_core)
vx_unit_test(core settings_convert vx_core)
vx_unit_test(core settings_secret vx_core)
vx_unit_test(core tree vx_core)
vx_unit_test(core nomem vx_core)
# It makes each allocation fail in turn, which takes ThreadSanitizer most of a minute.
set_tests_properties(unit/core/nomem PROPERTIES TIMEOUT 180)
target_link_options(test_core_nomem PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
  -Wl,--wrap=reallocarray,--wrap=strndup,--wrap=asprintf,--wrap=vx_arena_alloc,--wrap=vx_arena_strndup)
