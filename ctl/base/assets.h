/* assets.h - the page's files, embedded in the executable by scripts/embed.
 *
 * Generated at build time from web/; immutable. */
#ifndef BASE_ASSETS_H
#define BASE_ASSETS_H

struct asset {
	const char *path;	 /* "/core/socket.js"; the table's order */
	const char *type;	 /* Content-Type */
	const unsigned char *gz; /* gzip, for clients that take it */
	unsigned gz_len;
	const unsigned char *raw; /* as in the tree */
	unsigned raw_len;
	const char *hash; /* of the raw bytes, hex: the ETag */
};

/* Sorted by path (strcmp). */
extern const struct asset assets[];
extern const unsigned assets_n;

#endif
