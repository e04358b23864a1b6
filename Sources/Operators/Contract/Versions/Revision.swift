/// What a version of ONNX's operator set changed in an operator, and how a node says the same on the
/// other side of the change.
///
/// An operator's file states one for each version that changed more than the element types it
/// takes. Both ways either say the same or throw the reason why the node cannot be said there.
package struct Revision: Sendable {
  /// Rewrites the node that an edit stands at.
  package typealias Step = VersionEdit.Step

  /// The first version of the operator set with the change.
  package let opset: Int
  /// From the version before to this one.
  package let up: Step
  /// From this version to the one before.
  package let down: Step
  /// Says a node that may be spelled in several ways in the way that both versions have; throws where
  /// that takes what is not known. None for most changes.
  package let even: Step?

  /// - Parameters:
  ///   - up: how a node is rewritten from the version before. Unchanged by default.
  ///   - down: how a node is rewritten to the version before. Unchanged by default.
  ///   - even: how a node is spelled in the way that both versions have. Nothing by default.
  package init(
    _ opset: Int, up: @escaping Step = { _ in }, down: @escaping Step = { _ in }, even: Step? = nil
  ) {
    self.opset = opset
    self.even = even
    self.up = up
    self.down = down
  }
}

/// How an operator went from one version of ONNX's operator set to the next.
package protocol VersionFacet {
  /// The versions from 8 on that changed what a node has to say, in ascending order; of several for
  /// one version the first is applied first on the way up and last on the way down. None by default,
  /// for operators of which only the element types changed.
  static var revisions: [Revision] { get }

  /// Says a node in the words of a more general operator, so that both spellings can be compared;
  /// throws where that takes what is not known. None by default.
  static var generalization: VersionEdit.Step? { get }
}

extension VersionFacet {
  package static var revisions: [Revision] { [] }
  package static var generalization: VersionEdit.Step? { nil }
}
