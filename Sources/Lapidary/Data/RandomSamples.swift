internal import IR

/// Seeded noise for a graph's inputs: the same on every machine.
///
/// Floating-point elements are normal with mean 0 and variance 1 (sums of twelve uniform numbers,
/// which need no rounding functions of the C library), integers are 0 to 3, truth values either.
struct RandomSamples {
  /// The number of samples; at least that many where the graph takes them in groups.
  let count: Int
  let seed: UInt64

  /// An array for each required input. Axes other than the first whose length is open have length 1.
  func arrays(
    for graph: Graph, label: String
  ) throws(ModelError) -> [(name: String, tensor: Tensor)] {
    let inputs = graph.requiredInputs
    let step = inputs.lazy.compactMap { firstLength($0) }.first { $0 > 0 } ?? 1
    let groups = (count - 1) / step + 1
    var arrays: [(name: String, tensor: Tensor)] = []
    for (index, input) in inputs.enumerated() {
      let name = graph[input.value].name
      guard let type = input.type?.tensor, let shape = type.shape else {
        throw ModelError(
          .request,
          "\(label): input '\(name)': expected a tensor of known rank, found"
            + " \(input.type.map { "\($0)" } ?? "no type")")
      }
      var dimensions = shape.dimensions.map { $0.value ?? 1 }
      var total = dimensions.isEmpty ? 1 : groups
      if !dimensions.isEmpty {
        let rows = groups.multipliedReportingOverflow(by: firstLength(input) ?? step)
        dimensions[0] = rows.overflow ? Int.max : rows.partialValue
        total = 1
      }
      for dimension in dimensions {
        let (product, overflow) = total.multipliedReportingOverflow(by: dimension)
        total = overflow ? Int.max : product
      }
      guard total <= 1 << 40 else {
        throw ModelError(
          .limit, "\(label): input '\(name)': expected at most 2^40 elements, found more")
      }
      var generator = SplitMix64(state: seed &+ UInt64(index) &* 0xD1B5_4A32_D192_ED03)
      guard let storage = noise(type.elementType, total, &generator) else {
        throw ModelError(
          .unsupported,
          "\(label): input '\(name)': expected numbers or truth values, found \(type.elementType)")
      }
      arrays.append((name, Tensor(type.elementType, dimensions, storage)))
    }
    return arrays
  }

  private func firstLength(_ input: ValueInfo) -> Int? {
    input.type?.tensor?.shape?.dimensions.first?.value
  }

  private func noise(
    _ type: ElementType, _ count: Int, _ generator: inout SplitMix64
  ) -> Storage? {
    switch type {
    case .float: Storage((0..<count).map { _ in generator.normal() })
    case .double: Storage((0..<count).map { _ in Double(generator.normal()) })
    case .float16: Storage((0..<count).map { _ in Float16(generator.normal()).bitPattern })
    case .bfloat16:
      Storage((0..<count).map { _ in UInt16(generator.normal().bitPattern >> 16) })
    case .bool: Storage((0..<count).map { _ in UInt8(generator.next() >> 63) })
    case .int8, .uint8: Storage((0..<count).map { _ in UInt8(generator.next() >> 62) })
    case .int16, .uint16: Storage((0..<count).map { _ in UInt16(generator.next() >> 62) })
    case .int32, .uint32: Storage((0..<count).map { _ in UInt32(generator.next() >> 62) })
    case .int64, .uint64: Storage((0..<count).map { _ in generator.next() >> 62 })
    default: nil
    }
  }
}

/// A small generator with 64 bits of state: https://prng.di.unimi.it/splitmix64.c
private struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A sum of twelve uniform numbers of 16 bits each, less its mean: variance 1.
  mutating func normal() -> Float {
    var sum: UInt64 = 0
    for _ in 0..<3 {
      let word = next()
      sum += (word & 0xFFFF) + (word >> 16 & 0xFFFF) + (word >> 32 & 0xFFFF) + (word >> 48)
    }
    // Each of the twelve numbers is half a step short of its mean.
    return (Float(sum) + 6) / 65536 - 6
  }
}
