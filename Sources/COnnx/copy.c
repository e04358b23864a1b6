#define _GNU_SOURCE
#include "copy.h"

#include <unistd.h>

ssize_t lapidary_copy_range(int from, off_t start, int to, size_t count) {
  return copy_file_range(from, &start, to, NULL, count, 0);
}
