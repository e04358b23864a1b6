package import IR
import Kernels

/// The input and a mask that keeps everything; in training, elements dropped at random and the
/// others enlarged (https://onnx.ai/onnx/operators/onnx__Dropout.html).
package struct Dropout: Operator {
  package static let schema = Schema(
    "Dropout", opsets: 6...28,
    signature: """
      6: (T) -> (T, T?); <is_test: int = 0, ratio: float = 0.5>; T: floats
      7: <ratio: float = 0.5>
      10: (T) -> (T, T1?); T1: bool
      12: (T, T1?, T2?) -> (T, T2?); <seed: int>; T1: floats; T2: bool
      13: T + bfloat16
      22: T + float8; T1 + float8 bfloat16
      """)
  package static let traits = Traits(auxiliaryInputs: [1, 2])

  /// Whether the mask is of bools; before opset 10 it has the type of the data.
  private let maskIsBool: Bool
  private let outputs: Int
  private let mayTrain: Bool
  private let settings: RandomSettings
  /// The fraction that is dropped, where attributes ask for training (opset 6).
  private let ratio: Double?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    maskIsBool = opset >= 10
    outputs = node.outputs.count
    let isTest = opset < 7 ? try node.flag("is_test") : true
    mayTrain = !isTest || node.inputs.count > 2 && node.inputs[2]
    ratio = isTest ? nil : Double(try node.float("ratio", default: 0.5))
    settings = try RandomSettings(node)
  }

  package var isFoldable: Bool { !mayTrain }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let mask = TensorType(maskIsBool ? .bool : inputs.elementType(0), inputs.shape(0))
    return Array([Inferred(inputs.type(0)), Inferred(mask)].prefix(outputs))
  }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool {
    ratio == nil && (!mayTrain || inputs.integers(2) == [0])
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let training = try context.integers(2)
    if ratio != nil || training?.contains(where: { $0 != 0 }) ?? false {
      return try train(context)
    }
    let x = try context.input(0)
    try context.copy(as: x.shape)
    guard context.wants(1) else { return }
    let mask = try context.output(1, maskIsBool ? .bool : x.elementType, x.shape)
    var one: UInt8 = 1
    let filled = withUnsafeMutableBytes(of: &one) { bytes in
      fill(mask, with: Source(.bool, [], UnsafeRawBufferPointer(bytes)))
    }
    guard filled else { throw context.unsupportedTypes([0]) }
  }

  private func train(_ context: Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let given = try context.number(1)
    let ratio = ratio ?? given ?? 0.5
    guard ratio >= 0, ratio < 1 else {
      throw context.mismatch(1, expected: "a fraction in [0, 1)", found: "\(ratio)")
    }
    var generator = settings.generator(context.label)
    let mask = (0..<x.count).map { _ in ratio == 0 || generator.uniform() >= ratio }
    let values = zip(try context.numbers(0), mask).map { $1 ? $0 / (1 - ratio) : 0 }
    try context.write(values, x.elementType, x.shape)
    guard context.wants(1) else { return }
    let type = maskIsBool ? .bool : x.elementType
    try context.write(mask.map { $0 ? 1 : 0 }, output: 1, type, x.shape)
  }

  private func fill(_ mask: Target, with one: Source) -> Bool {
    var storage = 0.0
    return withUnsafeMutableBytes(of: &storage) { bytes in
      guard convert(one, into: Target(mask.scalar, [], bytes)) else { return false }
      let size = mask.scalar.size
      let value = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<size])
      return broadcastCopy(Source(mask.scalar, [], value), into: mask)
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0))], outputs: outputs)
  }
}

extension Dropout {
  package var gradient: Gradient {
    mayTrain || ratio != nil ? .none("it draws at random in training") : .passing
  }
}

extension Dropout {
  package static let revisions: [Revision] = [
    // The mask was of the data's type; one that nothing reads need not be given.
    Revision(10, up: leaveMask, down: leaveMask),
    .operand("ratio", becomes: 1, as: .ratio, from: 12),
    // Without training_mode there is nothing random that a seed could begin.
    Revision(
      12,
      down: { edit throws(ModelError) in
        if edit.input(2) != nil {
          guard edit.constant(2)?.integers == [0] else {
            throw edit.decline("training_mode came with operator set 12")
          }
          edit.setInput(2, nil)
        }
        edit.set("seed", nil)
      }),
  ]
  private static let leaveMask: Revision.Step = { edit throws(ModelError) in
    guard edit.graph[edit.node].outputs.count > 1 else { return }
    guard !edit.isRead(output: 1) else { throw edit.decline("its mask changed its type") }
    edit.truncateOutputs(to: 1)
  }
}
