import Execution
import IR
import Operators
import Passes
import Samples
import TestSupport
import Testing

extension Network {
  /// A weight whose elements have magnitudes from 0.5 to 1 and follow from its name; slices along
  /// `axis` are multiplied by `strengths`, so that these decide which slices matter.
  mutating func trained(
    _ name: String, _ shape: [Int], axis: Int = 0, strengths: [Float]? = nil
  ) -> ValueID {
    var seed: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { seed = (seed ^ UInt64(byte)) &* 0x100_0000_01b3 }
    var generator = SplitMix64(seed: seed)
    let inner = shape.dropFirst(axis + 1).reduce(1, *)
    let values = (0..<shape.reduce(1, *)).map { index -> Float in
      let magnitude = Float.random(in: 0.5...1, using: &generator)
      let strength = strengths.map { $0[index / inner % shape[axis]] } ?? 1
      return (Bool.random(using: &generator) ? magnitude : -magnitude) * strength
    }
    return constant(name, Tensor(floats: values, shape))
  }

  /// A convolution of stride 1 that keeps the spatial lengths, with weight `name.w` and bias
  /// `name.b`.
  mutating func conv(
    _ name: String, _ x: ValueID, _ from: Int, _ to: Int, kernel: Int = 1, group: Int = 1,
    strengths: [Float]? = nil, bias: Bool = true
  ) -> ValueID {
    var inputs: [ValueID?] = [
      x, trained("\(name).w", [to, from / group, kernel, kernel], strengths: strengths),
    ]
    if bias { inputs.append(trained("\(name).b", [to])) }
    let pad = kernel / 2
    return node(
      "Conv", name, inputs,
      [Attribute("pads", .ints([pad, pad, pad, pad])), Attribute("group", .int(group))])
  }

  /// A fully connected layer with its weight as [outputs, inputs].
  mutating func gemm(
    _ name: String, _ x: ValueID, _ from: Int, _ to: Int, strengths: [Float]? = nil
  ) -> ValueID {
    node(
      "Gemm", name,
      [x, trained("\(name).w", [to, from], strengths: strengths), trained("\(name).b", [to])],
      [Attribute("transB", .int(1))])
  }

  /// An integer constant.
  mutating func integers(_ name: String, _ values: [Int]) -> ValueID {
    constant(name, Tensor(int64: values, [values.count]))
  }

  /// A BatchNormalization with parameters that follow from its name.
  mutating func batchNormalization(_ name: String, _ x: ValueID, _ channels: Int) -> ValueID {
    let variance = (0..<channels).map { 0.5 + Float($0) / 4 }
    return node(
      "BatchNormalization", name,
      [
        x, trained("\(name).scale", [channels]), trained("\(name).bias", [channels]),
        trained("\(name).mean", [channels]),
        constant("\(name).var", Tensor(floats: variance, [channels])),
      ], [Attribute("epsilon", .float(1e-3))])
  }
}

extension Model {
  /// The constant called `name`.
  func constant(_ name: String) -> Tensor? {
    graph.value(named: name).flatMap { graph[$0].initializer }
  }

  /// The node called `name`.
  func node(_ name: String) throws -> Node {
    graph[try #require(graph.nodeIDs.first { graph[$0].name == name }, "node \(name)")]
  }

  /// The zero-point of the DequantizeLinear that gives a value.
  func zeroPoint(behind name: String) throws -> Tensor {
    let value = try #require(graph.value(named: name))
    let node = try #require(graph[value].producer)
    let zero = try #require(graph[node].inputs[2])
    return try #require(graph.constant(zero))
  }

  /// The constant that a node reads.
  func constant(of name: String, _ slot: Int) throws -> Tensor? {
    try node(name).inputs[slot].flatMap { graph.constant($0) }
  }

  /// The operators of all nodes, in order.
  var operators: [String] { graph.nodeIDs.map { graph[$0].type } }

  /// Results for seeded inputs.
  func run(seed: UInt64 = 1) throws -> [String: Tensor] {
    let shapes = try SampleShapes.first(for: self)
    return try Session(self).run(SeededInputs.make(for: graph, shapes: shapes, seed: seed))
  }
}

/// The simplification with these rules alone.
func rules(_ names: String..., growth: Int = 1 << 20) throws -> Simplification {
  try Simplification(FusionOptions(only: names, growthLimit: growth))
}

/// Runs one pass and checks what every pass must keep: invariants and results.
func apply(
  _ pass: any Pass, to model: Model, sourceLocation: SourceLocation = #_sourceLocation
) throws -> (model: Model, report: PassReport) {
  var result = model
  let reports = try PassManager([pass], verification: Verification()).run(&result)
  #expect(
    try Verification().check(model, result) != nil, "the result can be run",
    sourceLocation: sourceLocation)
  return (result, reports[0])
}

extension PruningPlan {
  /// The indices that stay of a weight along an axis; nil when it is not cut there.
  func kept(_ weight: String, axis: Int = 0) -> [Int]? {
    let slices = weights.filter { $0.weight == weight && $0.axis == axis }
    return slices.count == 1 && slices[0].kept.count == 1 ? slices[0].kept[0] : nil
  }

  /// Reasons for which channels of a weight stay.
  func reasons(_ weight: String) -> [String] { frozen.filter { $0.weight == weight }.map(\.reason) }
}

/// Prunes, and requires that the oracle ran, agreed, and had something to compare.
func prune(
  _ model: Model, ratio: Double = 0.5, sourceLocation: SourceLocation = #_sourceLocation,
  _ configure: (inout PruningOptions) -> Void = { _ in }
) throws -> Pruner.Result {
  var options = PruningOptions(target: .ratio(ratio))
  configure(&options)
  let result = try Pruner(model, options).prune()
  let difference = try #require(result.difference, sourceLocation: sourceLocation)
  #expect(difference < 1e-4, sourceLocation: sourceLocation)
  for (name, tensor) in try result.model.run() {
    #expect(
      tensor.floats?.contains { $0 != 0 } == true, "\(name) is not all zero",
      sourceLocation: sourceLocation)
  }
  return result
}
