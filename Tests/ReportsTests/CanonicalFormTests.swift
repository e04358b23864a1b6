import IR
import Reports
import TestSupport
import Testing

@Suite("Canonical text") struct CanonicalFormTests {
  private func text(_ model: Model) -> String { CanonicalForm.of(model).text() }

  @Test("does not depend on names, order, or where constants stand")
  func exporters() {
    let plain = text(Network.residual())
    #expect(plain == text(Network.residual { $0.constantNodes = ["conv1.w", "conv2.b"] }))
    #expect(plain.contains("v0 = Conv"))
    let twins = Network.twins(), other = Network.twins(order: [2, 0, 1])
    #expect(CanonicalForm.of(twins).text().count == CanonicalForm.of(other).text().count)
    #expect(text(Network.residual(prefix: "")) == text(renamed(Network.residual(prefix: "o/"))))
  }

  /// The model with the names of its open lengths as the other has them.
  private func renamed(_ model: Model) -> Model {
    var model = model
    let reference = Network.residual()
    for (index, info) in reference.graph.inputs.enumerated() {
      model.graph.setInputType(index, info.type)
    }
    for (index, info) in reference.graph.outputs.enumerated() {
      model.graph.setOutputType(index, info.type)
    }
    return model
  }

  @Test("computes the same")
  func same() {
    let model = Network.residual()
    let report = diff(model, CanonicalForm.of(model))
    #expect(!report.differs)
    #expect(report.matchedNodes == 5)
  }

  @Test("bodies keep what they read from outside")
  func bodies() {
    let model = DiffSubgraphTests.conditional()
    #expect(!diff(model, CanonicalForm.of(model)).differs)
  }

  @Test("the text without weights has neither elements nor digests")
  func noWeights() {
    let text = Network.residual().text(.noWeights)
    #expect(text.contains("float[4,4,3,3] \"conv1.w\" = {...}"))
    #expect(!Network.residual().text(.full).contains("..."))
  }
}
