import Execution
import Foundation
import IR
import ONNXFile
import Samples
import TestSupport
import Testing

/// How many graphs are compared: `DIFFERENTIAL_GRAPHS=20000` for a search.
private let graphs =
  ProcessInfo.processInfo.environment["DIFFERENTIAL_GRAPHS"].flatMap(Int.init) ?? 600
/// The seed of the first of them.
private let first =
  ProcessInfo.processInfo.environment["DIFFERENTIAL_SEED"].flatMap(UInt64.init) ?? 1
/// A folder for graphs, their inputs and results, which `Benchmarks/differential.py` reads.
private let folder = ProcessInfo.processInfo.environment["DIFFERENTIAL_FOLDER"]

/// Seeds whose graphs the backends may disagree on, and why.
private let explained: [UInt64: String] = [
  6319: "a sum whose products are beyond the largest float: infinite where products are not rounded"
    + " before they are added, no number where they are",
  9575: "sums of products of the largest float, which a Clip without a bound makes of infinities",
  16827: "sums of products of the largest float, as 9575",
  15845: "a sum of numbers of 1e30 that comes to 1e27",
  15927: "a sum of numbers of which a Relu leaves 0 or 1e-6",
  19593: "an average of numbers that cancel to 1e-7",
  20443: "a sum whose products are beyond the largest float, as 6319",
]

/// Random graphs of all families of operators, run by both backends.
@Suite("Backends on random graphs")
struct DifferentialTests {
  @Test("values, infinities and what is no number are the same")
  func random() throws {
    var compared = 0, found: Set<String> = []
    for seed in first..<first + UInt64(graphs) where explained[seed] == nil {
      var maker = RandomModel(seed: seed)
      let model = maker.model()
      guard !model.graph.outputs.isEmpty else { continue }
      if let folder { try write(model, maker.inputs, "\(folder)/\(seed)") }
      let reference: [String: Tensor]
      do {
        reference = try Session(model, options: SessionOptions(backend: .reference)).run(
          maker.inputs)
      } catch {
        Issue.record("seed \(seed): \(error)")
        continue
      }
      let accelerated = try Session(model).run(maker.inputs)
      for (name, expected) in reference {
        let result = try #require(accelerated[name])
        let disagreement = Self.disagreement(expected, result, isExtreme: maker.isExtreme)
        if let disagreement {
          Issue.record("seed \(seed), output '\(name)': \(disagreement)")
        }
        compared += 1
      }
      found.formUnion(model.graph.nodeIDs.map { model.graph[$0].op.type })
      if let folder {
        try write(values(of: model, maker.inputs), "\(folder)/\(seed)/values.npz")
      }
    }
    #expect(compared > graphs / 2)
    // Few graphs have few operators.
    if graphs >= 400 { #expect(found.count > 80, "\(found.sorted())") }
  }

  /// What is different, in words; nil where nothing is.
  static func disagreement(_ a: Tensor, _ b: Tensor, isExtreme: Bool) -> String? {
    guard a.type == b.type else { return "expected \(a.type), found \(b.type)" }
    guard a.elementType == .float || a.elementType == .double, let x = a.doubles,
      let y = b.doubles
    else {
      return a == b || isWithinOne(a, b) ? nil : "elements of \(a.type) differ"
    }
    // Rounding is relative to the numbers that were added up, of which the largest result tells.
    let scale = x.reduce(1e-3) { $1.isFinite && abs($1) < 1e6 ? max($0, abs($1)) : $0 }
    for (place, (p, q)) in zip(x, y).enumerated() {
      let isSame =
        p.isFinite && q.isFinite
        ? abs(p - q) <= 1e-4 * max(abs(p), scale) : p == q || p.isNaN && q.isNaN
      if !isSame { return "element \(place) of \(a.type): expected \(p), found \(q)" }
    }
    return nil
  }

  /// Whether bytes differ by the last of their bits at most: where a sum lies in the middle between
  /// two, a zero-point that is added before or after rounding decides.
  private static func isWithinOne(_ a: Tensor, _ b: Tensor) -> Bool {
    guard a.elementType == .uint8 || a.elementType == .int8, let x = a.integers,
      let y = b.integers
    else { return false }
    return zip(x, y).allSatisfy { abs($0 - $1) <= 1 }
  }

  /// What each node computes.
  private func values(of model: Model, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
    var whole = model
    for id in model.graph.nodeIDs {
      for value in model.graph[id].outputs.compactMap({ $0 }) where !model.graph.isOutput(value) {
        whole.graph.addOutput(ValueInfo(value, type: nil))
      }
    }
    return try Session(whole, options: SessionOptions(backend: .reference)).run(inputs)
  }

  private func write(_ model: Model, _ inputs: [String: Tensor], _ folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try ONNXFile.write(model, to: "\(folder)/model.onnx")
    try write(inputs, "\(folder)/inputs.npz")
  }

  private func write(_ tensors: [String: Tensor], _ path: String) throws {
    // NumPy has no type for these.
    let tensors = tensors.filter { $0.value.elementType != .bfloat16 }
    try NPZ.write(
      tensors.sorted { $0.key < $1.key }.map { (name: $0.key, tensor: $0.value) }, to: path)
  }
}
