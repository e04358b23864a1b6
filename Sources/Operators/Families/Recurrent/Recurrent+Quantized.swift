import IR
import Kernels

extension ScratchSpace {
  /// A quantized weight [input, rows] of one direction with its scales and zero-points, of which
  /// there is one a direction or one a row.
  func dynamicProduct(
    _ weight: Source, direction: Int, of directions: Int, scale: Int, zeroPoint: Int,
    _ context: Evaluation
  ) throws(ModelError) -> DynamicProduct {
    let columns = weight.shape[1]
    func own<Number>(_ index: Int, _ all: [Number]) throws(ModelError) -> [Number] {
      let count = try context.input(index).count
      guard count == directions || count == directions * columns else {
        throw context.mismatch(
          index, expected: "\(directions) or \(directions)·\(columns) elements", found: "\(count)")
      }
      let each = count / directions
      return Array(all[direction * each..<(direction + 1) * each])
    }
    let scales = try context.input(scale)
    guard scales.elementType == .float else { throw context.unsupportedTypes([scale]) }
    guard let zeros = try context.integers(zeroPoint) else {
      throw context.mismatch(zeroPoint, expected: "zero-points", found: "none")
    }
    let widened = self.zeros(.int32, weight.shape)
    guard let elements = widened.target.elements(Int32.self).baseAddress,
      widenQuantized(
        weight, zeroPoints: try own(zeroPoint, zeros).map { Int32(truncatingIfNeeded: $0) },
        axis: 1, into: elements),
      let product = DynamicProduct(
        widened.source, scales: try own(scale, Array(scales.elements(Float.self))))
    else { throw context.unsupportedTypes([scale - 7, scale, zeroPoint]) }
    return product
  }
}
