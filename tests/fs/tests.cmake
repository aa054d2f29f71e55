# Programs that the tests of the mounted filesystem drive (tests/integration/test_fs_*.py).
add_executable(fs_probe fs/fs_probe.c)
target_link_libraries(fs_probe PRIVATE vx_fs vx_core vx_flags)
