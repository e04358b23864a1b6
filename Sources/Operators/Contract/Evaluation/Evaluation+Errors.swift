package import IR
package import Kernels

extension Evaluation {
  /// An error that says which element types the kernel did not take.
  package func unsupportedTypes(_ inputs: [Int]) -> ModelError {
    let types = inputs.compactMap { optional($0)?.elementType.description }
    return ModelError(
      .unsupported,
      "\(label): element type\(types.count == 1 ? "" : "s") \(types.joined(separator: ", ")) "
        + (types.count == 1 ? "is not supported" : "are not supported together"))
  }

  /// Checks that kernels can slide the window: they know one to three spatial axes.
  package func requireSpatialRank(_ window: Window) throws(ModelError) {
    guard !(1...3).contains(window.rank) else { return }
    throw ModelError(
      .unsupported, "\(label), input 0: expected 1 to 3 spatial axes, found \(window.rank)")
  }

  /// The number of elements of an intermediate tensor; an error when it does not fit in memory.
  package func checkedCount(_ shape: [Int]) throws(ModelError) -> Int {
    guard let count = Tensor.count(shape), count <= 1 << 40 else {
      throw ModelError(
        .limit, "\(label): expected a tensor that fits in memory, found shape \(shape)")
    }
    return count
  }
}
