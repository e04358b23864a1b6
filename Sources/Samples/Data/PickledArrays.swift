internal import IR
internal import ONNXFile

/// Arrays inside an array of objects, as NumPy saves samples of several shapes.
///
/// NumPy pickles them (https://docs.python.org/3/library/pickletools.html). Only what such a file
/// needs is understood: arrays of numbers, their types and shapes. Nothing of the file is run, and
/// any other name in it is an error.
struct PickledArrays {
  /// Reads the arrays behind a `.npy` header.
  static func decode(_ bytes: Storage) throws(ModelError) -> [Tensor] {
    var reader = PickledArrays(bytes)
    return try reader.arrays()
  }

  /// What the pickle machine's stack holds.
  private indirect enum Item {
    case mark, none, bool(Bool), int(Int), text(String), bytes(Range<Int>), owned([UInt8])
    case list([Item]), tuple([Item]), global(String)
    /// A type with its byte order, once that is known.
    case type(String, order: String)
    /// An array that its state has not filled yet.
    case blank
    case array(Tensor)
    case objects([Item])
  }

  private let bytes: Storage
  private var place = 0
  private var stack: [Item] = []
  private var memo: [Int: Item] = [:]

  private init(_ bytes: Storage) { self.bytes = bytes }

  private static func trouble(_ found: String) -> ModelError {
    ModelError(
      .unsupported, "expected an array of numbers, or of arrays of numbers, found \(found)",
      hint: "save one array a sample in a folder, or arrays of one shape")
  }

  private static var damaged: ModelError {
    ModelError(.malformed, "expected a pickled array, found a damaged one")
  }

  // MARK: Bytes

  private mutating func take(_ count: Int) throws(ModelError) -> Range<Int> {
    guard count >= 0, count <= bytes.count - place else { throw Self.damaged }
    place += count
    return place - count..<place
  }

  private mutating func number(_ width: Int) throws(ModelError) -> Int {
    let range = try take(width)
    return bytes.withUnsafeBytes { bytes in
      range.reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
    }
  }

  private func text(_ range: Range<Int>) -> String {
    bytes.withUnsafeBytes { String(decoding: $0[range], as: UTF8.self) }
  }

  private mutating func line() throws(ModelError) -> String {
    let start = place
    while try number(1) != 0x0A {}
    return text(start..<place - 1)
  }

  // MARK: The machine

  private mutating func pop() throws(ModelError) -> Item {
    guard let item = stack.popLast() else { throw Self.damaged }
    return item
  }

  private mutating func popToMark() throws(ModelError) -> [Item] {
    guard
      let mark = stack.lastIndex(where: { if case .mark = $0 { true } else { false } })
    else { throw Self.damaged }
    let items = Array(stack[(mark + 1)...])
    stack.removeSubrange(mark...)
    return items
  }

  private mutating func arrays() throws(ModelError) -> [Tensor] {
    while true {
      let code = UInt8(try number(1))
      if code == UInt8(ascii: ".") { break }
      if try !push(code), try !structure(code) {
        throw Self.trouble("a pickle with the instruction \(code)")
      }
    }
    switch try pop() {
    case .array(let tensor): return [tensor]
    case .objects(let items):
      var tensors: [Tensor] = []
      for item in items {
        guard case .array(let tensor) = item else { throw Self.trouble("objects of other kinds") }
        tensors.append(tensor)
      }
      return tensors
    default: throw Self.trouble("an object of another kind")
    }
  }

  /// Instructions that put one plain value on the stack.
  private mutating func push(_ code: UInt8) throws(ModelError) -> Bool {
    switch Character(Unicode.Scalar(code)) {
    case "N": stack.append(.none)
    case "\u{88}": stack.append(.bool(true))
    case "\u{89}": stack.append(.bool(false))
    case "K": stack.append(.int(try number(1)))
    case "M": stack.append(.int(try number(2)))
    case "J": stack.append(.int(Int(Int32(truncatingIfNeeded: try number(4)))))
    case "\u{8a}":
      let width = try number(1)
      guard width <= 8 else { throw Self.damaged }
      let value = try number(width)
      let shift = 64 - 8 * width
      stack.append(.int(width == 0 ? 0 : (value << shift) >> shift))
    case "\u{8c}": stack.append(.text(text(try take(try number(1)))))
    case "X": stack.append(.text(text(try take(try number(4)))))
    case "\u{8d}": stack.append(.text(text(try take(try number(8)))))
    case "C", "U": stack.append(.bytes(try take(try number(1))))
    case "B", "T": stack.append(.bytes(try take(try number(4))))
    case "\u{8e}": stack.append(.bytes(try take(try number(8))))
    case "c":
      let module = try line()
      stack.append(.global("\(module).\(try line())"))
    default: return false
    }
    return true
  }

