/* snapshot.h - the immutable composition of all layers at some coordinates.
 *
 * Counted; every function any thread. The version names the content: equal keys, types, texts and
 * plain files give equal versions, whatever commit they came from (core/version.h). */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/bytes.h"
#include "core/cleanup.h"
#include "core/coords.h"
#include "core/error.h"
#include "core/layer.h"
#include "core/value.h"

#define VX_VERSION_DIGITS 32

struct vx_snapshot_plain {
	const struct vx_plain *plain;
	const char *backend; /* settings name of the backend that holds it */
	const char *revision;
};

/* An edge of the import graph: @from imports @to. Both are coordinates' texts. */
struct vx_import {
	const char *from;
	const char *to;
};

/* Something a reader should know that is no failure: a hidden name, a clash. One sentence. */
struct vx_note {
	const char *text;
};

struct vx_snapshot {
	atomic_size_t refs;
	struct vx_arena arena;
	struct vx_coords *at;
	const struct vx_value *root; /* VX_MAP, placeholders resolved */
	size_t n_plain;
	struct vx_snapshot_plain *plain; /* sorted by name, unique */
	size_t n_imports;
	struct vx_import *imports;
	size_t n_notes;
	struct vx_note *notes;
	size_t n_sources;
	const struct vx_origin **sources; /* every applied document, lowest first */
	char version[VX_VERSION_DIGITS + 1];
	struct vx_resolved *inputs; /* keeps the documents whose texts the tree borrows */
};

struct vx_snapshot *vx_snapshot_ref(struct vx_snapshot *s);
void vx_snapshot_put(struct vx_snapshot *s); /* NULL is a no-op */
VX_DEFINE_AUTO(struct vx_snapshot *, vx_snapshot_put);

/* The plain file @name, or NULL. */
const struct vx_snapshot_plain *vx_snapshot_plain_find(const struct vx_snapshot *s,
                                                       const char *name);

/* Resolve `${...}` in the UTF-8 text @in against the snapshot's keys, as in plain files; text
 * that is not UTF-8 is returned as it is. 0 and *ret (put it), -ELOOP, -E2BIG, -ENOMEM. */
int vx_snapshot_resolve_text(const struct vx_snapshot *s, const char *in, size_t n,
                             struct vx_bytes **ret, struct vx_error *err);
