package import IR
package import Kernels

/// A tensor at run time: elements in memory that somebody else owns.
package struct TensorView {
  package let elementType: ElementType
  package let shape: [Int]
  package let bytes: UnsafeRawBufferPointer

  package init(_ elementType: ElementType, _ shape: [Int], _ bytes: UnsafeRawBufferPointer) {
    self.elementType = elementType
    self.shape = shape
    self.bytes = bytes
  }

  /// The number of elements.
  package var count: Int { shape.reduce(1, *) }

  /// The elements as `T`, whose layout must be that of the element type.
  package func elements<T>(_ type: T.Type) -> UnsafeBufferPointer<T> {
    bytes.bindMemory(to: T.self)
  }

  /// The elements as integers, for shapes, axes and indices; nil for other element types.
  package var integers: [Int]? {
    switch elementType {
    case .int64: elements(Int64.self).map { Int($0) }
    case .int32: elements(Int32.self).map { Int($0) }
    case .int16: elements(Int16.self).map { Int($0) }
    case .int8: elements(Int8.self).map { Int($0) }
    case .uint8, .bool: elements(UInt8.self).map { Int($0) }
    case .uint16: elements(UInt16.self).map { Int($0) }
    case .uint32: elements(UInt32.self).map { Int($0) }
    case .uint64: elements(UInt64.self).map { Int(clamping: $0) }
    default: nil
    }
  }
}

/// Where an operator reads its inputs and writes its outputs.
package struct Evaluation {
  /// Allocates output number `index`; the memory is not cleared.
  package typealias Allocator = (
    _ index: Int, _ elementType: ElementType, _ shape: [Int]
  ) throws(ModelError) -> UnsafeMutableRawBufferPointer

  /// How messages name the node.
  package let label: String
  package let inputs: [TensorView?]
  /// The number of outputs the node names; those left out need not be computed.
  package let outputs: [Bool]
  /// When the operator runs on labels instead of data (pruning.md, rule 7): the label of elements
  /// that it makes up itself, such as padding.
  package var createdLabel: Int?
  /// Makes output 0 the same memory as an input, under another shape; false where it cannot.
  package var share: ((_ input: Int, _ shape: [Int]) -> Bool)?
  /// The types that inputs had before they were widened; empty where none was.
  package var givenTypes: [ElementType] = []
  /// Whether sums of pairs of products of bytes saturate at 16 bits, as on processors before VNNI.
  package var saturates = false
  private let allocate: Allocator

  package init(
    label: String, inputs: [TensorView?], outputs: [Bool], allocate: @escaping Allocator
  ) {
    self.label = label
    self.inputs = inputs
    self.outputs = outputs
    self.allocate = allocate
  }

  /// The same with another view of one input.
  package func replacing(_ index: Int, with view: TensorView) -> Evaluation {
    var views = inputs
    views[index] = view
    return Evaluation(label: label, inputs: views, outputs: outputs, allocate: allocate)
  }

  /// The input, nil when left out.
  package func optional(_ index: Int) -> TensorView? { inputs[safe: index] ?? nil }

  /// The 16-bit format that the elements of an input were widened from; nil for others.
  package func format(_ index: Int) -> HalfFormat? {
    givenTypes[safe: index].flatMap { HalfFormat($0) }
  }

  /// The input; an error when it is left out.
  package func input(_ index: Int) throws(ModelError) -> TensorView {
    guard let view = optional(index) else {
      throw ModelError(.invalid, "\(label), input \(index): expected a tensor, found none")
    }
    return view
  }

  /// The integers of an input, nil when left out; an error for other element types.
  package func integers(_ index: Int) throws(ModelError) -> [Int]? {
    guard let view = optional(index) else { return nil }
    guard let values = view.integers else {
      throw mismatch(index, expected: "integers", found: "\(view.elementType)")
    }
    return values
  }

  /// The input as a kernel's source; an error for element types that kernels do not take.
  package func source(_ index: Int) throws(ModelError) -> Source {
    let view = try input(index)
    return Source(try scalar(view.elementType, input: index), view.shape, view.bytes)
  }

  /// The kernels' name of an element type.
  package func scalar(_ type: ElementType, input: Int = 0) throws(ModelError) -> Scalar {
    guard let scalar = Scalar(type) else {
      throw ModelError(
        .unsupported, "\(label), input \(input): element type \(type) is not supported here")
    }
    return scalar
  }

  /// Allocates an output; its memory is not cleared.
  package func output(
    _ index: Int = 0, _ elementType: ElementType, _ shape: [Int]
  ) throws(ModelError) -> Target {
    let scalar = try scalar(elementType)
    return Target(scalar, shape, try allocate(index, elementType, shape))
  }

  /// Allocates an output of any element type whose elements are whole bytes, for operators that
  /// only move elements; its memory is not cleared.
  package func bytes(
    output index: Int = 0, _ elementType: ElementType, _ shape: [Int]
  ) throws(ModelError) -> UnsafeMutableRawBufferPointer {
    guard byteCount(elementType, shape) != nil else {
      throw ModelError(
        .limit, "\(label), output \(index): cannot allocate \(TensorType(elementType, shape))")
    }
    return try allocate(index, elementType, shape)
  }

  /// Whether the node asks for output number `index`.
  package func wants(_ index: Int) -> Bool { outputs[safe: index] ?? false }

  /// Copies an input's elements to an output of another shape: Reshape and its kin.
  package func copy(_ index: Int = 0, as shape: [Int]) throws(ModelError) {
    let view = try input(index)
    guard Tensor.count(shape) == view.count else {
      throw ModelError(
        .invalid,
        "\(label): expected \(view.count) elements for shape \(view.shape), found shape \(shape)")
    }
    if let share, share(index, shape) { return }
    try allocate(0, view.elementType, shape).copyMemory(from: view.bytes)
  }

  /// An error about an input.
  package func mismatch(_ index: Int, expected: String, found: String) -> ModelError {
    ModelError(.invalid, "\(label), input \(index): expected \(expected), found \(found)")
  }
}

extension Scalar {
  /// The kernels' name of an element type; nil for those that kernels do not take.
  package init?(_ type: ElementType) {
    switch type {
    case .bool: self = .bool
    case .uint8: self = .uint8
    case .int8: self = .int8
    case .uint16: self = .uint16
    case .int16: self = .int16
    case .uint32: self = .uint32
    case .int32: self = .int32
    case .uint64: self = .uint64
    case .int64: self = .int64
    case .float: self = .float
    case .double: self = .double
    default: return nil
    }
  }
}
