import IR
import Operators
import TestSupport
import Testing

/// Operators of ai.onnx.ml, with results that ONNX Runtime 1.31.1 gives.
@Suite("Classical machine learning")
struct LearnedOperatorTests {
  private let x = Tensor(floats: [1, 2, -3, 0.5, 0, 0], [3, 2])

  private func run(
    _ type: String, _ inputs: [Tensor], _ attributes: [Attribute], opset: Int = 1
  ) throws -> Tensor {
    let view = NodeView(
      label: type, attributes: attributes, inputs: inputs.map { _ in true }, outputs: [true])
    let op = try #require(
      try Registry.make(OperatorName(type, domain: "ai.onnx.ml"), opset: opset, view))
    return try #require(
      try evaluateConstant(op, label: type, inputs: inputs, outputs: 1)?.first)
  }

  private func text(_ name: String, _ value: String) -> Attribute {
    Attribute(name, .string(Array(value.utf8)))
  }

  @Test("Rows over their maximum, sum or length")
  func normalizer() throws {
    let results: [(String, [Float])] = [
      ("MAX", [0.5, 1, -6, 1, 0, 0]),
      ("L1", [0.33333334, 0.6666667, -0.85714287, 0.14285715, 0, 0]),
      ("L2", [0.4472136, 0.8944272, -0.9863939, 0.16439898, 0, 0]),
    ]
    for (norm, expected) in results {
      let y = try #require(try run("Normalizer", [x], [text("norm", norm)]).floats)
      #expect(zip(y, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(norm): \(y)")
    }
  }

  @Test("Features are scaled, cut to 0 and 1, put in where they are missing, joined and picked")
  func features() throws {
    let scaled = try run(
      "Scaler", [x], [Attribute("offset", .floats([1, 2])), Attribute("scale", .floats([2, 3]))])
    #expect(scaled.floats == [0, 0, -8, -4.5, -2, -6])
    #expect(
      try run("Binarizer", [x], [Attribute("threshold", .float(0.5))]).floats == [1, 1, 0, 0, 0, 0])
    let holes = Tensor(floats: [1, .nan, 2, 3], [2, 2])
    let filled = try run(
      "Imputer", [holes],
      [
        Attribute("imputed_value_floats", .floats([9, 8])),
        Attribute("replaced_value_float", .float(.nan)),
      ])
    #expect(filled.floats == [1, 8, 2, 3])
    let joined = try run(
      "FeatureVectorizer", [x, Tensor(floats: [7, 8, 9], [3, 1])],
      [Attribute("inputdimensions", .ints([3, 2]))])
    #expect(joined.dimensions == [3, 5])
    #expect(joined.floats == [1, 2, 0, 7, 0, -3, 0.5, 0, 8, 0, 0, 0, 0, 9, 0])
    let picked = try run("ArrayFeatureExtractor", [x, Tensor(int64: [1, 0, 1], [3])], [])
    #expect(picked.floats == [2, 1, 2, 0.5, -3, 0.5, 0, 0, 0])
    let row = try run(
      "ArrayFeatureExtractor", [Tensor(floats: [1, 2], [2]), Tensor(int64: [1], [1])], [])
    #expect(row.dimensions == [1, 1])
  }

  @Test("Weighted sums, and what becomes of them")
  func regressor() throws {
    let small = Tensor(floats: [0.1, 0.2, -0.3, 0.05, 0, 0], [3, 2])
    func run(_ transform: String) throws -> [Float] {
      try #require(
        try self.run(
          "LinearRegressor", [small],
          [
            Attribute("coefficients", .floats([1, 2, -1, 0.3])),
            Attribute("intercepts", .floats([0.1, 0.4])), Attribute("targets", .int(2)),
            text("post_transform", transform),
          ]
        ).floats)
    }
    func isNear(_ a: [Float], _ b: [Float]) -> Bool {
      zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 || $0.isNaN && $1.isNaN }
    }
    #expect(isNear(try run("NONE"), [0.6, 0.36, -0.1, 0.715, 0.1, 0.4]))
    #expect(
      isNear(
        try run("SOFTMAX"), [0.55971366, 0.44028637, 0.30682603, 0.69317394, 0.42555746, 0.5744425])
    )
    #expect(
      isNear(
        try run("PROBIT"), [0.2533535, -0.35847425, .nan, 0.5681068, -1.2817129, -0.2533535]))
  }

  /// Two trees over two features: one asks twice, one is a leaf.
  private func forest(_ mode: String, _ more: [Attribute]) throws -> [Float]? {
    let modes = [mode, mode, "LEAF", "LEAF", "LEAF", "LEAF"].map { Array($0.utf8) }
    return try run(
      "TreeEnsembleRegressor", [x],
      [
        Attribute("nodes_treeids", .ints([0, 0, 0, 0, 0, 1])),
        Attribute("nodes_nodeids", .ints([0, 1, 2, 3, 4, 0])),
        Attribute("nodes_featureids", .ints([0, 1, 0, 0, 0, 0])),
        Attribute("nodes_modes", .strings(modes)),
        Attribute("nodes_values", .floats([0, 0.5, 0, 0, 0, 0])),
        Attribute("nodes_truenodeids", .ints([1, 2, 0, 0, 0, 0])),
        Attribute("nodes_falsenodeids", .ints([4, 3, 0, 0, 0, 0])),
        Attribute("target_treeids", .ints([0, 0, 0, 1])),
        Attribute("target_nodeids", .ints([2, 3, 4, 0])),
        Attribute("target_ids", .ints([0, 0, 0, 0])),
        Attribute("target_weights", .floats([1, 2, 4, 10])),
        Attribute("n_targets", .int(1)),
      ] + more, opset: 3
    ).floats
  }

  @Test("Trees ask, their leaves vote")
  func trees() throws {
    #expect(try forest("BRANCH_LEQ", []) == [14, 11, 11])
    #expect(try forest("BRANCH_LT", []) == [14, 12, 14])
    #expect(try forest("BRANCH_LEQ", [text("aggregate_function", "AVERAGE")]) == [7, 5.5, 5.5])
    #expect(try forest("BRANCH_LEQ", [text("aggregate_function", "MIN")]) == [4, 1, 1])
    #expect(
      try forest("BRANCH_LEQ", [Attribute("base_values", .floats([100]))]) == [114, 111, 111])
    #expect(throws: ModelError.self) { try forest("BRANCH_ODD", []) }
  }

  @Test("Trees that go round in circles are refused")
  func circles() {
    #expect(throws: ModelError.self) {
      try run(
        "TreeEnsemble", [x],
        [
          Attribute("nodes_featureids", .ints([0])),
          Attribute("nodes_splits", .tensor(Tensor(floats: [1], [1]))),
          Attribute("nodes_modes", .tensor(Tensor(.uint8, [1], Storage([UInt8(0)])))),
          Attribute("nodes_truenodeids", .ints([0])), Attribute("nodes_falsenodeids", .ints([0])),
          Attribute("nodes_trueleafs", .ints([0])), Attribute("nodes_falseleafs", .ints([1])),
          Attribute("leaf_targetids", .ints([0])),
          Attribute("leaf_weights", .tensor(Tensor(floats: [1], [1]))),
          Attribute("tree_roots", .ints([0])), Attribute("n_targets", .int(1)),
        ], opset: 5)
    }
  }
}
