internal import Execution
internal import IR

/// A node whose primitive depends on the shapes and layouts of its operands: compiled at the first
/// sight of each combination, and kept.
final class PreparedStep: FastStep {
  /// Compiles the primitive for the operands of a call; nil where there is none.
  typealias Prepare = (FastCall) throws(ModelError) -> Prepared?

  private struct Entry {
    let types: [ElementType?]
    let shapes: [[Int]?]
    let arrangements: [(any Arrangement)?]
    let prepared: Prepared?
    let isSmall: Bool
  }

  /// More combinations than this are compiled again when they come back.
  static let limit = 16

  let readsLayouts: Bool
  private let types: Types
  private let prepare: Prepare
  private unowned let accelerator: Accelerator
  /// The most recent last.
  private var entries: [Entry] = []

  /// The element types of operands.
  enum Types {
    case floats
    /// 8-bit activations, first; what else there is, is constant.
    case bytes(Int)
  }

  /// - Parameter readsLayouts: false where the primitive wants row-major operands.
  init(
    _ accelerator: Accelerator, types: Types = .floats, readsLayouts: Bool = true,
    _ prepare: @escaping Prepare
  ) {
    self.accelerator = accelerator
    self.types = types
    self.readsLayouts = readsLayouts
    self.prepare = prepare
  }

  func takes(_ operands: [RuntimeTensor?]) -> Bool {
    switch types {
    case .floats: operands.allSatisfy { $0 == nil || $0?.elementType == .float }
    case .bytes(let count):
      operands.prefix(count).allSatisfy { $0?.elementType == .uint8 || $0?.elementType == .int8 }
    }
  }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    guard let entry = try entry(call), let prepared = entry.prepared else { return nil }
    let result = try accelerator.alone(when: entry.isSmall) { () throws(ModelError) in
      try prepared.run(call)
    }
    return result.map { [$0] }
  }

  private func entry(_ call: FastCall) throws(ModelError) -> Entry? {
    if let found = entries.lastIndex(where: { matches($0, call) }) { return entries[found] }
    let isSmall = call.isSmall()
    // A primitive's work is split when it is compiled.
    let made = try accelerator.alone(when: isSmall) { () throws(ModelError) in try prepare(call) }
    if entries.count == Self.limit { entries.removeFirst() }
    let entry = Entry(
      types: call.operands.map { $0?.elementType },
      shapes: call.operands.map { $0?.shape }, arrangements: call.operands.map { $0?.arrangement },
      prepared: made, isSmall: isSmall)
    entries.append(entry)
    return entry
  }

  private func matches(_ entry: Entry, _ call: FastCall) -> Bool {
    for index in call.operands.indices {
      let operand = call.operands[index]
      guard entry.arrangements[index] === operand?.arrangement,
        entry.types[index] == operand?.elementType,
        entry.shapes[index] == operand?.shape
      else { return false }
    }
    return true
  }
}
