internal import IR
internal import Kernels
internal import Operators

/// Gathers what a site reads in the pruned model and what it made in the original, and finds the
/// weights that lead from one to the other.
///
/// A site whose patches are too long to solve for every weight gets a factor and a bias for each
/// channel instead: the same problem, with the channel's own output as the only input.
struct LayerFit {
  let site: FitSite
  let isScaling: Bool
  private let batches: Int
  private var shape: ConvolutionShape?
  private var sampling: RowSampling?
  private var chosen: [Int] = []
  private var x: [Float] = []
  /// Sums for each group of channels.
  private var groups: [NormalEquations] = []

  /// The longest patch for which all weights are solved for.
  private static let longest = 1200
  /// The most rows that are looked at.
  private static let rows = 16_000
  /// How strongly weights are held where they are, relative to the mean energy of their inputs.
  private static let ridge = 1e-2

  init(_ site: FitSite, batches: Int) {
    self.site = site
    self.batches = batches
    isScaling = site.layout.length > Self.longest
  }

  /// The value to observe in the pruned model.
  var source: ValueID { isScaling ? site.output : site.input }

  /// Takes in the value in the pruned model.
  mutating func read(_ view: TensorView) {
    x = []
    guard view.elementType == .float, let shape = lengths(view.shape), shape.group > 0 else {
      return
    }
    let patches = Patches(shape, transposed: isTransposed)
    guard patches.count > 0, patches.length > 0 else { return }
    if sampling == nil {
      let (total, overflow) = patches.count.multipliedReportingOverflow(by: batches)
      sampling = RowSampling(
        total: overflow ? .max : total, limit: Self.rows, period: positions(shape))
      let equations = NormalEquations(
        inputs: patches.length, outputs: shape.outputChannels / shape.group)
      groups = Array(repeating: equations, count: shape.group)
    }
    guard shape.group == groups.count, patches.length == groups[0].inputs else { return }
    chosen = sampling?.next(patches.count) ?? []
    x = patches.rows(chosen, of: view.elements(Float.self))
    self.shape = shape
  }

  private var isTransposed: Bool { site.form.kind == .transposedConvolution && !isScaling }

  /// How many positions of the result a sample has: a transposed convolution's result is what the
  /// window goes over.
  private func positions(_ shape: ConvolutionShape) -> Int {
    isTransposed ? shape.window.inputCount : shape.window.outputCount
  }

  private func lengths(_ input: [Int]) -> ConvolutionShape? {
    guard isScaling else {
      return site.form.convolution(activation: input, weight: site.dimensions)
    }
    guard input.indices.contains(site.axis), input[site.axis] == site.channels else { return nil }
    let inner = input[(site.axis + 1)...].reduce(1, *)
    let window = Window(
      input: [inner], kernel: [1], strides: [1], dilations: [1], padsBegin: [0], padsEnd: [0],
      output: [inner])
    return ConvolutionShape(
      batch: input[..<site.axis].reduce(1, *), inputChannels: site.channels,
      outputChannels: site.channels, group: site.channels, window: window)
  }

  /// Takes in the result in the original, after `read` for the same batch.
  mutating func compare(_ view: TensorView) {
    guard let shape, !x.isEmpty, view.elementType == .float,
      view.shape.indices.contains(site.axis)
    else { return }
    let all = view.shape[site.axis]
    let inner = view.shape[(site.axis + 1)...].reduce(1, *)
    let outer = view.shape[..<site.axis].reduce(1, *)
    let kept = site.kept ?? Array(0..<all)
    guard outer == shape.batch, inner == positions(shape),
      kept.count == shape.outputChannels, kept.allSatisfy({ $0 >= 0 && $0 < all })
    else { return }
    let values = view.elements(Float.self)
    let outputs = shape.outputChannels / shape.group, inputs = groups[0].inputs
    var y = [Float](repeating: 0, count: chosen.count * outputs)
    for group in 0..<shape.group {
      for (place, row) in chosen.enumerated() {
        for o in 0..<outputs {
          let channel = kept[group * outputs + o]
          y[place * outputs + o] = values[(row / inner * all + channel) * inner + row % inner]
        }
      }
      let rows = x[group * chosen.count * inputs..<(group + 1) * chosen.count * inputs]
      groups[group].add(rows, y[...])
    }
    x = []
  }

  /// The new weights, one row an output channel, and the new biases; nil where nothing can be
  /// learnt.
  func solution(_ weights: [Double], _ biases: [Double]) -> (
    weights: [Double], biases: [Double]
  )? {
    guard let first = groups.first, !biases.isEmpty else { return nil }
    let start = isScaling ? [Double](repeating: 1, count: biases.count) : weights
    let share = first.inputs * first.outputs
    guard start.count == share * groups.count else { return nil }
    var found: [Double] = [], shifts: [Double] = []
    for (index, equations) in groups.enumerated() {
      let part = Array(start[index * share..<(index + 1) * share])
      guard let solved = equations.solve(from: part, ridge: Self.ridge) else { return nil }
      found += solved.weights
      shifts += solved.biases
    }
    guard isScaling else { return (found, shifts) }
    let row = weights.count / biases.count
    return (
      weights.indices.map { weights[$0] * found[$0 / row] },
      biases.indices.map { biases[$0] * found[$0] + shifts[$0] }
    )
  }
}
