package import IR
private import Kernels

/// Numbers from a start, by a step, up to a limit
/// (https://onnx.ai/onnx/operators/onnx__Range.html).
package struct RangeOf: Operator {
  package static let schema = Schema(
    "Range", opsets: 11...28,
    signature: """
      11: (T, T, T) -> T; T: float int16 int32 int64 double
      27: <stash_type: int = 1>; T + float16 bfloat16
      """)
  package static let traits = Traits(auxiliaryInputs: [0, 1, 2], keepsFloat: true)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.elementType(0)
    let open = [Inferred(type, Shape([Dimension.unknown]))]
    guard let start = inputs.data(0)?.first, let limit = inputs.data(1)?.first,
      let step = inputs.data(2)?.first
    else {
      guard let start = inputs[0]?.constant?.doubles?.first,
        let limit = inputs[1]?.constant?.doubles?.first,
        let step = inputs[2]?.constant?.doubles?.first
      else { return open }
      return [Inferred(type, Shape([try count(start, limit, step, inputs.label)]))]
    }
    if let start = start.value, let limit = limit.value, let step = step.value {
      let count = try count(start, limit, step, inputs.label)
      let data = count <= 1024 ? (0..<count).map { Dimension.known(start &+ $0 &* step) } : nil
      return [Inferred(type, Shape([count]), data: data)]
    }
    guard let step = step.value, step != 0 else { return open }
    let span = step > 0 ? limit - start : start - limit
    // Lengths are not negative, so that a range from 0 to one has just as many numbers.
    let nonNegative = step > 0 && start == .known(0) ? span : Dimension.maximum(.known(0), span)
    guard step != .min else { return open }
    return [Inferred(type, Shape([nonNegative.ceilDivided(by: .known(abs(step)))]))]
  }

  /// The number of integers.
  private func count(
    _ start: Int, _ limit: Int, _ step: Int, _ label: String
  ) throws(ModelError) -> Int {
    guard step != 0 else {
      throw ModelError(.invalid, "\(label): expected a step other than 0, found 0")
    }
    guard step > 0 ? limit > start : limit < start else { return 0 }
    let (span, overflow) =
      step > 0
      ? limit.subtractingReportingOverflow(start) : start.subtractingReportingOverflow(limit)
    guard !overflow else { throw tooLong(label) }
    return Int(UInt(span - 1) / step.magnitude) + 1
  }

  /// The number of fractions.
  private func count(
    _ start: Double, _ limit: Double, _ step: Double, _ label: String
  ) throws(ModelError) -> Int {
    let count = ((limit - start) / step).rounded(.up)
    guard count < Double(1 << 40) else { throw tooLong(label) }
    guard !count.isNaN else {
      throw ModelError(.invalid, "\(label): expected a step other than 0, found \(step)")
    }
    return max(0, Int(max(count, 0)))
  }

  private func tooLong(_ label: String) -> ModelError {
    ModelError(.limit, "\(label): expected a range that fits in memory, found a longer one")
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let type = try context.input(0).elementType
    for index in 0..<3 {
      let view = try context.input(index)
      guard view.count == 1, view.elementType == type else {
        throw context.mismatch(
          index, expected: "one \(type)", found: "\(TensorType(view.elementType, view.shape))")
      }
    }
    switch type {
    case .float: try fractions(&context, Float.self)
    case .double: try fractions(&context, Double.self)
    default:
      let start = try context.requiredIntegers(0)[0]
      let limit = try context.requiredIntegers(1)[0]
      let step = try context.requiredIntegers(2)[0]
      let count = try count(start, limit, step, context.label)
      let y = try context.output(0, type, [count])
      func fill<T: FixedWidthInteger>(_ elements: UnsafeMutableBufferPointer<T>) {
        for i in 0..<count { elements[i] = T(truncatingIfNeeded: start &+ i &* step) }
      }
      switch type {
      case .int64: fill(y.elements(Int64.self))
      case .int32: fill(y.elements(Int32.self))
      case .int16: fill(y.elements(Int16.self))
      default: throw context.unsupportedTypes([0])
      }
    }
  }

  private func fractions<T: BinaryFloatingPoint>(
    _ context: inout Evaluation, _ type: T.Type
  ) throws(ModelError) {
    let start = try context.input(0).elements(T.self)[0]
    let limit = try context.input(1).elements(T.self)[0]
    let step = try context.input(2).elements(T.self)[0]
    let count = try count(Double(start), Double(limit), Double(step), context.label)
    let y = try context.output(0, context.input(0).elementType, [count]).elements(T.self)
    for i in 0..<count { y[i] = start + T(i) * step }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    ChannelRule([])
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "works on shapes")
  }
}

extension RangeOf {
  package var gradient: Gradient { .zero }
}

extension RangeOf {
  package static let revisions: [Revision] = [
    .additive(27)
  ]
}
