#ifndef LAPIDARY_COPY_H
#define LAPIDARY_COPY_H

#include <stddef.h>
#include <sys/types.h>

/// Copies bytes of one file to where another is written to, without a detour through this process
/// (Linux's `copy_file_range`, which Swift's Glibc does not show).
///
/// Returns the number of bytes copied, or -1 with the reason in `errno`.
ssize_t lapidary_copy_range(int from, off_t start, int to, size_t count);

#endif
