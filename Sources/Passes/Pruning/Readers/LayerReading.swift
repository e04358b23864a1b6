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
    /// The layer whose windows over the value are meant; nil where each position is by itself.
    var window: NodeID?
  }

  let place: Place
  let node: NodeID
  let label: String
  /// Which channel each position along the axis is, or each position of a window.
  let atoms: [Int]
  private let weight: Tensor
  private let layout: WeightLayout
  /// How the layer reads the value: all of its window together, or each position by itself.
  private let form: LinearForm
  private let seesWindows: Bool

  /// More channels than these take minutes.
  static let most = 3000
  /// Longer windows are taken apart: recovery does not solve for them either.
  private static let longest = 1200

  /// Nil where the layer has no weight of its own for each pair of channels.
  ///
  /// - Parameter windows: whether a convolution's windows are looked at as a whole, where they are not too
  ///   long, and not each position of the kernel by itself.
  init?(_ reading: ActivationReading, _ coupling: Coupling, windows: Bool = false) {
    let facts = coupling.facts
    guard let id = reading.node, let op = facts.op(id),
      let form = op.linear(facts.inputs(id)),
      form.isPlain, form.kind != .scaling, form.kind != .transposedConvolution,
      form.groups == 1,
      let value = facts.graph[id].inputs[safe: form.activation] ?? nil,
      value == reading.value,
      let weightID = facts.graph[id].inputs[safe: form.weight] ?? nil,
      let weight = facts.graph.constant(weightID), weight.floats != nil,
      let layout = WeightLayout(form, dimensions: weight.dimensions),
      layout.inputs == reading.slots.count
    else { return nil }
    seesWindows = windows && layout.taps > 1 && layout.length <= Self.longest
    place = Place(value: reading.value, axis: reading.axis, window: seesWindows ? id : nil)
    node = id
    label = facts.graph.label(id)
    let times = seesWindows ? layout.taps : 1
    atoms = reading.slots.flatMap { Array(repeating: coupling.atom($0), count: times) }
    self.weight = weight
    self.layout = layout
    self.form = seesWindows ? form : .positions(along: reading.axis)
  }

  /// The weight, a row for each output and, where each position is by itself, position of the kernel.
  private var rows: [Double] {
    guard let floats = weight.floats else { return [] }
    var rows: [Double] = []
    rows.reserveCapacity(floats.count)
    for output in 0..<layout.outputs {
      for tap in 0..<(seesWindows ? 1 : layout.taps) {
        for input in atoms.indices {
          let column = seesWindows ? input : input * layout.taps + tap
          rows.append(Double(floats[layout.place(output: output, column: column)]))
        }
      }
    }
    return rows
  }

  /// Σ w·wᵀ over the rows of the weight.
  var squares: [Double] {
    let width = atoms.count, rows = rows
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

  /// What is to be seen of the value.
  var point: GramPoint {
    GramPoint(
      node: node, value: place.value, form: form,
      weight: seesWindows ? weight.dimensions : [atoms.count, atoms.count], squares: true)
  }
}

extension LinearForm {
  /// A value's channels, a row a position.
  static func positions(along axis: Int) -> LinearForm {
    LinearForm(.product, activation: 0, weight: 1, output: 0, input: 1, along: axis, to: axis)
  }
}
