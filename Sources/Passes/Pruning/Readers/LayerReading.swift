internal import Execution
internal import IR
internal import Kernels
internal import Operators
internal import Samples

/// A linear layer that reads channels, with its weight.
struct LayerReading {
  /// A value's axis of channels.
  struct Place: Hashable {
    let value: ValueID
    let axis: Int
  }

  let place: Place
  let node: NodeID
  let label: String
  /// Which channel each position along the axis is.
  let atoms: [Int]
  /// The weight, a row for each output and position of the kernel.
  let rows: [Double]

  /// More channels than these take minutes.
  static let most = 3000

  /// Nil where the layer has no weight of its own for each pair of channels.
  init?(_ reading: ActivationReading, _ coupling: Coupling) {
    let facts = coupling.facts
    guard let id = reading.node, let op = facts.op(id),
      let form = op.linear(facts.inputs(id)),
      form.isPlain, form.kind != .scaling, form.kind != .transposedConvolution,
      form.groups == 1,
      let value = facts.graph[id].inputs[safe: form.activation] ?? nil,
      value == reading.value,
      let weightID = facts.graph[id].inputs[safe: form.weight] ?? nil,
      let weight = facts.graph.constant(weightID), let floats = weight.floats,
      let layout = WeightLayout(form, dimensions: weight.dimensions),
      layout.inputs == reading.slots.count
    else { return nil }
    place = Place(value: reading.value, axis: reading.axis)
    node = id
    label = facts.graph.label(id)
    atoms = reading.slots.map { coupling.atom($0) }
    var rows: [Double] = []
    rows.reserveCapacity(floats.count)
    for output in 0..<layout.outputs {
      for tap in 0..<layout.taps {
        for input in 0..<layout.inputs {
          let place = layout.place(output: output, column: input * layout.taps + tap)
          rows.append(Double(floats[place]))
        }
      }
    }
    self.rows = rows
  }

  /// Σ w·wᵀ over the rows.
  var squares: [Double] {
    let width = atoms.count
    var result = [Double](repeating: 0, count: width * width)
    guard width > 0 else { return result }
    var shape = MatrixProductShape(m: width, n: width, k: rows.count / width)
    shape.transposedA = true
    rows.withUnsafeBytes { rows in
      let source = Source(.double, [shape.k, width], rows)
      result.withUnsafeMutableBytes { result in
        _ = matrixProduct(shape, source, source, into: Target(.double, [width, width], result))
      }
    }
    return result
  }

  /// The value's channels, a row a position.
  fileprivate var point: GramPoint {
    let view = LinearForm(
      .product, activation: 0, weight: 1, output: 0, input: 1, along: place.axis, to: place.axis)
    return GramPoint(
      node: node, value: place.value, form: view, weight: [atoms.count, atoms.count],
      squares: true)
  }
}

extension [LayerReading] {
  /// What the layers see of the channels that they read, from one run of the model: layers that read
  /// the same share it.
  func seen(
    in model: Model, on samples: SampleRun, _ options: SessionOptions,
    progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> [LayerReading.Place: SeenChannels] {
    let points = Dictionary(grouping: self, by: \.place).mapValues { $0[0].point }
    let observer = GramObserver(
      Array<GramPoint>(points.values), rows: GramObserver.usualRows, batches: samples.batches)
    try samples.observe(try Session(model, options: options), by: [observer], progress: progress)
    var seen: [LayerReading.Place: SeenChannels] = [:]
    for (place, point) in points {
      seen[place] = observer.sums[point.node]?.first.flatMap { SeenChannels($0) }
    }
    return seen
  }
}
