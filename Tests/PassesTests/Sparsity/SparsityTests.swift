import IR
import Passes
import Samples
import TestSupport
import Testing

/// Weights made sparse, with the zeros counted in the result.
@Suite struct SparsityTests {
  private func sparsify(
    _ model: Model, _ target: SparsityOptions.Target,
    _ configure: (inout SparsityOptions) -> Void = { _ in }
  ) throws -> Sparsifier.Result {
    var options = SparsityOptions(target: target)
    configure(&options)
    let result = try Sparsifier(model, options).sparsify()
    _ = try result.model.run()
    return result
  }

  /// A product with the weight's elements given, contracted over the rows.
  private func product(_ values: [Float], _ shape: [Int], name: String = "w") -> Model {
    var net = Network()
    let x = net.input("x", [3, .known(shape[0])])
    net.output(
      net.node("MatMul", "product", [x, net.constant(name, Tensor(floats: values, shape))]))
    return net.model()
  }

  private func floats(_ model: Model, _ name: String = "w") throws -> [Float] {
    try #require(model.constant(name)?.floats)
  }

  @Test("A ratio takes the smallest magnitudes of a weight, of equal ones those further back")
  func ratio() throws {
    let result = try sparsify(product([1, -2, 3, 0.5, -4, 2, 2, 6], [4, 2]), .ratio(0.5))
    #expect(try floats(result.model) == [0, -2, 3, 0, -4, 0, 0, 6])
    let mask = try #require(result.plan.weights.first)
    #expect(mask.zerosBefore == 0)
    #expect(mask.zeros == 4)
    // Bits 1, 2, 4 and 7.
    #expect(mask.mask == "lg==")
  }

  @Test("Elements that were zero count, and the same again changes nothing")
  func zerosBefore() throws {
    let first = try sparsify(product([0, -2, 3, 0.5, -4, 2, 1, 6], [4, 2]), .ratio(0.5))
    #expect(first.plan.weights.map(\.zerosBefore) == [1])
    #expect(first.plan.weights.map(\.zeros) == [4])
    let second = try sparsify(first.model, .ratio(0.5))
    #expect(try floats(second.model) == floats(first.model))
    #expect(second.plan.weights.map(\.zerosBefore) == [4])
  }

  @Test("A pattern leaves two of every four along the axis summed over")
  func patternOfProduct() throws {
    // Columns (1 5 2 9 7 3) and (8 1 6 2 0 4): fours, and what is left keeps two.
    let values: [Float] = [1, 8, 5, 1, 2, 6, 9, 2, 7, 0, 3, 4]
    let result = try sparsify(product(values, [6, 2]), .pattern(kept: 2, of: 4))
    #expect(try floats(result.model) == [0, 8, 5, 0, 0, 6, 9, 0, 7, 0, 3, 4])
    let one = try sparsify(product(values, [6, 2]), .pattern(kept: 1, of: 3))
    #expect(try floats(one.model) == [0, 8, 5, 0, 0, 0, 9, 0, 0, 0, 0, 4])
  }

  @Test("A convolution's pattern runs along its input channels, a transposed Gemm's along its rows")
  func patternOfConvolution() throws {
    var net = Network()
    let x = net.input("x", [1, 4, 3, 3])
    // One output, four channels, two places of the kernel.
    let w = net.constant(
      "w", Tensor(floats: [1, 8, 2, 7, 3, 6, 4, 5], [1, 4, 1, 2]))
    let a = net.node("Conv", "conv", [x, w, net.trained("b", [1])])
    let flat = net.node("Flatten", "flat", [a])
    let g = net.constant(
      "g", Tensor(floats: [6, 5, 4, 3, 2, 1, 1, 2, 3, 4, 5, 6], [2, 6]))
    net.output(net.node("Gemm", "gemm", [flat, g], [Attribute("transB", .int(1))]))
    let result = try sparsify(net.model(), .pattern(kept: 2, of: 4))
    #expect(try floats(result.model, "w") == [0, 8, 0, 7, 3, 0, 4, 0])
    #expect(try floats(result.model, "g") == [6, 5, 0, 0, 2, 1, 0, 0, 3, 4, 5, 6])
    #expect(try floats(result.model, "b") != [0])
    #expect(result.plan.weights.map(\.axis) == [1, 1])
  }

