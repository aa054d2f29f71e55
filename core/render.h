/* render.h - a snapshot as the bytes of a file. Deterministic: equal snapshots, equal bytes.
 *
 * Every rule of representation is in docs/formats.md, with an example that a test checks. */
#pragma once

#include "core/buf.h"
#include "core/bytes.h"
#include "core/error.h"
#include "core/snapshot.h"

enum vx_output { VX_OUT_YML, VX_OUT_JSON, VX_OUT_PROPERTIES, VX_OUT_ENV, VX_OUT_TOML };
#define VX_OUTPUTS 5

/* The file name suffix, "yml"; also what `-o` accepts. */
const char *vx_output_suffix(enum vx_output out);
/* "yml", "yaml", "json", "properties", "env", "toml" to the output; false: none of them. */
bool vx_output_find(const char *suffix, enum vx_output *ret);

/* Render the whole tree. 0 and *ret (put it), -ENOMEM. @notes (nullable) collects one line for each
 * key that .env leaves out (its name is taken, say), each ended by a newline. */
int vx_render(const struct vx_snapshot *s, enum vx_output out, struct vx_bytes **ret,
              struct vx_buf *notes, struct vx_error *err);

/* `.origin.json`: each key's backend, path, line, revision and what it overrode (hashes, never the
 * hidden values). 0 and *ret, -ENOMEM. */
int vx_render_origin(const struct vx_snapshot *s, struct vx_bytes **ret, struct vx_error *err);

/* What stands for a value that is not to be shown: the first 16 hex digits of the SHA-256 of its
 * text (nothing for a null), or of its JSON for a list or a map. 0 or -ENOMEM. */
#define VX_VALUE_HASH_DIGITS 16
int vx_value_hash(const struct vx_value *v, char ret[VX_VALUE_HASH_DIGITS + 1]);

/* `.keys`: the names below @v in byte order, and what stands at each.
 * vx_keys_list fills @ret with @v's names, allocated in @arena: a scalar child is a file, a map or
 * list child a directory, a scalar that is also a map a directory with a file `.value`. A name
 * that would be longer than 255 bytes is left out. 0 or -ENOMEM. */
struct vx_key_name {
	const char *name; /* %XX where a name cannot hold the byte */
	const struct vx_value *value;
	bool directory;
};
int vx_keys_list(struct vx_arena *arena, const struct vx_value *v, struct vx_key_name **ret,
                 size_t *ret_n);

/* The bytes of one key's file: the value and a newline; null is empty. NULL when out of memory. */
struct vx_bytes *vx_render_key(const struct vx_value *v);

/* The import graph as "json", "dot" or "svg"; -EINVAL for another word. */
int vx_render_graph(const struct vx_snapshot *s, const char *as, struct vx_bytes **ret,
                    struct vx_error *err);
