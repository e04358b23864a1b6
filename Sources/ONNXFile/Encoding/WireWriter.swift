internal import IR

/// One encoded protobuf message, as pieces: bytes made for it, and payloads that stay where they are.
///
/// Fields are added by rising number. Fields kept as encoded take their places among them. A
/// closed message knows its length, so that it goes into another without a copy of its payloads.
struct WireWriter {
  /// Payloads from this size on stay where they are.
  private static let payloadThreshold = 1024

  private var finished: [Storage] = []
  private var tail: [UInt8] = []
  private var extras: ArraySlice<RawField>
  /// The length of the message, once it is closed.
  private(set) var count = 0

  /// An empty message with fields that are already encoded.
  init(extras: [RawField] = []) {
    let isSorted = zip(extras, extras.dropFirst()).allSatisfy { $0.number <= $1.number }
    // Sorting by place as well keeps equal numbers in order.
    self.extras =
      isSorted
      ? extras[...]
      : extras.enumerated().sorted {
        ($0.element.number, $0.offset) < ($1.element.number, $1.offset)
      }
      .map(\.element)[...]
  }

  /// A number that is encoded as a varint; negative ones take ten bytes.
  mutating func integer(_ number: Int, _ value: Int?) {
    guard let value else { return }
    begin(number, wireType: 0)
    tail.appendVarint(UInt64(bitPattern: Int64(value)))
  }

  /// A `float`.
  mutating func float(_ number: Int, _ value: Float) {
    begin(number, wireType: 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { tail.append(contentsOf: $0) }
  }

  /// A text.
  mutating func text(_ number: Int, _ value: String?) {
    if let value { bytes(number, FileText.encode(value)) }
  }

  /// Bytes, or elements that are already packed.
  mutating func bytes(_ number: Int, _ value: [UInt8]) {
    prefix(number, length: value.count)
    append(value)
  }

  /// Bytes that lie elsewhere.
  mutating func payload(_ number: Int, _ storage: Storage) {
    prefix(number, length: storage.count)
    append(storage)
  }

  /// A message, which must be closed.
  mutating func message(_ number: Int, _ message: WireWriter) {
    prefix(number, length: message.count)
    if message.finished.isEmpty {
      append(message.tail)
    } else {
      flush()
      finished += message.finished
      tail = message.tail
    }
  }

  /// Ends the message: adds the encoded fields that are left.
  mutating func close() {
    while let extra = extras.popFirst() { append(extra.bytes) }
    count = finished.reduce(0) { $0 + $1.count } + tail.count
  }

  /// The encoded message.
  var pieces: [Storage] { tail.isEmpty ? finished : finished + [Storage(tail)] }

  private mutating func prefix(_ number: Int, length: Int) {
    begin(number, wireType: 2)
    tail.appendVarint(UInt64(length))
  }

  private mutating func begin(_ number: Int, wireType: UInt64) {
    while let extra = extras.first, extra.number < number {
      append(extra.bytes)
      extras.removeFirst()
    }
    tail.appendVarint(UInt64(number) << 3 | wireType)
  }

  private mutating func append(_ bytes: [UInt8]) {
    if bytes.count < Self.payloadThreshold {
      tail.append(contentsOf: bytes)
    } else {
      flush()
      finished.append(Storage(bytes))
    }
  }

  private mutating func append(_ storage: Storage) {
    if storage.count < Self.payloadThreshold {
      storage.withUnsafeBytes { tail.append(contentsOf: $0) }
    } else {
      flush()
      finished.append(storage)
    }
  }

  private mutating func flush() {
    if !tail.isEmpty { finished.append(Storage(tail)) }
    tail = []
  }
}

extension [UInt8] {
  /// Appends a number as protobuf's varint: seven bits a byte, the lowest first.
  mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }
}
