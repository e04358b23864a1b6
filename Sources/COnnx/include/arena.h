#ifndef LAPIDARY_ARENA_H
#define LAPIDARY_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

/// Memory of one unpacked message, freed as a whole.
///
/// Small allocations come one after the other from chunks and are freed with the arena. Large ones
/// are 64-byte aligned, so that tensors can be used where they lie, and may be freed early.
typedef struct lapidary_arena lapidary_arena;

/// Makes an arena that hands out at most `live_limit` bytes at a time, and at most `total_limit`
/// bytes over its life, which also bounds the work of merging repeated sub-messages. Beyond that
/// allocations fail. Returns NULL when memory is short.
lapidary_arena *lapidary_arena_create(size_t live_limit, size_t total_limit);

/// Frees everything that the arena handed out.
void lapidary_arena_destroy(lapidary_arena *arena);

/// The allocator to give to protobuf-c; it lives as long as the arena.
ProtobufCAllocator *lapidary_arena_allocator(lapidary_arena *arena);

/// Whether an allocation has failed because of a limit.
int lapidary_arena_exhausted(const lapidary_arena *arena);

#endif
