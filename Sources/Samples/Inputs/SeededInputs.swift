public import IR

/// A small random number generator whose sequence follows from its seed alone (SplitMix64).
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts the sequence that belongs to `seed`.
  public init(seed: UInt64) { state = seed }

  /// The next number of the sequence.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number of mean 0 and variance 1, nearly normal: the sum of twelve uniform ones. It takes no
  /// function of the C library, so it is the same on every machine.
  public mutating func normal() -> Float {
    var sum = 0
    for _ in 0..<3 {
      let bits = next()
      for shift in stride(from: 0 as UInt64, to: 64, by: 16) { sum += Int(bits >> shift & 0xffff) }
    }
    // Twelve values with mean 32767.5 each.
    return Float(Double(sum - 393_210) / 65_536)
  }
}

/// Random inputs that follow from a seed, for comparing two graphs.
public enum SeededInputs {
  /// Which numbers inputs are made of.
  public enum Values: CaseIterable, Sendable {
    /// Floats nearly standard normal, integers from 0 to 3.
    case noise
    /// The noise's magnitudes and a half more, integers all 1: scales, lengths and repeats.
    case positive
    /// Floats as before, integers all 0: axes and indices.
    case least
  }

  /// Inputs for every input that the graph requires: numbers and truth values.
  ///
  /// - Parameter shapes: the shape of each required input, in order (`SampleShapes`).
  public static func make(
    for graph: Graph, shapes: [[Int]], seed: UInt64, _ values: Values = .noise
  ) throws(ModelError) -> [String: Tensor] {
    var inputs: [String: Tensor] = [:]
    for (index, (info, shape)) in zip(graph.requiredInputs, shapes).enumerated() {
      let name = graph[info.value].name
      // Each input has its own sequence, so that one more input does not change the others.
      var generator = SplitMix64(seed: seed &+ UInt64(index) &* 0xd1b5_4a32_d192_ed03)
      let type = info.type?.tensor?.elementType ?? .undefined
      guard let tensor = make(type, shape, &generator, values) else {
        throw ModelError(
          .unsupported,
          "input '\(name)': expected numbers or truth values that fit in memory, found \(type)\(shape)"
        )
      }
      inputs[name] = tensor
    }
    return inputs
  }

  /// A random tensor of the given type; nil for types other than numbers and truth values, and for
  /// more elements than fit in memory.
  public static func make(
    _ elementType: ElementType, _ dimensions: [Int], _ generator: inout SplitMix64,
    _ values: Values = .noise
  ) -> Tensor? {
    var count = 1
    for length in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow, product >= 0, product <= 1 << 34 else { return nil }
      count = product
    }
    func fill<T: BitwiseCopyable>(_ next: (inout SplitMix64) -> T) -> Tensor {
      Tensor(elementType, dimensions, Storage((0..<count).map { _ in next(&generator) }))
    }
    func real(_ generator: inout SplitMix64) -> Float {
      values == .noise ? generator.normal() : abs(generator.normal()) + 0.5
    }
    func whole(_ generator: inout SplitMix64) -> UInt64 {
      switch values {
      case .noise: generator.next() & 3
      case .positive: 1
      case .least: 0
      }
    }
    switch elementType {
    case .float: return fill { real(&$0) }
    case .double: return fill { Double(real(&$0)) }
    case .float16: return fill { Float16(real(&$0)) }
    case .bfloat16: return fill { UInt16(real(&$0).bitPattern >> 16) }
    case .int8, .uint8: return fill { UInt8(whole(&$0)) }
    case .int16, .uint16: return fill { UInt16(whole(&$0)) }
    case .int32, .uint32: return fill { UInt32(whole(&$0)) }
    case .int64, .uint64: return fill { whole(&$0) }
    case .bool: return fill { UInt8($0.next() & 1) }
    default: return nil
    }
  }
}
