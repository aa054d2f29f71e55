vx_unit_test(daemon breaker vx_daemon)
vx_unit_test(daemon settings vx_daemon_settings vx_core)
