/* docs.h - the documents of one file, parsed once and shared by content.
 *
 * A YAML or properties file holds one or more documents, a JSON file one. Each is a map; a root
 * that is not a map stands under the key `document`. The keys that decide whether a document
 * applies (`spring.config.activate.on-profile`, `spring.profiles`) are taken out of the tree and
 * become its activation. A file either parses as a whole or not at all. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "core/activation.h"
#include "core/arena.h"
#include "core/cleanup.h"
#include "core/error.h"
#include "core/value.h"

enum vx_format { VX_FORMAT_YAML, VX_FORMAT_JSON, VX_FORMAT_PROPERTIES };

/* Bounds on one file, so that no input can exhaust us. */
struct vx_doc_limits {
	size_t bytes;   /* of the file */
	uint32_t depth; /* of nesting, keys and lists together */
	size_t values;  /* of the parsed tree after alias expansion */
	uint32_t index; /* largest list index in a key, `a[9999]` */
};
/* clang-format off */
#define VX_DOC_LIMITS_DEFAULT {(size_t)16 << 20, 64, 1000000, 9999}
/* clang-format on */

struct vx_doc {
	const struct vx_value *root;    /* VX_MAP */
	const struct vx_activation *on; /* NULL: applies always */
};

struct vx_docs {
	atomic_size_t refs;
	struct vx_arena arena;
	size_t n;
	struct vx_doc *doc;
};

/* Parse @len bytes of @format. Any thread.
 * 0 and *ret (put it); -EBADMSG does not parse (err: "line 3: why"), -E2BIG over a limit (err says
 * which, and the setting), -ENOMEM. */
int vx_docs_parse(enum vx_format format, const char *bytes, size_t len,
                  const struct vx_doc_limits *limits, struct vx_docs **ret, struct vx_error *err);
struct vx_docs *vx_docs_ref(struct vx_docs *d);
void vx_docs_put(struct vx_docs *d); /* NULL is a no-op */
VX_DEFINE_AUTO(struct vx_docs *, vx_docs_put);

/* Whether some document of @d names @profile in its activation (also under `!`). */
bool vx_docs_name_profile(const struct vx_docs *d, const char *profile);
