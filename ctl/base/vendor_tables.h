/* vendor_tables.h - what scripts/vendors generates and vendor.c searches. */
#ifndef BASE_VENDOR_TABLES_H
#define BASE_VENDOR_TABLES_H

#include <stdint.h>

/* prefix << 16 | number of the name; sorted. By length of prefix, in bits. */
extern const uint64_t vendor_rows24[], vendor_rows28[], vendor_rows36[];
extern const unsigned vendor_rows24_n, vendor_rows28_n, vendor_rows36_n;
/* Where a name begins in the pool, by its number. */
extern const uint32_t vendor_name_at[];
extern const char vendor_names[];

#endif
