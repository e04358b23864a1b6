internal import Kernels

/// Shares out work over the threads that kernels run on: calls `body` with consecutive ranges that
/// cover `0..<count`, on several threads when there are more than `grain` items.
///
/// `body` must write only to what belongs to its range; then the result does not depend on the
/// number of threads.
package func shareOut(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
  parallel(count, grain: grain, body)
}
