import IR
import Operators
import Testing

/// Operators state what versions of the operator set changed in them.
@Suite("Revisions of operators") struct RevisionTests {
  /// What a signature says but for element types.
  private func form(_ signature: Signature) -> String {
    func operands(_ formals: [Signature.Formal]) -> String {
      formals.map { "\($0.isOptional)\($0.isVariadic)\($0.isHeterogeneous)" }
        .joined(separator: " ")
    }
    let attributes = signature.attributes.map {
      "\($0.name) \($0.kind) \($0.isRequired) \($0.defaultText ?? "-")"
    }
    return ([operands(signature.inputs), operands(signature.outputs)] + attributes.sorted())
      .joined(separator: "\n")
  }

  @Test("Each version that changed operands or attributes has a revision")
  func complete() {
    var changes = 0
    for op in Registry.names where op.domain.isEmpty {
      for opset in 8...OperatorSets.newest {
        guard let type = Registry.find(op, opset: opset),
          let old = Registry.signature(of: op, opset: opset - 1),
          let new = Registry.signature(of: op, opset: opset), form(old) != form(new)
        else { continue }
        changes += 1
        #expect(
          type.revisions.contains { $0.opset == opset },
          "\(op) changed with operator set \(opset)")
      }
    }
    #expect(changes > 60)
  }

  @Test("Revisions stand in ascending order, from 8 on")
  func order() {
    for op in Registry.names {
      for range in Registry.opsets(of: op) {
        let versions = Registry.find(op, opset: range.upperBound)?.revisions.map(\.opset) ?? []
        // Counting from the end may stand before what changed an attribute later, and came with 11.
        #expect(versions.allSatisfy { (8...OperatorSets.newest).contains($0) }, "\(op)")
      }
    }
  }

  @Test("The newest operator set is the one that operators know")
  func newest() {
    let last = Registry.names.filter(\.domain.isEmpty).flatMap { Registry.opsets(of: $0) }
      .map(\.upperBound).max()
    #expect(last == OperatorSets.newest)
  }
}