  @Test(
    "Every form: convolutions, grouped and transposed, products, recurrent layers; not depthwise")
  func forms() throws {
    var net = Network()
    let x = net.input("x", [1, 4, 4, 4])
    let a = net.conv("conv", x, 4, 8, kernel: 3)
    let b = net.conv("grouped", a, 8, 8, group: 2)
    let c = net.conv("depthwise", b, 8, 8, kernel: 3, group: 8)
    let d = net.node(
      "ConvTranspose", "transposed", [c, net.trained("transposed.w", [8, 4, 1, 1])])
    let steps = net.node("Reshape", "steps", [d, net.integers("to", [16, 1, 4])])
    let hidden = net.nodes(
      "GRU", "gru", [steps, net.trained("gru.w", [1, 12, 4]), net.trained("gru.r", [1, 12, 4])],
      [Attribute("hidden_size", .int(4))], outputs: 2)[1]
    let flat = net.node("Flatten", "flat", [hidden])
    net.output(net.gemm("gemm", flat, 4, 4))
    let model = net.model()
    for target in [SparsityOptions.Target.pattern(kept: 2, of: 4), .ratio(0.5)] {
      let result = try sparsify(model, target)
      #expect(
        result.plan.weights.map(\.weight)
          == ["conv.w", "grouped.w", "transposed.w", "gru.w", "gru.r", "gemm.w"])
      for mask in result.plan.weights {
        let tensor = try #require(result.model.constant(mask.weight))
        let values = try #require(tensor.floats)
        #expect(values.count { $0 == 0 } == mask.zeros, "\(mask.weight)")
        #expect(mask.zeros * 2 == values.count, "\(mask.weight)")
        guard case .pattern = target else { continue }
        let inner = tensor.dimensions[(mask.axis + 1)...].reduce(1, *)
        let length = tensor.dimensions[mask.axis]
        for place in 0..<values.count / length {
          let start = place / inner * length * inner + place % inner
          for first in stride(from: 0, to: length, by: 4) {
            let kept = (first..<min(first + 4, length)).count { values[start + $0 * inner] != 0 }
            #expect(kept <= 2, "\(mask.weight)")
          }
        }
      }
      #expect(result.model.constant("depthwise.w") == model.constant("depthwise.w"))
      #expect(result.model.constant("conv.b") == model.constant("conv.b"))
    }
  }

  @Test("Global scope takes the smallest of all weights")
  func global() throws {
    var net = Network()
    let x = net.input("x", [3, 2])
    let first = net.node(
      "MatMul", "first", [x, net.constant("a", Tensor(floats: [1, 2, 3, 4], [2, 2]))])
    net.output(
      net.node(
        "MatMul", "second", [first, net.constant("b", Tensor(floats: [5, 6, 2, 7], [2, 2]))]))
    let result = try sparsify(net.model(), .ratio(0.25)) { $0.competition = .global }
    #expect(try floats(result.model, "a") == [0, 2, 3, 4])
    // Of the two twos the one further back.
    #expect(try floats(result.model, "b") == [5, 6, 0, 7])
  }

  @Test("Wanda weighs by the norm of what an element is multiplied with, for each output by itself")
  func wanda() throws {
    // Channel 0 is ten times channel 1: the greater weight on channel 1 goes.
    let model = product([1, 3, 5, 100], [2, 2])
    var options = SparsityOptions(target: .ratio(0.5))
    options.importance = .wanda
    var sparsifier = try Sparsifier(model, options)
    let sample = Tensor(floats: [10, 1, 10, -1, -10, 1], [3, 2])
    try sparsifier.calibrate(on: SampleRun(samples: [["x": sample]]))
    let result = try sparsifier.sparsify()
    #expect(try floats(result.model) == [1, 0, 0, 100])
    #expect(throws: ModelError.self) { try Sparsifier(model, options).sparsify() }
  }

  @Test("Wanda finds the channels of a grouped convolution")
  func wandaOfGroups() throws {
    var net = Network()
    let x = net.input("x", [1, 4, 1, 1])
    let w = net.constant("w", Tensor(floats: [1, 2, 2, 1], [2, 2, 1, 1]))
    net.output(net.node("Conv", "conv", [x, w], [Attribute("group", .int(2))]))
    var options = SparsityOptions(target: .ratio(0.5))
    options.importance = .wanda
    var sparsifier = try Sparsifier(net.model(), options)
    // Group 0 reads channels 0 and 1 of norms 3 and 1, group 1 channels 2 and 3 of norms 1 and 3.
    let sample = Tensor(floats: [3, 1, 1, 3], [1, 4, 1, 1])
    try sparsifier.calibrate(on: SampleRun(samples: [["x": sample]]))
    #expect(try floats(try sparsifier.sparsify().model) == [1, 0, 0, 1])
  }

  @Test("A weight that two products read is one; one that is looked up too stays as it is")
  func shared() throws {
    var net = Network()
    let x = net.input("x", [2, 4])
    let twice = net.trained("twice", [4, 4])
    let a = net.node("MatMul", "a", [x, twice])
    let b = net.node("MatMul", "b", [a, twice])
    let table = net.trained("table", [4, 4])
    let indices = net.integers("indices", [0, 3])
    let rows = net.node("Gather", "lookup", [table, indices])
    net.output(net.node("Add", "sum", [net.node("MatMul", "c", [b, table]), rows]))
    let result = try sparsify(net.model(), .ratio(0.5))
    #expect(result.plan.weights.map(\.weight) == ["twice"])
    #expect(result.plan.left.map(\.weight) == ["table"])
    #expect(result.plan.left[0].reason.contains("lookup"))
    #expect(try floats(result.model, "twice").count { $0 == 0 } == 8)
  }

  @Test("Kept by name, node or operator; a plan replays, for its model only")
  func keepAndReplay() throws {
    let model = product([1, -2, 3, 0.5], [2, 2])
    for pattern in ["w", "prod*", "MatMul"] {
      let result = try sparsify(model, .ratio(0.5)) { $0.keep = [pattern] }
      #expect(result.plan.weights.isEmpty)
      #expect(result.plan.left.map(\.reason) == ["kept as asked by '\(pattern)'"])
    }
    let sparsifier = try Sparsifier(model, SparsityOptions(target: .ratio(0.5)))
    let result = try sparsifier.sparsify(modelHash: "one")
    let plan = try SparsityPlan(json: try result.plan.json())
    #expect(plan == result.plan)
    let again = try sparsifier.apply(plan, modelHash: "one")
    #expect(try floats(again.model) == floats(result.model))
    #expect(throws: ModelError.self) { try sparsifier.apply(plan, modelHash: "another") }
    var wrong = plan
    wrong.weights[0].mask = ""
    #expect(throws: ModelError.self) { try sparsifier.apply(wrong, modelHash: "one") }
  }

  @Test("Numbers out of range are refused")
  func refused() {
    let model = product([1, 2], [1, 2])
    #expect(throws: ModelError.self) { try Sparsifier(model, SparsityOptions(target: .ratio(1.5))) }
    #expect(throws: ModelError.self) {
      try Sparsifier(model, SparsityOptions(target: .pattern(kept: 5, of: 4)))
    }
    for text in ["2", "2:", ":4", "5:4", "0:0", "2:4:8", "-1:4", "a:b"] {
      #expect(SparsityOptions.Target(pattern: text) == nil, "\(text)")
    }
  }
}
