package import IR

extension Tensor {
  /// A float or double tensor of one number throughout.
  package static func filled(_ type: ElementType, _ dimensions: [Int], _ value: Double) -> Tensor {
    Tensor(
      type, dimensions, [Double](repeating: value, count: dimensions.reduce(1, *)))
  }

  /// A float or double tensor of the given elements, which are rounded to the type.
  package init(_ type: ElementType, _ dimensions: [Int], _ values: [Double]) {
    self.init(
      type, dimensions,
      type == .double ? Storage(values) : Storage(values.map { Float($0) }))
  }
}
