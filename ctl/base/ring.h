/* ring.h - single-producer, single-consumer rings of fixed records.
 *
 * A thin dress over Concurrency Kit's ck_ring: one thread puts, another takes,
 * nobody blocks. RING_DEFINE(event, struct engine_event) makes struct
 * event_ring and
 *
 *   int event_ring_init(struct event_ring *r, unsigned size);
 *     'size' is a power of two; one slot stays empty. 0 or -ENOMEM.
 *   void event_ring_fini(struct event_ring *r);
 *   bool event_ring_put(struct event_ring *r, const struct engine_event *in);
 *     false: full.
 *   struct engine_event *event_ring_reserve(struct event_ring *r);
 *   void event_ring_commit(struct event_ring *r);
 *     the same in two steps, for large records: written in their place, which
 *     is NULL when it is full.
 *   unsigned event_ring_used(const struct event_ring *r);
 *     the producer's: there are no more than that, as the other may take.
 *   bool event_ring_take(struct event_ring *r, struct engine_event *out);
 *     false: empty. What the producer wrote before its put is visible. */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <ck_ring.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* CK orders memory by inline assembly, which ThreadSanitizer cannot see. It is
 * told: a put releases, a take acquires, and reading a slot is no race. */
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
#define RING_RELEASE(r)	  __tsan_release(r)
#define RING_ACQUIRE(r)	  __tsan_acquire(r)
#define RING_READ_BEGIN() AnnotateIgnoreReadsBegin(__FILE__, __LINE__)
#define RING_READ_END()	  AnnotateIgnoreReadsEnd(__FILE__, __LINE__)
#else
#define RING_RELEASE(r)	  ((void)0)
#define RING_ACQUIRE(r)	  ((void)0)
#define RING_READ_BEGIN() ((void)0)
#define RING_READ_END()	  ((void)0)
#endif

#define RING_DEFINE(name, type)                                                \
	struct name##_record {                                                 \
		type value;                                                    \
	};                                                                     \
	CK_RING_PROTOTYPE(name##_record, name##_record)                        \
	struct name##_ring {                                                   \
		ck_ring_t ring;                                                \
		struct name##_record *records;                                 \
	};                                                                     \
	static inline int name##_ring_init(struct name##_ring *r,              \
					   unsigned size)                      \
	{                                                                      \
		r->records = calloc(size, sizeof(*r->records));                \
		if (!r->records)                                               \
			return -ENOMEM;                                        \
		ck_ring_init(&r->ring, size);                                  \
		return 0;                                                      \
	}                                                                      \
	static inline void name##_ring_fini(struct name##_ring *r)             \
	{                                                                      \
		free(r->records);                                              \
		r->records = NULL;                                             \
	}                                                                      \
	static inline type *name##_ring_reserve(struct name##_ring *r)         \
	{                                                                      \
		struct name##_record *slot =                                   \
			ck_ring_enqueue_reserve_spsc_##name##_record(          \
				&r->ring, r->records);                         \
                                                                               \
		return slot ? &slot->value : NULL;                             \
	}                                                                      \
	static inline void name##_ring_commit(struct name##_ring *r)           \
	{                                                                      \
		RING_RELEASE(r);                                               \
		ck_ring_enqueue_commit_spsc(&r->ring);                         \
	}                                                                      \
	/* Not every ring is asked, or put to in one step. */                  \
	__attribute__((unused)) static inline unsigned name##_ring_used(       \
		const struct name##_ring *r)                                   \
	{                                                                      \
		return ck_ring_size(&r->ring);                                 \
	}                                                                      \
	__attribute__((unused)) static inline bool name##_ring_put(            \
		struct name##_ring *r, const type *in)                         \
	{                                                                      \
		type *slot = name##_ring_reserve(r);                           \
                                                                               \
		if (!slot)                                                     \
			return false;                                          \
		*slot = *in;                                                   \
		name##_ring_commit(r);                                         \
		return true;                                                   \
	}                                                                      \
	static inline bool name##_ring_take(struct name##_ring *r, type *out)  \
	{                                                                      \
		struct name##_record record;                                   \
		bool taken;                                                    \
                                                                               \
		RING_READ_BEGIN();                                             \
		taken = ck_ring_dequeue_spsc_##name##_record(                  \
			&r->ring, r->records, &record);                        \
		RING_READ_END();                                               \
		if (!taken)                                                    \
			return false;                                          \
		RING_ACQUIRE(r);                                               \
		*out = record.value;                                           \
		return true;                                                   \
	}

#endif
