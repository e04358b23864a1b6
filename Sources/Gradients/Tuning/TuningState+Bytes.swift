public import IR

/// A state as bytes, so that a run goes on bit for bit where it stopped.
extension TuningState {
  private static let magic: [UInt8] = Array("lapidary tuning 1\n".utf8)

  /// The bytes.
  ///
  /// - Parameter key: says to what run the state belongs.
  public func encoded(key: [UInt8]) -> [UInt8] {
    var bytes = Self.magic
    func put(_ value: UInt64, _ bytes: inout [UInt8]) {
      withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
    put(UInt64(key.count), &bytes)
    bytes += key
    for value in [step, steps, bestStep, weights.count] { put(UInt64(value), &bytes) }
    for value in [factor, before, bestLoss] { put(value.bitPattern, &bytes) }
    for index in weights.indices {
      put(UInt64(weights[index].count), &bytes)
      for list in [weights[index], moments[index], squares[index], best[index]] {
        list.withUnsafeBytes { bytes += $0 }
      }
    }
    return bytes
  }

  /// Reads a state.
  ///
  /// - Throws: `ModelError` where the bytes are no state, or one of another run.
  public init(_ bytes: [UInt8], key: [UInt8], label: String) throws(ModelError) {
    var rest = bytes[...]
    func damaged(_ expected: String) -> ModelError {
      ModelError(.malformed, "\(label): expected \(expected), found other bytes")
    }
    func number() throws(ModelError) -> UInt64 {
      guard rest.count >= 8 else { throw damaged("a whole checkpoint") }
      defer { rest = rest.dropFirst(8) }
      return rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    func count() throws(ModelError) -> Int {
      let value = try number()
      guard value <= UInt64(bytes.count) else { throw damaged("a whole checkpoint") }
      return Int(value)
    }
    guard rest.starts(with: Self.magic) else { throw damaged("a checkpoint of tune") }
    rest = rest.dropFirst(Self.magic.count)
    let length = try count()
    guard rest.count >= length, rest.prefix(length).elementsEqual(key) else {
      throw ModelError(
        .request, "\(label): expected a checkpoint of this model, data and options, found another",
        hint: "remove it to begin anew")
    }
    rest = rest.dropFirst(length)
    let step = Int(clamping: try number()), steps = Int(clamping: try number())
    let bestStep = Int(clamping: try number()), lists = try count()
    let numbers = try (0..<3).map { _ throws(ModelError) in
      Double(bitPattern: try number())
    }
    var all: [[[Float]]] = [[], [], [], []]
    for _ in 0..<lists {
      let length = try count()
      guard rest.count / 16 >= length else { throw damaged("a whole checkpoint") }
      for place in 0..<4 {
        all[place].append(
          [Float](unsafeUninitializedCapacity: length) { target, initialized in
            rest.prefix(4 * length).withUnsafeBytes {
              UnsafeMutableRawBufferPointer(target).copyMemory(from: $0)
            }
            initialized = length
          })
        rest = rest.dropFirst(4 * length)
      }
    }
    self.init(all[0])
    (moments, squares, best) = (all[1], all[2], all[3])
    (self.step, self.steps, self.bestStep) = (step, steps, bestStep)
    (factor, before, bestLoss) = (numbers[0], numbers[1], numbers[2])
  }
}
