vx_unit_test(fs names vx_fs vx_core)
vx_unit_test(fs inode vx_fs vx_core)
vx_unit_test(fs ask vx_fs vx_core PkgConfig::FUSE3)
