/* watcher.h - a thread that waits for inotify events, lets a burst of them pass, and has somebody
 * look what changed. */
#pragma once

#include <stdbool.h>

#include "core/clock.h"

struct vx_watcher;

/* All are called on the watcher's thread. */
struct vx_watcher_ops {
	bool (*drain)(void *arg);   /* read all events that there are; whether one matters */
	bool (*due)(void *arg);     /* once a second without events: look nevertheless? */
	void (*compare)(void *arg); /* look what changed, and tell */
};

/* @inotify is borrowed and non-blocking. 0 and *ret (stop it), or a negative errno. */
int vx_watcher_start(const struct vx_watcher_ops *ops, void *arg, int inotify,
                     const struct vx_clock *clock, struct vx_watcher **ret);

/* Have the watcher call drain as if events had come: somebody else has read them. Any thread. */
void vx_watcher_poke(struct vx_watcher *w);
/* Look now, without any event; any thread. */
void vx_watcher_kick(struct vx_watcher *w);

/* End the thread and free. NULL is a no-op. Waits for a compare that is under way. */
void vx_watcher_stop(struct vx_watcher *w);
