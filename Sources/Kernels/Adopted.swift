private import Synchronization

/// Something that kernels have from somebody else, such as whose threads they use.
///
/// A closure that itself lay in the lock would be wrapped once more with each look at it, and so take
/// longer to call the more often it was looked at.
package final class Adopted<Value: Sendable>: Sendable {
  private struct Box: Sendable { let value: Value }

  private let held = Mutex<Box?>(nil)

  /// With nothing adopted.
  package init() {}

  /// What was adopted last; nil for nothing.
  package var value: Value? {
    get { held.withLock { $0 }?.value }
    set {
      let box = newValue.map { Box(value: $0) }
      held.withLock { $0 = box }
    }
  }
}