  /// Instructions that put values together.
  private mutating func structure(_ code: UInt8) throws(ModelError) -> Bool {
    switch Character(Unicode.Scalar(code)) {
    case "\u{80}": _ = try number(1)
    case "\u{95}": _ = try number(8)
    case "(": stack.append(.mark)
    case ")": stack.append(.tuple([]))
    case "]": stack.append(.list([]))
    case "t": stack.append(.tuple(try popToMark()))
    case "l": stack.append(.list(try popToMark()))
    case "\u{85}", "\u{86}", "\u{87}":
      let count = Int(code) - 0x84
      guard stack.count >= count else { throw Self.damaged }
      let items = Array(stack.suffix(count))
      stack.removeLast(count)
      stack.append(.tuple(items))
    case "e", "a":
      let items = code == UInt8(ascii: "e") ? try popToMark() : [try pop()]
      guard case .list(let list) = try pop() else { throw Self.damaged }
      stack.append(.list(list + items))
    case "\u{93}":
      guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
        throw Self.damaged
      }
      stack.append(.global("\(module).\(name)"))
    case "q", "r", "\u{94}":
      guard let last = stack.last else { throw Self.damaged }
      let index =
        code == 0x94 ? memo.count : try number(code == UInt8(ascii: "q") ? 1 : 4)
      memo[index] = last
    case "h", "j":
      guard let item = memo[try number(code == UInt8(ascii: "h") ? 1 : 4)] else {
        throw Self.damaged
      }
      stack.append(item)
    case "R": try call()
    case "b": try build()
    default: return false
    }
    return true
  }

  /// Makes what a call of one of NumPy's own functions makes.
  private mutating func call() throws(ModelError) {
    guard case .tuple(let arguments) = try pop(), case .global(let name) = try pop() else {
      throw Self.damaged
    }
    switch name {
    case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
      stack.append(.blank)
    case "numpy.dtype":
      guard case .text(let code)? = arguments.first else { throw Self.damaged }
      stack.append(.type(code, order: "|"))
    case "_codecs.encode":
      // Protocol 2 writes bytes as the characters of Latin 1.
      guard case .text(let text)? = arguments.first else { throw Self.damaged }
      stack.append(.owned(text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }))
    default: throw Self.trouble("a pickle that calls '\(name)'")
    }
  }

  /// Gives an array or a type its state.
  private mutating func build() throws(ModelError) {
    guard case .tuple(let state) = try pop() else { throw Self.damaged }
    switch try pop() {
    case .type(let code, _):
      guard state.count > 1, case .text(let order) = state[1] else { throw Self.damaged }
      stack.append(.type(code, order: order))
    case .blank:
      guard state.count >= 5, case .tuple(let lengths) = state[1],
        case .type(let code, let order) = state[2], case .bool(let isFortran) = state[3]
      else { throw Self.damaged }
      stack.append(try array(lengths, code, order, isFortran, state[4]))
    default: throw Self.damaged
    }
  }

  private func array(
    _ lengths: [Item], _ code: String, _ order: String, _ isFortran: Bool, _ contents: Item
  ) throws(ModelError) -> Item {
    if case .list(let items) = contents { return .objects(items) }
    var dimensions: [Int] = []
    for case .int(let length) in lengths where length >= 0 { dimensions.append(length) }
    guard dimensions.count == lengths.count, let type = NPY.elementType(code), order != ">" else {
      throw Self.trouble("an array of NumPy's type '\(order)\(code)'")
    }
    guard !isFortran || dimensions.count < 2 else {
      throw Self.trouble("an array in Fortran order")
    }
    let storage: Storage
    switch contents {
    case .bytes(let range): storage = bytes.slice(range).aligned(to: type.byteWidth ?? 1)
    case .owned(let values): storage = Storage(values)
    default: throw Self.damaged
    }
    guard let count = Tensor.count(dimensions), type.byteCount(of: count) == storage.count else {
      throw Self.damaged
    }
    return .array(Tensor(type, dimensions, storage))
  }
}
