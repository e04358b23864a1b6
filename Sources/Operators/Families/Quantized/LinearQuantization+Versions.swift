import IR

extension Revision {
  /// Since opset 13 there may be a scale for each index of an axis.
  static let scalarParameters = Revision(
    13,
    down: { edit throws(ModelError) in
      guard edit.type(1).shape?.elementCount == .known(1) else {
        throw edit.decline("a scale for each channel came with operator set 13")
      }
      edit.set("axis", nil)
    })
}
