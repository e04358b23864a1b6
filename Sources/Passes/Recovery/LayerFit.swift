internal import IR
internal import Kernels
internal import Operators

/// Sums up what a site reads in the pruned model and what it should make, and finds the weights that
/// lead from one to the other.
///
/// A site whose patches are too long to solve for every weight gets a factor and a bias for each
/// channel instead: the same problem, with the channel's own output as the only input.
struct LayerFit {
  let site: FitSite
  let isScaling: Bool
  /// Sums for each group of channels.
  private var groups: [NormalEquations] = []

  /// How products are worked out; nil for the kernels' way.
  private let way: ColumnProduct?

  /// The longest patch for which all weights are solved for.
  private static let longest = 1200
  /// How strongly weights are held where they are, relative to the mean energy of their inputs.
  private static let ridge = 1e-2

  init(_ site: FitSite, by way: ColumnProduct?) {
    self.site = site
    self.way = way
    isScaling = site.layout.length > Self.longest
  }

  /// The value to look at in the pruned model.
  var source: ValueID { isScaling ? site.output : site.input }

  /// Takes in a batch.
  ///
  /// - Parameters:
  ///   - source: the value to look at.
  ///   - skip: what skips the layer, where its target is a sum.
  mutating func add(_ source: Tensor, skip: Tensor?, _ target: LayerTargets.Batch) {
    guard source.elementType == .float, let shape = lengths(source.dimensions), shape.group > 0
    else { return }
    let isTransposed = site.form.kind == .transposedConvolution && !isScaling
    let patches = Patches(shape, transposed: isTransposed)
    guard patches.count == target.positions, patches.length > 0 else { return }
    if groups.isEmpty {
      let equations = NormalEquations(
        inputs: patches.length, outputs: shape.outputChannels / shape.group, by: way)
      groups = Array(repeating: equations, count: shape.group)
    }
    guard shape.group == groups.count, patches.length == groups[0].inputs,
      let y = sums(target, without: skip)
    else { return }
    let x = (source.floats ?? []).withUnsafeBufferPointer { patches.rows(target.chosen, of: $0) }
    let outputs = groups[0].outputs, inputs = groups[0].inputs, rows = target.chosen.count
    guard x.count == shape.group * rows * inputs, y.count == rows * site.channels else { return }
    for group in 0..<shape.group {
      var part = y
      if shape.group > 1 {
        part = []
        for row in 0..<rows {
          let start = row * site.channels + group * outputs
          part += y[start..<start + outputs]
        }
      }
      groups[group].add(x[group * rows * inputs..<(group + 1) * rows * inputs], part[...])
    }
  }

  /// What the layer itself should make; nil where what skips it has another shape.
  private func sums(_ target: LayerTargets.Batch, without skip: Tensor?) -> [Float]? {
    guard site.target.skip != nil else { return target.rows }
    guard let skip, skip.elementType == .float, skip.dimensions.indices.contains(site.axis) else {
      return nil
    }
    let span = AxisSpan(skip.dimensions, axis: site.axis)
    guard span.length == site.channels, span.outer * span.inner == target.positions else {
      return nil
    }
    guard let values = skip.floats, values.count == span.count else { return nil }
    let taken = values.withUnsafeBufferPointer {
      $0.rows(target.chosen, span, Array(0..<span.length))
    }
    return zip(target.rows, taken).map { $0 - $1 }
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

  /// The new weights, which lie as the old ones do, and the new biases; nil where nothing can be learnt.
  func adapted(_ weights: [Float], _ biases: [Float]) -> (weights: [Float], biases: [Float])? {
    let layout = site.layout
    guard let first = groups.first, !biases.isEmpty,
      weights.count == layout.outputs * layout.length
    else { return nil }
    guard isScaling else {
      guard weights.count == first.inputs * first.outputs * groups.count else { return nil }
      // Where a weight's elements lie when its rows are output channels.
      let places = (0..<layout.outputs).flatMap { output in
        (0..<layout.length).map { layout.place(output: output, column: $0) }
      }
      guard let found = solution(from: places.map { Double(weights[$0]) }) else { return nil }
      var result = weights
      for (row, place) in places.enumerated() { result[place] = Float(found.weights[row]) }
      return (result, found.biases.map { Float($0) })
    }
    guard groups.count == biases.count,
      let found = solution(from: [Double](repeating: 1, count: biases.count))
    else { return nil }
    // A layer that is scaled is large: nothing is made of its weights but the new ones.
    var result = weights
    let share = weights.count / biases.count
    for output in 0..<layout.outputs {
      let row = output * layout.length
      for column in 0..<layout.length {
        let place = layout.place(output: output, column: column)
        result[place] = Float(Double(result[place]) * found.weights[(row + column) / share])
      }
    }
    return (
      result,
      biases.indices.map { Float(Double(biases[$0]) * found.weights[$0] + found.biases[$0]) }
    )
  }

  /// What least squares give for all groups, one after another.
  private func solution(from start: [Double]) -> (weights: [Double], biases: [Double])? {
    let share = start.count / max(1, groups.count)
    var found: [Double] = [], shifts: [Double] = []
    for (index, equations) in groups.enumerated() {
      let part = Array(start[index * share..<(index + 1) * share])
      guard
        let solved = equations.solve(from: part, ridge: Self.ridge, offset: site.bias != nil)
      else { return nil }
      found += solved.weights
      shifts += solved.biases
    }
    return (found, shifts)
  }
}
