public import IR
internal import Operators

/// Shapes of inputs to try a model on: open lengths of the first axis are 1, the batch; other open
/// lengths are equal, and as small as the network takes.
public enum SampleShapes {
  /// Lengths to try for open axes: strides and kernels ask for images of some size.
  private static let lengths = [1, 32, 64, 224, 512]

  /// Shapes for the required inputs, in order: the candidates with which every node's rules hold as
  /// far as inference can tell, smallest first. Never empty.
  ///
  /// - Throws: `ModelError` for inputs that are no tensors of known rank.
  public static func candidates(for model: Model) throws(ModelError) -> [[[Int]]] {
    let graph = model.graph
    var declared: [Shape] = []
    for info in graph.requiredInputs {
      guard let shape = info.type?.tensor?.shape else {
        throw ModelError(
          .unsupported,
          "input '\(graph[info.value].name)': expected a tensor of known rank, found \(info.type.map { "\($0)" } ?? "no type")"
        )
      }
      declared.append(shape)
    }
    let batch = Set(declared.flatMap { $0.dimensions.first?.expression?.symbols ?? [] })
    let isOpen = declared.contains { $0.dimensions.dropFirst().contains { $0.value == nil } }
    let candidates = (isOpen ? lengths : [1]).map { length in
      declared.map { sample($0, batch: batch, length: length) }
    }
    let fitting = candidates.filter { fits(model, $0) }
    return fitting.isEmpty ? candidates : fitting
  }

  private static func sample(_ shape: Shape, batch: Set<String>, length: Int) -> [Int] {
    shape.dimensions.enumerated().map { axis, dimension in
      guard let expression = dimension.expression else { return axis == 0 ? 1 : length }
      let bindings = expression.symbols.map { ($0, axis == 0 || batch.contains($0) ? 1 : length) }
      return max(0, expression.evaluated(Dictionary(uniqueKeysWithValues: bindings)) ?? 1)
    }
  }

  private static func fits(_ model: Model, _ shapes: [[Int]]) -> Bool {
    var sample = model
    // Declared types of intermediates may hold for other lengths.
    sample.graph.valueInfos = []
    var next = shapes.makeIterator()
    for (index, info) in model.graph.inputs.enumerated()
    where model.graph[info.value].initializer == nil {
      guard let shape = next.next(), let type = info.type?.tensor else { continue }
      sample.graph.setInputType(index, .tensor(TensorType(type.elementType, shape)))
    }
    return (try? inferTypes(sample)) != nil
  }
}
