vx_unit_test(daemon breaker vx_daemon)
vx_unit_test(daemon settings vx_daemon_settings vx_core)
vx_unit_test(daemon events vx_daemon PkgConfig::JANSSON)
vx_unit_test(daemon problems vx_daemon)
