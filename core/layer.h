/* layer.h - what a backend answers: the documents that apply at some coordinates, in order.
 *
 * A `struct vx_layers` is one backend's whole answer at one label: its documents lowest precedence
 * first (base rank, then a rank for each profile; see docs/composition.md), the plain files, and
 * what it knows of the names. Activation has not been applied yet: vx_compose does that. Counted
 * and immutable once built. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/cleanup.h"
#include "core/coords.h"
#include "core/docs.h"

#define VX_BLOB_ID_BYTES 20

/* A file that is no document. Its id is the Git blob id: SHA-1 over "blob <size>\0" and its bytes,
 * so that a git backend has it for nothing and equal bytes get equal ids everywhere. */
struct vx_plain {
	const char *name; /* as shown below the leaf, "nginx.conf" or "certs/ca.pem" */
	const char *path; /* in the backend, for vx_backend_ops.file */
	uint64_t size;    /* raw bytes */
	unsigned char id[VX_BLOB_ID_BYTES];
};

struct vx_layer {
	const char *path;     /* in the backend, "payment/application-prod.yml" */
	struct vx_docs *docs; /* one reference */
};

struct vx_layers {
	atomic_size_t refs;
	struct vx_arena arena;
	const char *backend;     /* settings name */
	const char *revision;    /* a commit id, or a digest that changes with the content */
	bool label_known;        /* the backend itself has the label asked; a backend without labels
	                            * serves every label and knows none; true for the default label */
	bool app_known;          /* a document's stem is the application or begins with "<app>-" */
	uint32_t profiles_known; /* bit i: some document names profiles[i]; `default` always */
	size_t n;
	struct vx_layer *layer; /* lowest first */
	size_t n_plain;
	struct vx_plain *plain; /* sorted by name, unique */
};

/* An empty answer with one reference; strings are copied. NULL when out of memory. */
struct vx_layers *vx_layers_new(const char *backend, const char *revision);
struct vx_layers *vx_layers_ref(struct vx_layers *l);
void vx_layers_put(struct vx_layers *l); /* NULL is a no-op */
VX_DEFINE_AUTO(struct vx_layers *, vx_layers_put);

/* Append while building; @docs' reference is taken over also on failure. 0 or -ENOMEM. */
int vx_layers_add(struct vx_layers *l, const char *path, struct vx_docs *docs);
int vx_layers_add_plain(struct vx_layers *l, const char *name, const char *path, uint64_t size,
                        const unsigned char id[VX_BLOB_ID_BYTES]);

/* Sort the plain files by name; of two with one name the one added last stays. 0 or -ENOMEM. */
int vx_layers_sort_plain(struct vx_layers *l);

/* The Git blob id of @n bytes (SHA-1, by OpenSSL). 0 or -ENOMEM. */
int vx_blob_id(const void *bytes, size_t n, unsigned char ret_id[VX_BLOB_ID_BYTES]);
