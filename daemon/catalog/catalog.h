/* catalog.h - what is served at which coordinates: the provider behind the filesystem.
 *
 * The catalog owns the feeds (one a backend), composes what is asked for, keeps it while the kernel
 * shows it, and publishes anew when a source changes. It answers fs/provider.h without blocking:
 * composing runs on a small pool, backends on threads of their own.
 *
 * Order of life: new, vx_fs_start with vx_catalog_provider, start, ..., cancel, vx_fs_stop, free. */
#pragma once

#include "core/clock.h"
#include "core/error.h"
#include "core/settings.h"
#include "daemon/telemetry/problems.h"
#include "fs/fs.h"

struct vx_catalog;

/* Where the catalog says what happens. Both nullable; they outlive it. */
struct vx_catalog_tells {
	struct vx_events *events;
	struct vx_problems *problems;
};

/* Open every enabled backend of @s (kept by reference). @state_dir outlives the catalog.
 * 0 and *ret; what a backend's open says. */
int vx_catalog_new(struct vx_settings *s, const struct vx_clock *clock, const char *state_dir,
                   const struct vx_catalog_tells *tells, struct vx_catalog **ret,
                   struct vx_error *err);

/* The provider whose `self` is the catalog. Static. */
const struct vx_provider *vx_catalog_provider(void);

/* Watch the sources and publish into @fs from now on. */
int vx_catalog_start(struct vx_catalog *c, struct vx_fs *fs, struct vx_error *err);

/* Take over the hot settings of @s: access rules, and what else docs/settings.md calls hot. */
void vx_catalog_reload(struct vx_catalog *c, struct vx_settings *s);

struct vx_catalog_counts {
	uint64_t composed; /* snapshots built */
	uint64_t published;
	size_t tracks; /* in memory */
	size_t live;   /* that the kernel shows */
};
void vx_catalog_count(struct vx_catalog *c, struct vx_catalog_counts *ret);

/* One log line with the counts of the catalog and one for each backend (SIGUSR1). */
void vx_catalog_log_counts(struct vx_catalog *c);

/* Answer everything that waits and refuse what comes; then vx_fs_stop can end. */
void vx_catalog_cancel(struct vx_catalog *c);
void vx_catalog_free(struct vx_catalog *c); /* NULL is a no-op */
