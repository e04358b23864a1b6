internal import Execution
internal import IR
internal import Kernels
internal import Operators
internal import Samples

/// Chooses the integers of stored weights together, on what their operators see of samples.
struct StoredRounding {
  /// What is known of an operator.
  private struct Site {
    let layout: WeightLayout
    let sums: [GramSums]
  }

  private var sites: [NodeID: Site] = [:]

  /// Runs a model once and sums up what its linear operators see.
  init(
    _ facts: TypedGraph, _ model: Model, on samples: EncodingSamples
  ) throws(ModelError) {
    var layouts: [NodeID: WeightLayout] = [:]
    let points = facts.graph.nodeIDs.compactMap { id -> GramPoint? in
      let inputs = facts.graph[id].inputs
      guard let form = facts.op(id)?.linear(facts.inputs(id)), form.isPlain,
        form.kind == .product || form.kind == .convolution, !form.transposesActivation,
        let weight = (inputs[safe: form.weight] ?? nil).flatMap({ facts.graph.constant($0) }),
        weight.elementType == .float, let activation = inputs[safe: form.activation] ?? nil,
        let layout = WeightLayout(form, dimensions: weight.dimensions),
        layout.length <= SequentialRounding.longest, weight.count == layout.outputs * layout.length
      else { return nil }
      layouts[id] = layout
      return GramPoint(
        node: id, value: activation, form: form, weight: weight.dimensions, squares: true)
    }
    guard !points.isEmpty else { return }
    let observer = GramObserver(
      points, rows: GramObserver.usualRows, batches: samples.run.batches,
      by: samples.options.columnProduct)
    try samples.run.observe(try Session(model, options: samples.options), by: [observer])
    for (id, layout) in layouts {
      guard let sums = observer.sums[id], sums.count == layout.groups,
        sums[0].length == layout.length
      else { continue }
      sites[id] = Site(layout: layout, sums: sums)
    }
  }

  /// How the weight of an operator lies; nil where nothing is known of the operator.
  func layout(of id: NodeID) -> WeightLayout? { sites[id]?.layout }

  /// Chooses integers anew under the scales that a weight has.
  ///
  /// - Parameters:
  ///   - values: the weight.
  ///   - place: where the element of an output channel and a column of `layout` lies in it.
  func improve(
    _ weight: inout StoredWeight, of id: NodeID, _ values: [Float], _ shape: BlockShape,
    _ grid: IntegerGrid, place: (_ output: Int, _ column: Int) -> Int
  ) {
    guard let site = sites[id] else { return }
    let share = max(1, site.layout.outputs / site.layout.groups)
    let isSigned = grid.least < 0
    func integer(_ byte: UInt8) -> Int { isSigned ? Int(Int8(bitPattern: byte)) : Int(byte) }
    for (group, gram) in site.sums.enumerated() {
      guard let rounding = SequentialRounding(gram) else { continue }
      let rows = (group * share..<(group + 1) * share).map { output in
        let places = (0..<site.layout.length).map { place(output, $0) }
        let steps = places.map { shape.scale(of: $0) }
        let zeros = weight.zeros.map { zeros in steps.map { integer(zeros[$0]) } }
        return StoredRow(
          places: places, weights: places.map { values[$0] },
          scales: steps.map { weight.scales[$0] },
          zeros: zeros ?? [Int](repeating: 0, count: places.count))
      }
      var found = [[Int16]](repeating: [], count: rows.count)
      found.withUnsafeMutableBufferPointer { found in
        parallel(rows.count, grain: 1) { range in
          for index in range {
            let row = rows[index]
            found[index] = rounding.round(
              row.weights, scales: row.scales,
              .init(ranges: row.zeros.map { grid.least - $0...grid.most - $0 }))
          }
        }
      }
      for (row, codes) in zip(rows, found) {
        for (index, code) in codes.enumerated() {
          weight.integers[row.places[index]] = UInt8(
            truncatingIfNeeded: Int(code) + row.zeros[index])
        }
      }
    }
  }
}

/// A row of a weight, with the scale and zero-point of each element.
private struct StoredRow {
  let places: [Int]
  let weights: [Float]
  let scales: [Float]
  let zeros: [Int]
}

extension BlockShape {
  /// The place of the scale that an element has.
  fileprivate func scale(of place: Int) -> Int {
    let column = place / inner
    return (column / length * blocks + column % length / block) * inner + place % inner
  }
}
