/*
 * toml++ behind one function. The answer is a run of bytes and not a tree of pointers, because one process writes it and another
 * reads it: Configuration's TreeReader, which trusts nothing in it.
 */
#ifndef CTOML_H
#define CTOML_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How deep keys and lists may be nested. */
#define CTOML_DEPTH_LIMIT 64

/*
 * Parses `count` bytes of UTF-8. Returns the answer, which the caller frees with free(3), and its length; NULL when there is no memory
 * for it. No exception leaves this function, but toml++ asserts on a few damaged files, which terminates the process.
 *
 * All numbers are little-endian; lines and columns start at 1, and a column counts code points.
 *
 *   answer   'T' table                      | 'E' u32 line (0: no place), u32 column, text of the message
 *   value    u32 line, u32 column, u8 kind, content
 *   content  'b' u8                         | 'i' i64                | 'n' u64, the bits of the double
 *            's' text                       | 'd', a date or time    | 'l' u32 count, value...
 *            't' table
 *   table    u32 count, (text of the key, value)...                    in the order of the file
 *   text     u32 length, bytes
 *
 * The place of a member of a table is the place of its key where the file first mentions it. The place of an element of a list is its
 * own. The place of an element of an array of tables is the last key in its header.
 */
unsigned char *ctoml_parse(const char *text, size_t count, size_t *answer_count);

#ifdef __cplusplus
}
#endif

#endif
