package import IR
private import Kernels

/// The discrete Fourier transform along an axis; the last axis holds real and imaginary part, or
/// only the real part (https://onnx.ai/onnx/operators/onnx__DFT.html).
package struct DFT: Operator {
  package static let schema = Schema(
    "DFT", opsets: 17...28,
    signature: """
      17: (T1, T2?) -> T1; <axis: int = 1, inverse: int = 0, onesided: int = 0>;
        T1: floats bfloat16; T2: int32 int64
      20: (T1, T2?, int64?) -> T1; <inverse: int = 0, onesided: int = 0>
      """)
  package static let traits = Traits(auxiliaryInputs: [1, 2])
  /// The axis where it is an attribute, before opset 20.
  private let axis: Int?
  private let isInverse: Bool
  private let oneSided: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = opset < 20 ? try node.int("axis", default: 1) : nil
    isInverse = try node.flag("inverse")
    oneSided = try node.flag("onesided")
    if opset < 20, node.inputs.count > 2 {
      throw ModelError(
        .invalid, "\(node.label): expected 1 to 2 inputs, found \(node.inputs.count)")
    }
  }

  /// The axis made non-negative; the last one is none to transform.
  private func resolved(_ given: Int, rank: Int, label: String) throws(ModelError) -> Int {
    let axis = given < 0 ? given + rank : given
    guard rank >= 2, axis >= 0, axis < rank - 1 else {
      throw ModelError(
        .invalid, "\(label): expected an axis before the last of \(rank), found \(given)")
    }
    return axis
  }

  /// The length of the signal, and of the axis afterwards.
  private func lengths(_ given: Dimension?, axis: Dimension) -> (
    signal: Dimension, output: Dimension
  ) {
    let complete = isInverse && oneSided
    let signal = given ?? (complete ? (axis - 1) * 2 : axis)
    return (signal, oneSided && !isInverse ? signal.floorDivided(by: 2) + 1 : signal)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 2...Int.max)
    let type = inputs.elementType(0)
    guard var shape = inputs.shape(0) else { return [Inferred(type, nil)] }
    let last = shape.rank - 1
    shape[last] = isInverse && oneSided ? 1 : 2
    let given = axis ?? (inputs.has(2) ? inputs.knownIntegers(2)?.first : -2)
    guard let given else {
      return [Inferred(type, Shape([Dimension](repeating: .unknown, count: last) + [shape[last]]))]
    }
    let axis = try resolved(given, rank: shape.rank, label: inputs.label)
    let length = inputs.has(1) ? inputs.data(1)?.first ?? .unknown : nil
    shape[axis] = lengths(length, axis: shape[axis]).output
    return [Inferred(type, shape)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    guard let parts = x.shape.last, x.shape.count >= 2, (1...2).contains(parts) else {
      throw context.mismatch(0, expected: "a last axis of 1 or 2", found: "shape \(x.shape)")
    }
    let given = try context.integer(2)
    let axis = try resolved(axis ?? given ?? -2, rank: x.shape.count, label: context.label)
    let asked = try context.integer(1)
    let known = lengths(asked.map { .known($0) }, axis: .known(x.shape[axis]))
    guard let length = known.signal.value, let result = known.output.value, length > 0,
      length < 1 << 24
    else {
      throw context.mismatch(1, expected: "a length from 1 to 16777215", found: "\(known.signal)")
    }
    var shape = x.shape
    shape[axis] = result
    shape[shape.count - 1] = isInverse && oneSided ? 1 : 2
    var output = [Double](repeating: 0, count: try context.numberCount(shape))
    let values = try context.numbers(0)
    let transform = FourierTransform(length: length, isInverse: isInverse)
    let inner = x.shape[(axis + 1)..<(shape.count - 1)].reduce(1, *), width = shape.last ?? 2
    for line in 0..<x.shape[..<axis].reduce(1, *) * inner {
      let (outer, column) = line.quotientAndRemainder(dividingBy: inner)
      var signal = ComplexSignal(
        real: [Double](repeating: 0, count: length),
        imaginary: [Double](repeating: 0, count: length))
      for k in 0..<min(length, x.shape[axis]) {
        let place = ((outer * x.shape[axis] + k) * inner + column) * parts
        signal.real[k] = values[place]
        if parts == 2 { signal.imaginary[k] = values[place + 1] }
      }
      if isInverse, oneSided { complete(&signal) }
      let spectrum = transform(signal)
      for k in 0..<result {
        let place = ((outer * result + k) * inner + column) * width
        output[place] = spectrum.real[k]
        if width == 2 { output[place + 1] = spectrum.imaginary[k] }
      }
    }
    try context.write(output, x.elementType, shape)
  }

  /// Fills the second half of a spectrum whose signal is real.
  private func complete(_ signal: inout ComplexSignal) {
    let n = signal.count
    signal.imaginary[0] = 0
    if n % 2 == 0 { signal.imaginary[n / 2] = 0 }
    for k in n / 2 + 1..<max(n / 2 + 1, n) {
      signal.real[k] = signal.real[n - k]
      signal.imaginary[k] = -signal.imaginary[n - k]
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let rank = inputs.rank(0), rank >= 2,
      let given = axis ?? (inputs.has(2) ? inputs.knownIntegers(2)?.first : -2),
      let axis = try? resolved(given, rank: rank, label: inputs.label)
    else { return .barrier("the axis of the transform is not known") }
    return .alongside(inputs.shape(0), frozen: [axis, rank - 1], reason: "Fourier transform")
  }
}

extension DFT {
  package var gradient: Gradient { .none("its derivative is not written") }
}

extension DFT {
  package static let revisions: [Revision] = [
    Revision(
      20,
      up: { edit throws(ModelError) in edit.set("axis", .int(try edit.int("axis", default: 1))) },
      down: { edit throws(ModelError) in
        guard edit.attribute("axis") == nil else { return }
        guard let rank = edit.type(0).shape?.rank else {
          throw edit.decline("the axis before the last cannot be named, for the rank is not known")
        }
        edit.set("axis", .int(rank - 2))
      }),
    .operand("axis", becomes: 2, as: .scalar, from: 20),
  ]
}
