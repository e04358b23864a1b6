/// A tensor given by its elements other than zero (`SparseTensorProto`).
public struct SparseTensor: Sendable {
  /// The elements, in a vector.
  public let values: Tensor
  /// Where they are: row-major places in a vector, or one row of indices for each.
  public let indices: Tensor
  /// The length of each axis of the whole tensor.
  public let dimensions: [Int]

  /// Puts a sparse tensor together.
  public init(values: Tensor, indices: Tensor, dimensions: [Int]) {
    self.values = values
    self.indices = indices
    self.dimensions = dimensions
  }

  /// The type of the whole tensor.
  public var type: TensorType { TensorType(values.elementType, dimensions) }

  /// The most bytes that are written out: no constant is larger than a model file can be.
  private static let limit = Int(Int32.max)

  /// All elements, zeros included.
  ///
  /// - Throws: `ModelError` when indices lie outside, or there are too many elements.
  public func dense() throws(ModelError) -> Tensor {
    let name = values.name ?? ""
    let label = "sparse tensor\(name.isEmpty ? "" : " '\(name)'")"
    guard byteCount.map({ $0 <= Self.limit }) ?? (values.elementType == .string),
      var result = Tensor.zeros(values.elementType, dimensions)
    else {
      throw ModelError(
        .limit, "\(label): expected a tensor that fits in memory, found \(type)")
    }
    let places = try places(label)
    switch values.payload {
    case .strings(let texts):
      var all = [[UInt8]](repeating: [], count: result.count)
      for (place, text) in zip(places, texts) { all[place] = text }
      result.payload = .strings(all)
    case .bytes(let storage):
      guard let width = values.elementType.byteWidth else {
        throw ModelError(
          .unsupported, "\(label): element type \(values.elementType) is not supported here")
      }
      result.payload = .bytes(
        Storage(count: result.byteCount) { target in
          for (index, place) in places.enumerated() {
            let element = storage.bytes[index * width..<(index + 1) * width]
            UnsafeMutableRawBufferPointer(rebasing: target[(place * width)...])
              .copyMemory(from: UnsafeRawBufferPointer(rebasing: element))
          }
        })
    }
    result.name = values.name
    return result
  }

  /// The row-major place of each value.
  private func places(_ label: String) throws(ModelError) -> [Int] {
    let count = values.count
    let total = dimensions.reduce(1, *)
    let rank = dimensions.count
    guard let numbers = indices.integers,
      indices.dimensions == [count] || indices.dimensions == [count, rank]
    else {
      throw ModelError(
        .invalid,
        "\(label): expected indices of \(count) values of rank \(rank), found \(indices.type)")
    }
    var places: [Int] = []
    places.reserveCapacity(count)
    if indices.dimensions == [count] {
      places = numbers
    } else {
      for value in 0..<count {
        var place = 0
        for axis in 0..<rank {
          let index = numbers[value * rank + axis]
          guard index >= 0, index < dimensions[axis] else {
            throw outside(index, label)
          }
          place = place * dimensions[axis] + index
        }
        places.append(place)
      }
    }
    if let wrong = places.first(where: { $0 < 0 || $0 >= total }) { throw outside(wrong, label) }
    return places
  }

  /// The bytes of all elements; nil for strings and on overflow.
  private var byteCount: Int? {
    var count = 1
    for length in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      if overflow || length < 0 { return nil }
      count = product
    }
    return values.elementType.byteCount(of: count)
  }

  private func outside(_ index: Int, _ label: String) -> ModelError {
    ModelError(.invalid, "\(label): expected indices inside \(dimensions), found \(index)")
  }
}
