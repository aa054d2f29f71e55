/* syscalls.c - system calls that a fetch never needs, refused from before the first foreign byte.
 *
 * Three things are kept from whoever takes the program over. Links, FIFOs and devices in the mirror:
 * the daemon, which may be root, opens what stands there, and would follow the one or wait for the
 * other. Processes: a fetch is killed when its time is over, and nothing of it may stay. And the
 * parts of the kernel that need no right but offer much to attack. What is not named here is allowed:
 * the libraries below us may need it. */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <unistd.h>

#include "backends/git_fetch/fetch_i.h"

/* clang-format off */
static const int refused[] = {
	/* what a reader of the mirror could be misled by */
	SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(mknod), SCMP_SYS(mknodat),
	/* programs, and other processes of the same user */
	SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(kill), SCMP_SYS(tkill),
	SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp),
	/* namespaces, mounts, and the like */
	SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(open_tree), SCMP_SYS(move_mount),
	SCMP_SYS(fsopen), SCMP_SYS(fspick), SCMP_SYS(mount_setattr), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
	SCMP_SYS(open_by_handle_at),
	/* large parts of the kernel */
	SCMP_SYS(io_uring_setup), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(personality),
};
/* clang-format on */

/* A thread may be started, a process not. */
static int refuse_processes(scmp_filter_ctx filter)
{
	int rc = 0;

#ifndef VX_SANITIZED /* the check for leaks at the end looks on from a process of its own */
	rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
	                      SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ptrace), 0);
#endif
	/* Its flags are in memory, where no filter can look; glibc goes back to clone. */
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return rc;
}

int refuse_syscalls(struct failure *f)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int rc = filter ? refuse_processes(filter) : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < sizeof(refused) / sizeof(*refused); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	/* abort() signals its own thread. */
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tgkill), 1,
		                      SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid(), 0));
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc < 0 ? fail_as(f, VX_GIT_KIND_SETUP,
	                        "the fetching program cannot give up system calls: %s; the "
	                        "kernel needs CONFIG_SECCOMP_FILTER",
	                        strerror(-rc))
	              : 0;
}
