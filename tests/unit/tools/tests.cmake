vx_unit_test(tools doctor_judge vx_ctl)
vx_unit_test(tools sse vx_ctl)
vx_unit_test(tools place vx_ctl)
vx_unit_test(tools text vx_ctl)
