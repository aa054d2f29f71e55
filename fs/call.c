/* call.c - how long a call to the provider took, and whose fault it was.
 *
 * The joint promises (provider.h) that a call comes back within 1 ms. Its wall time is what readers
 * feel, so that is what is counted; but on a busy machine it also holds what others did to the
 * thread, and a test that aborts for that is worth nothing. So the assertion of strict mode looks at
 * where the time went:
 *
 *	wall = computing + ready without a processor + waiting for one of our locks + blocked
 *
 * Computing is the thread's processor time. The time in the run queue, after a preemption and after
 * each awakening, is in /proc/thread-self/schedstat. A lock's holder may itself have lost the
 * processor, so that waiting for it (core/lock.c) says nothing about the call. What is left was spent
 * asleep in a call that blocks, provided that the thread did go to sleep: without a voluntary switch
 * it is time that a hypervisor took. A page fault may sleep too, for the kernel's lock on the address
 * space, which every mmap of another thread takes (4 ms seen): each explains one sleep. A call that
 * does block and faults is let off, the next one of its kind, whose memory is there, is not. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "core/log.h"
#include "fs/fs_i.h"

#define CALL_MAX_NS VX_MSEC /* the joint's promise, see provider.h */

/* Where strict mode aborts. Above the promise, since a processor's own clock jumps by what interrupts
 * and hypervisors take: measured in a virtual machine, 1.2 ms once in 20 s of computing. */
#define BLOCKED_MAX_NS (3 * VX_MSEC / 2)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
	__has_feature(memory_sanitizer)
#define SANITIZED
#endif
#endif

/* Calls that compute for too long until one aborts: a provider that does so does it again, and what a
 * hypervisor takes may look like it (3.3 ms seen once in 200 tests beside four busy loops). */
#define COMPUTED_MAX 3

/* Sanitizers make computing ten times slower, not sleeping. */
#ifdef SANITIZED
#define CPU_MAX_NS (15 * VX_MSEC)
#else
#define CPU_MAX_NS BLOCKED_MAX_NS
#endif

/* --- what the thread has used so far ----------------------------------------------------------- */

static int64_t cpu_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* cannot fail */
	return t.tv_sec * VX_SEC + t.tv_nsec;
}

/* "processor time, time in the run queue, slices": Documentation/scheduler/sched-stats.rst. */
static int64_t queued_ns(int fd)
{
	char text[96], *at = text; /* three numbers of at most 20 digits */
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	(void)strtoll(text, &at, 10);
	return strtoll(at, NULL, 10);
}

static long sleeps(void)
{
	struct rusage use;

	(void)getrusage(RUSAGE_THREAD, &use); /* cannot fail */
	return use.ru_nvcsw - use.ru_minflt - use.ru_majflt;
}

void vx_fs_judge(struct vx_fs *fs)
{
	if (!fs->strict)
		return;
	fs->judged_fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	if (fs->judged_fd < 0)
		vx_log(VX_LOG_DEBUG, VX_NO_FIELDS,
		       "the kernel has no schedstat: slow provider calls are counted only");
}

void vx_fs_judge_end(struct vx_fs *fs)
{
	vx_close(&fs->judged_fd);
	fs->judged_fd = -1;
}

/* --- the call ---------------------------------------------------------------------------------- */

void vx_fs_call_begin(struct vx_fs *fs, struct vx_fs_call *ret)
{
	if (fs->judged_fd >= 0)
		*ret = (struct vx_fs_call){.cpu_ns = cpu_ns(),
		                           .queued_ns = queued_ns(fs->judged_fd),
		                           .locks_ns = vx_lock_waited_ns(),
		                           .sleeps = sleeps()};
	ret->began_ns = vx_mono_ns(fs->options.clock); /* last: only the call's own time */
}

/* A call that took @wall_ns: abort if that was its own doing. */
static void judge(struct vx_fs *fs, const struct vx_fs_call *call, int64_t wall_ns,
                  const char *what)
{
	int64_t cpu = cpu_ns() - call->cpu_ns;
	int64_t queued = queued_ns(fs->judged_fd) - call->queued_ns;
	int64_t locks = vx_lock_waited_ns() - call->locks_ns;
	long slept = sleeps() - call->sleeps;
	int64_t blocked = slept > 0 ? wall_ns - cpu - queued - locks : 0;

	if (cpu > CPU_MAX_NS)
		fs->computed++;
	if (fs->computed < COMPUTED_MAX && blocked <= BLOCKED_MAX_NS)
		return;
	(void)fprintf(stderr,
	              "the provider's %s took %" PRId64 " us: computed %" PRId64
	              ", had no processor %" PRId64 ", waited for locks %" PRId64
	              ", blocked %" PRId64 "\n",
	              what, wall_ns / 1000, cpu / 1000, queued / 1000, locks / 1000,
	              blocked / 1000);
	vx_assert(!fs->strict);
}

void vx_fs_call_end(struct vx_fs *fs, const struct vx_fs_call *call, const char *what)
{
	int64_t wall_ns = vx_mono_ns(fs->options.clock) - call->began_ns;

	if (wall_ns <= CALL_MAX_NS)
		return;
	atomic_fetch_add_explicit(&fs->counts.slow, 1, memory_order_relaxed);
	if (fs->judged_fd >= 0)
		judge(fs, call, wall_ns, what);
}
