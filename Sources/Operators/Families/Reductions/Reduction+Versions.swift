import IR

extension Revision {
  /// Since the version no axes may mean that nothing is reduced (`noop_with_empty_axes`).
  static func namedAxes(_ opset: Int) -> Revision {
    Revision(
      opset,
      down: { edit throws(ModelError) in
        guard
          try edit.int("noop_with_empty_axes", default: 0) == 0
            || edit.constant(1).map({ $0.count > 0 }) ?? false
        else { throw edit.decline("noop_with_empty_axes came with operator set \(opset)") }
        edit.set("noop_with_empty_axes", nil)
      })
  }
}
