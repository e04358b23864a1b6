internal import Execution
internal import Gradients
internal import IR
internal import Operators
internal import Samples

/// What gradients say of a channel.
public enum GradientMeasure: String, Sendable, CaseIterable {
  /// How much the loss on labels changes to first order: |Σ w·∂L/∂w| over a slice (Molchanov et al.,
  /// 2019).
  case taylor
  /// The same squared, for labels drawn from the model's own outputs: the diagonal of Fisher's
  /// information of a mask over channels.
  case fisher
}

/// Sums over slices of weights times their gradients, squared or without sign, over samples.
struct GradientStatistics: Sendable {
  private struct Place: Hashable {
    let value: ValueID
    let axis: Int
  }

  private var sums: [Place: [Double]] = [:]
  private let graph: Graph

  /// - Throws: `ModelError` when the model cannot be differentiated, and for `taylor` without labels.
  init(
    _ measure: GradientMeasure, _ coupling: Coupling, of model: Model, on samples: SampleRun,
    _ options: SessionOptions, seed: UInt64, progress: (WorkProgress) -> Void
  ) throws(ModelError) {
    graph = coupling.facts.graph
    var axes: [ValueID: Set<Int>] = [:]
    for role in coupling.producers {
      if let place = Self.place(role, graph) { axes[place.value, default: []].insert(place.axis) }
    }
    guard measure == .fisher || samples.labels != nil else {
      throw ModelError(
        .request, "importance 'taylor': expected an array 'labels' in the data, found none",
        hint: "fisher needs none")
    }
    let gradients = try WeightGradients(model, options: options, seed: seed)
    let labels = measure == .taylor ? samples.labels : nil
    var sums: [Place: [Double]] = [:]
    try samples.forEach(progress: progress) { inputs, range throws(ModelError) in
      try gradients.run(inputs, labels: labels.map { Array($0[range]) }) {
        value, gradient throws(ModelError) in
        guard let weight = model.graph[value].initializer, let wanted = axes[value] else { return }
        for axis in wanted.sorted() {
          let slices = Self.slices(weight, gradient, axis: axis)
          let place = Place(value: value, axis: axis)
          var own = sums[place] ?? [Double](repeating: 0, count: slices.count)
          for (index, sum) in slices.enumerated() where index < own.count {
            own[index] += measure == .fisher ? sum * sum : abs(sum)
          }
          sums[place] = own
        }
      }
    }
    self.sums = sums
  }

  private static func place(_ role: Coupling.Role, _ graph: Graph) -> Place? {
    guard case .input(let slot) = role.axis.port,
      let value = graph[role.node].inputs[safe: slot] ?? nil
    else { return nil }
    return Place(value: value, axis: role.axis.axis)
  }

  /// Σ w·∂L/∂w over each slice along an axis.
  private static func slices(_ weight: Tensor, _ gradient: Tensor, axis: Int) -> [Double] {
    guard weight.dimensions == gradient.dimensions, weight.dimensions.indices.contains(axis),
      let w = weight.floats, let g = gradient.floats
    else { return [] }
    let span = AxisSpan(weight.dimensions, axis: axis)
    var sums = [Double](repeating: 0, count: span.length)
    for block in 0..<span.outer {
      for index in 0..<span.length {
        let start = span.start(block: block, index: index)
        for place in start..<start + span.inner {
          sums[index] += Double(w[place]) * Double(g[place])
        }
      }
    }
    return sums
  }

  /// What a weight's slices are worth; nil where it has no gradient.
  func slices(_ role: Coupling.Role) -> [Double]? {
    Self.place(role, graph).flatMap { sums[$0] }
  }
}
