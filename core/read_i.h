/* read_i.h - what docs.c, reader.c and the readers of the formats share; for those alone.
 *
 * A reader makes raw values, whose maps have keys as they are written, and hands over each
 * document; reader.c builds the tree and takes the activation out. */
#pragma once

#include "core/docs.h"
#include "core/tree.h"

struct vx_reader {
	const char *bytes; /* without a byte order mark */
	size_t len;
	const struct vx_doc_limits *limits;
	struct vx_docs *docs;    /* under construction; texts live in its arena */
	struct vx_arena scratch; /* raw collections; gone when the file is read */
	struct vx_tree tree;
	size_t values; /* read so far, aliases expanded */
	struct vx_error *err;
};

int vx_read_yaml(struct vx_reader *r);
int vx_read_json(struct vx_reader *r);
int vx_read_properties(struct vx_reader *r);

/* Count @n more values. 0 or -E2BIG. */
int vx_reader_count(struct vx_reader *r, size_t n, uint32_t line);

/* 0 if a collection may stand @depth deep (the root is 1), else -E2BIG. */
int vx_reader_deep(const struct vx_reader *r, uint32_t depth, uint32_t line);

/* Append @item to the raw list @list, which may not be shared yet. 0 or -ENOMEM. */
int vx_reader_append(struct vx_reader *r, struct vx_value *list, struct vx_value *item);

/* Put @value under the literal key in the raw map @map. 0, -EBADMSG the key stands there already or
 * has a NUL, -ENOMEM. */
int vx_reader_set(struct vx_reader *r, struct vx_value *map, const char *key, size_t len,
                  struct vx_value *value, uint32_t line);

/* Add a document: the raw value of one, or a tree that was built already. */
int vx_reader_document(struct vx_reader *r, const struct vx_value *raw);
int vx_reader_finish(struct vx_reader *r, struct vx_value *root);

/* The line, from 1, of the byte at @offset. */
uint32_t vx_reader_line(const struct vx_reader *r, size_t offset);
