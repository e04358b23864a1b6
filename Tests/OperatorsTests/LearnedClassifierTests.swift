import IR
import Operators
import TestSupport
import Testing

/// Classifiers of ai.onnx.ml, with results that ONNX Runtime 1.31.1 gives.
@Suite("Classifiers")
struct LearnedClassifierTests {
  private let x = Tensor(floats: [1, 2, -3, 0.5, 0, 0, 0.1, -0.2], [4, 2])

  private func run(
    _ type: String, _ attributes: [Attribute], outputs: Int = 2
  ) throws -> [Tensor] {
    let view = NodeView(
      label: type, attributes: attributes, inputs: [true],
      outputs: [Bool](repeating: true, count: outputs))
    let op = try #require(
      try Registry.make(OperatorName(type, domain: "ai.onnx.ml"), opset: 3, view))
    if let op = op as? any ValueOperator {
      let call = Call(
        label: type, inputs: [.tensor(x)], outputs: [Bool](repeating: true, count: outputs))
      return try op.evaluate(call).compactMap { $0?.tensor }
    }
    return try #require(try evaluateConstant(op, label: type, inputs: [x], outputs: outputs))
  }

  private func text(_ name: String, _ value: String) -> Attribute {
    Attribute(name, .string(Array(value.utf8)))
  }

  private func near(_ tensor: Tensor, _ expected: [Float]) -> Bool {
    guard let found = tensor.floats, found.count == expected.count else { return false }
    return zip(found, expected).allSatisfy { abs($0 - $1) < 2e-5 }
  }

  @Test("Sums of features name a class; one sum speaks for the second of two")
  func linear() throws {
    func classify(_ transform: String, _ coefficients: [Float], _ intercepts: [Float]) throws
      -> [Tensor]
    {
      try run(
        "LinearClassifier",
        [
          Attribute("coefficients", .floats(coefficients)),
          Attribute("intercepts", .floats(intercepts)),
          Attribute("classlabels_ints", .ints(Array([4, 9, 7].prefix(max(2, intercepts.count))))),
          text("post_transform", transform),
        ])
    }
    let one = try classify("NONE", [0.5, 0.25], [0.1])
    #expect(one[0].integers == [9, 4, 9, 9])
    #expect(near(one[1], [-0.1, 1.1, 2.275, -1.275, 0.9, 0.1, 0.9, 0.1]))
    let logistic = try classify("LOGISTIC", [0.5, 0.25], [0.1])
    #expect(
      near(
        logistic[1],
        [0.24974, 0.75026, 0.781597, 0.218403, 0.475021, 0.524979, 0.475021, 0.524979]))
    let three = try classify("SOFTMAX", [0.5, 0.25, -0.5, 0.3, 0.1, 0.7], [0.1, -0.1, 0])
    #expect(three[0].integers == [7, 9, 4, 4])
    #expect(
      near(
        Tensor(floats: Array(three[1].floats?.prefix(3) ?? []), [3]), [0.35402, 0.117843, 0.528136])
    )
  }

  private func trees(
    _ classes: [Int], _ weights: [Float], _ count: Int, _ transform: String, base: [Float] = []
  ) throws -> [Tensor] {
    func words(_ name: String, _ values: [String]) -> Attribute {
      Attribute(name, .strings(values.map { Array($0.utf8) }))
    }
    return try run(
      "TreeEnsembleClassifier",
      [
        Attribute("nodes_treeids", .ints([0, 0, 0, 1, 1, 1])),
        Attribute("nodes_nodeids", .ints([0, 1, 2, 0, 1, 2])),
        Attribute("nodes_featureids", .ints([0, 0, 0, 1, 0, 0])),
        Attribute("nodes_values", .floats([0, 0, 0, 1, 0, 0])),
        words("nodes_modes", ["BRANCH_LEQ", "LEAF", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF"]),
        Attribute("nodes_truenodeids", .ints([1, 0, 0, 1, 0, 0])),
        Attribute("nodes_falsenodeids", .ints([2, 0, 0, 2, 0, 0])),
        Attribute("class_treeids", .ints([0, 0, 1, 1])),
        Attribute("class_nodeids", .ints([1, 2, 1, 2])), Attribute("class_ids", .ints(classes)),
        Attribute("class_weights", .floats(weights)),
        Attribute("classlabels_int64s", .ints(Array([10, 20, 30].prefix(count)))),
        Attribute("base_values", .floats(base)), text("post_transform", transform),
      ])
  }

  @Test("Trees vote for classes")
  func trees() throws {
    let positive: [Float] = [0.2, 0.3, 0.25, 0.45], mixed: [Float] = [-0.2, 0.3, 0.25, 0.45]
    let single = try trees([0, 0, 0, 0], positive, 2, "NONE")
    #expect(single[0].integers == [20, 10, 10, 20])
    #expect(near(single[1], [0.25, 0.75, 0.55, 0.45, 0.55, 0.45, 0.45, 0.55]))
    let signed = try trees([0, 0, 0, 0], mixed, 2, "LOGISTIC", base: [0.1])
    #expect(signed[0].integers == [20, 20, 20, 20])
    #expect(
      near(
        signed[1], [0.29943, 0.70057, 0.46257, 0.53743, 0.46257, 0.53743, 0.34299, 0.65701]))
    let second = try trees([1, 1, 1, 1], mixed, 2, "NONE")
    #expect(near(second[1], [0, 0.75, 0, 0.05, 0, 0.05, 0, 0.55]))
    let both = try trees([0, 1, 0, 1], positive, 2, "NONE")
    #expect(near(both[1], [0, 0.75, -0.45, 0.45, -0.45, 0.45, 0.25, 0.3]))
    let three = try trees([0, 1, 2, 1], positive, 3, "SOFTMAX_ZERO")
    #expect(three[0].integers == [20, 30, 30, 20])
    #expect(
      near(
        three[1], [0, 1, 0, 0.4875, 0, 0.5125, 0.4875, 0, 0.5125, 0, 0.5125, 0.4875]))
    let based = try trees([0, 1, 2, 1], mixed, 3, "NONE", base: [0.1, 0.2, -0.3])
    #expect(based[0].integers == [20, 20, 20, 20])
    #expect(
      near(
        based[1],
        [0.1, 0.95, -0.3, -0.1, 0.2, -0.05, -0.1, 0.2, -0.05, 0.1, 0.5, -0.05]))
  }

  @Test("Categories become places")
  func oneHot() throws {
    let y = try run("OneHotEncoder", [Attribute("cats_int64s", .ints([0, 1, -3]))], outputs: 1)[0]
    #expect(y.dimensions == [4, 2, 3])
    #expect(
      y.floats
        == [0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0])
    #expect(throws: ModelError.self) {
      try run(
        "OneHotEncoder", [Attribute("cats_int64s", .ints([0])), Attribute("zeros", .int(0))],
        outputs: 1)
    }
  }

  @Test("Support vectors under each kernel")
  func support() throws {
    let results: [(String, [Float])] = [
      ("RBF", [0.932425, 0.195942, 0.093355, 0.12055]),
      ("SIGMOID", [0.902452, -0.626793, 0.2799, 0.215029]),
    ]
    for (kernel, expected) in results {
      let parameters: [Float] = kernel == "RBF" ? [0.5, 0, 3] : [0.5, 0.1, 2]
      let y = try run(
        "SVMRegressor",
        [
          text("kernel_type", kernel), Attribute("kernel_params", .floats(parameters)),
          Attribute("n_supports", .int(2)),
          Attribute("support_vectors", .floats([1, 2, -1, 0.5])),
          Attribute("coefficients", .floats([0.7, -0.4])), Attribute("rho", .floats([0.25])),
        ], outputs: 1)[0]
      #expect(near(y, expected), "\(kernel): \(y.floats ?? [])")
    }
  }

  /// One classifier of two classes, of which the second has two support vectors.
  private func supported(_ kernel: String, _ transform: String, likely: Bool) throws -> [Tensor] {
    try run(
      "SVMClassifier",
      [
        text("kernel_type", kernel), Attribute("kernel_params", .floats([0.5, 0.1, 2])),
        Attribute("vectors_per_class", .ints([1, 2])),
        Attribute("support_vectors", .floats([1, 2, -1, 0.5, 0.5, -1])),
        Attribute("coefficients", .floats([0.7, -0.4, -0.6])), Attribute("rho", .floats([0.25])),
        Attribute("classlabels_ints", .ints([4, 9])), text("post_transform", transform),
        Attribute("prob_a", .floats(likely ? [-1.5] : [])),
        Attribute("prob_b", .floats(likely ? [0.2] : [])),
      ])
  }

  @Test("Support vectors of two classes, under each kernel")
  func twoSupported() throws {
    let results: [(String, String, Bool, [Int], [Float])] = [
      (
        "LINEAR", "NONE", false, [4, 9, 4, 9],
        [-4.65, 4.65, 1.25, -1.25, -0.25, 0.25, 0.03, -0.03]
      ),
      (
        "POLY", "LOGISTIC", false, [4, 9, 4, 4],
        [0.008797, 0.991203, 0.702504, 0.297496, 0.438562, 0.561438, 0.444881, 0.555119]
      ),
      (
        "RBF", "SOFTMAX", true, [4, 4, 9, 9],
        [0.630279, 0.369721, 0.511648, 0.488352, 0.432944, 0.567056, 0.425177, 0.574823]
      ),
      (
        "SIGMOID", "NONE", false, [4, 9, 4, 4],
        [-1.245454, 1.245454, 0.197015, -0.197015, -0.2201, 0.2201, -0.082262, 0.082262]
      ),
    ]
    for (kernel, transform, likely, labels, expected) in results {
      let y = try supported(kernel, transform, likely: likely)
      #expect(y[0].integers == labels, "\(kernel)")
      #expect(near(y[1], expected), "\(kernel): \(y[1].floats ?? [])")
    }
  }

  @Test("Support vectors of three classes vote; probabilities of pairs become those of classes")
  func threeSupported() throws {
    let results: [(String, Bool, [Float])] = [
      (
        "NONE", false,
        [
          0.926543, 0.210364, 0.210297, 0.195516, -0.097037, 0.12095, -0.227802, 0.098376,
          0.078508, -0.281642, 0.057159, -0.145851,
        ]
      ),
      (
        "NONE", true,
        [
          0.520581, 0.221258, 0.258161, 0.325834, 0.361864, 0.312303, 0.284533, 0.438087, 0.27738,
          0.270083, 0.431264, 0.298653,
        ]
      ),
    ]
    for (transform, likely, expected) in results {
      let y = try run(
        "SVMClassifier",
        [
          text("kernel_type", "RBF"), Attribute("kernel_params", .floats([0.5, 0.1, 2])),
          Attribute("vectors_per_class", .ints([1, 2, 1])),
          Attribute("support_vectors", .floats([1, 2, -1, 0.5, 0.5, -1, 0, 1])),
          Attribute("coefficients", .floats([0.7, -0.4, -0.6, 0.3, 0.2, 0.5, -0.9, 0.4])),
          Attribute("rho", .floats([0.25, -0.1, 0.05])),
          Attribute("classlabels_ints", .ints([4, 9, 7])), text("post_transform", transform),
          Attribute("prob_a", .floats(likely ? [-1.5, -2, -0.5] : [])),
          Attribute("prob_b", .floats(likely ? [0.2, 0, -0.3] : [])),
        ])
      #expect(y[0].integers == [4, 4, 9, 4])
      #expect(near(y[1], expected), "\(y[1].floats ?? [])")
    }
  }
}
