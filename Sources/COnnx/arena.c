#include "arena.h"

#include <stdint.h>
#include <stdlib.h>

enum {
  /// Alignment of small allocations, and the room before each for its header.
  HEADER = 16,
  /// Alignment of large allocations, and the room before each for its links.
  LINKS = 64,
  /// Where an allocation counts as large.
  LARGE = 32 << 10,
  CHUNK = 256 << 10,
};

/// A piece of memory from which small allocations are cut.
struct chunk {
  struct chunk *next;
  size_t padding;
};

/// What precedes a large allocation.
struct block {
  struct block *previous, *next;
  size_t size;
};

struct lapidary_arena {
  ProtobufCAllocator allocator;
  struct chunk *chunks;
  uint8_t *free_start, *free_end;
  struct block *blocks;
  size_t live, total, live_limit, total_limit;
  int exhausted;
};

/// The block that an allocation belongs to, NULL for small ones: it lies right before the bytes.
static struct block **header(void *bytes) {
  return (struct block **)(void *)((uint8_t *)bytes - HEADER);
}

static void *allocate_large(lapidary_arena *arena, size_t size) {
  if (size > SIZE_MAX - 2 * LINKS) return NULL;
  void *memory = aligned_alloc(LINKS, (LINKS + size + LINKS - 1) & ~(size_t)(LINKS - 1));
  if (!memory) return NULL;
  struct block *block = memory;
  *block = (struct block){NULL, arena->blocks, size};
  if (arena->blocks) arena->blocks->previous = block;
  arena->blocks = block;
  void *bytes = (uint8_t *)memory + LINKS;
  *header(bytes) = block;
  return bytes;
}

static void *allocate_small(lapidary_arena *arena, size_t size) {
  size_t room = HEADER + ((size + HEADER - 1) & ~(size_t)(HEADER - 1));
  if ((size_t)(arena->free_end - arena->free_start) < room) {
    struct chunk *chunk = malloc(CHUNK);
    if (!chunk) return NULL;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->free_start = (uint8_t *)(chunk + 1);
    arena->free_end = (uint8_t *)chunk + CHUNK;
  }
  void *bytes = arena->free_start + HEADER;
  arena->free_start += room;
  *header(bytes) = NULL;
  return bytes;
}

static void *allocate(void *data, size_t size) {
  lapidary_arena *arena = data;
  if (size > arena->live_limit - arena->live || size > arena->total_limit - arena->total) {
    arena->exhausted = 1;
    return NULL;
  }
  void *bytes = size >= LARGE ? allocate_large(arena, size) : allocate_small(arena, size);
  if (bytes) {
    arena->live += size;
    arena->total += size;
  } else {
    arena->exhausted = 1;
  }
  return bytes;
}

static void release(void *data, void *bytes) {
  lapidary_arena *arena = data;
  if (!bytes) return;
  struct block *block = *header(bytes);
  if (!block) return;
  if (block->previous) block->previous->next = block->next;
  else arena->blocks = block->next;
  if (block->next) block->next->previous = block->previous;
  arena->live -= block->size;
  free(block);
}

lapidary_arena *lapidary_arena_create(size_t live_limit, size_t total_limit) {
  lapidary_arena *arena = calloc(1, sizeof *arena);
  if (!arena) return NULL;
  arena->allocator = (ProtobufCAllocator){allocate, release, arena};
  arena->live_limit = live_limit;
  arena->total_limit = total_limit;
  return arena;
}

void lapidary_arena_destroy(lapidary_arena *arena) {
  for (struct chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
    next = chunk->next;
    free(chunk);
  }
  for (struct block *block = arena->blocks, *next; block; block = next) {
    next = block->next;
    free(block);
  }
  free(arena);
}

ProtobufCAllocator *lapidary_arena_allocator(lapidary_arena *arena) { return &arena->allocator; }

int lapidary_arena_exhausted(const lapidary_arena *arena) { return arena->exhausted; }
