internal import IR
internal import Samples

/// Inputs beside noise on which results are compared.
struct Probe {
  /// What the inputs are, for messages.
  let name: String
  let inputs: [String: Tensor]
  /// Whether rounding may decide what comes out, so that only what is finite is compared.
  var isExtreme = false

  /// A magnitude of which a few products still are finite floats.
  private static let large = 1e15

  /// The probes for a model, given inputs that it takes.
  static func all(
    for model: Model, shapes: [[Int]], inputs: [String: Tensor], seed: UInt64
  ) -> [Probe] {
    var probes: [Probe] = []
    if inputs.values.contains(where: \.isFloat) {
      probes.append(Probe(name: "zeros", inputs: inputs.mapValues { $0.scaled(by: 0) }))
      probes.append(
        Probe(
          name: "large numbers", inputs: inputs.mapValues { $0.scaled(by: large) },
          isExtreme: true))
    }
    for count in [0, 3] {
      guard let resized = Self.shapes(shapes, of: model.graph, batch: count), resized != shapes,
        let inputs = try? SeededInputs.make(for: model.graph, shapes: resized, seed: seed &+ 1)
      else { continue }
      probes.append(Probe(name: "a batch of \(count)", inputs: inputs))
    }
    return probes
  }

  /// The shapes with another number of samples along open first axes; nil where there are none.
  private static func shapes(_ shapes: [[Int]], of graph: Graph, batch: Int) -> [[Int]]? {
    let declared = graph.requiredInputs.map { $0.type?.tensor?.shape }
    let open = declared.compactMap { $0?.dimensions.first }.filter { $0.value == nil }
    guard !open.isEmpty, declared.count == shapes.count else { return nil }
    return zip(declared, shapes).map { shape, lengths in
      lengths.enumerated().map { axis, length in
        guard let dimension = shape?.dimensions[safe: axis], open.contains(dimension),
          axis == 0 || dimension != .unknown
        else { return length }
        return batch
      }
    }
  }
}

extension Tensor {
  /// Whether the elements are floats or doubles.
  fileprivate var isFloat: Bool { elementType == .float || elementType == .double }

  /// A tensor of floats with every element multiplied; another one as it is.
  fileprivate func scaled(by factor: Double) -> Tensor {
    guard isFloat, let values = doubles else { return self }
    let scaled = values.map { $0 * factor }
    return Tensor(
      elementType, dimensions,
      elementType == .double ? Storage(scaled) : Storage(scaled.map { Float($0) }))
  }
}
