package import IR
import Kernels

/// Every element between two bounds (https://onnx.ai/onnx/operators/onnx__Clip.html). Up to opset 10
/// the bounds are attributes, from 11 on optional scalar inputs. An absent bound is the largest number
/// of its sign, so that infinities become that.
package struct Clip: Operator {
  package static let schema = Schema(
    "Clip", opsets: 6...28,
    signature: """
      6: (T) -> T; <max: float = 3.4028235e+38, min: float = -3.4028235e+38>; T: floats
      11: (T, T?, T?) -> T; <>
      12: T + integers
      13: T + bfloat16
      """)
  package static let traits = Traits(auxiliaryInputs: [1, 2])

  /// The bounds given as attributes; nil where they are inputs.
  let fixed: ClosedRange<Float>?

  package var conditioning: Conditioning { .relative }

  package var computation: Computation? { .clamp(fixed) }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    guard opset < 11 else {
      fixed = nil
      return
    }
    let low = try node.float("min", default: -Float.greatestFiniteMagnitude)
    let high = try node.float("max", default: Float.greatestFiniteMagnitude)
    guard low <= high else {
      throw node.mismatch("max", expected: "at least the minimum \(low)", found: "\(high)")
    }
    fixed = low...high
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.type(0), data: data(inputs))]
  }

  /// Lengths between bounds that are lengths.
  private func data(_ inputs: Inputs) -> [Dimension]? {
    guard fixed == nil, var data = inputs.shapeData(0) else { return nil }
    for (index, combine) in [(1, Dimension.maximum), (2, Dimension.minimum)] where inputs.has(index)
    {
      guard let bound = inputs.data(index)?.first else { return nil }
      data = data.map { combine($0, bound) }
    }
    return data
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let y = try context.output(0, context.input(0).elementType, x.shape)
    let low = try bound(context, 1), high = try bound(context, 2)
    switch x.scalar {
    case .float, .double:
      let largest =
        x.scalar == .double
        ? Double.greatestFiniteMagnitude : Double(Float.greatestFiniteMagnitude)
      var bounds = (-largest, largest)
      if let fixed {
        bounds = (Double(fixed.lowerBound), Double(fixed.upperBound))
      } else {
        bounds.0 = try value(context, low) ?? bounds.0
        bounds.1 = try value(context, high) ?? bounds.1
      }
      guard unary(.clip(bounds.0, bounds.1), x, into: y) else {
        throw context.unsupportedTypes([0])
      }
    default:
      // Integers do not go through floating point, which cannot hold all of them.
      guard fixed == nil else { throw context.unsupportedTypes([0]) }
      y.bytes.copyMemory(from: x.bytes)
      let result = Source(y.scalar, y.shape, UnsafeRawBufferPointer(y.bytes))
      for (function, bound) in [(BinaryFunction.maximum, low), (.minimum, high)] {
        guard let bound else { continue }
        guard binary(function, result, bound, into: y) else {
          throw context.unsupportedTypes([0, 1, 2])
        }
      }
    }
  }

  /// A bound given as an input, as a scalar.
  private func bound(_ context: Evaluation, _ index: Int) throws(ModelError) -> Source? {
    guard context.optional(index) != nil else { return nil }
    let source = try context.source(index)
    guard source.count == 1 else {
      throw context.mismatch(index, expected: "one element", found: "shape \(source.shape)")
    }
    return Source(source.scalar, [], source.bytes)
  }

  private func value(_ context: Evaluation, _ bound: Source?) throws(ModelError) -> Double? {
    guard let bound else { return nil }
    var value = 0.0
    let converted = withUnsafeMutableBytes(of: &value) {
      convert(bound, into: Target(.double, [], $0))
    }
    guard converted else { throw context.unsupportedTypes([0, 1, 2]) }
    return value
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0))], outputs: outputs)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    if let fixed { return .clamp(fixed) }
    var bounds = [-Float.infinity, Float.infinity]
    for index in 1...2 where inputs.has(index) {
      guard let value = inputs[index]?.constant?.doubles?.first else {
        return .float(reason: "the bounds of Clip are not constant")
      }
      bounds[index - 1] = Float(value)
    }
    guard bounds[0] <= bounds[1] else { return .float(reason: "the bounds of Clip cross") }
    return .clamp(bounds[0]...bounds[1])
  }
}

extension Clip {
  package var gradient: Gradient {
    .rule { [fixed] call throws(ModelError) in
      let g = try call.cotangent(0), y = try call.output(0)
      func bound(_ slot: Int, _ other: Double) -> Double? {
        guard call.has(slot) else { return other }
        return call.facts[slot]?.constant?.doubles?.first
      }
      let low = fixed.map { Double($0.lowerBound) } ?? bound(1, -Double.infinity)
      let high = fixed.map { Double($0.upperBound) } ?? bound(2, Double.infinity)
      if let low, let high, low <= high, !call.builder.isPortable {
        return [call.builder.clipSlope(g, y, low, high)]
      }
      let above = call.has(1) ? y.isAbove(try call.input(1)) : y.isAbove(low ?? -.infinity)
      let below = call.has(2) ? y.isBelow(try call.input(2)) : y.isBelow(high ?? .infinity)
      return [above.and(below).select(g)]
    }
  }
}

extension Clip {
  package static let revisions: [Revision] = [
    // Absent bounds are those of the element type now; before they were those of a float.
    Revision(
      11,
      up: { edit throws(ModelError) in
        guard edit.type(0).elementType == .double else { return }
        for (name, bound) in [
          ("min", -Float.greatestFiniteMagnitude), ("max", Float.greatestFiniteMagnitude),
        ] where edit.attribute(name) == nil { edit.set(name, .float(bound)) }
      }),
    .operand("min", becomes: 1, as: .number, from: 11),
    .operand("max", becomes: 2, as: .number, from: 11),
  ]
}
