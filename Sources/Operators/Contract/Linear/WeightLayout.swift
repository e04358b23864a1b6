/// Where the elements of a linear operator's weight lie: as rows, one an output channel, each with the
/// input channels of its group and, for each of these, the positions of a kernel.
package struct WeightLayout: Sendable {
  /// The number of output channels, of all groups.
  package let outputs: Int
  /// The number of input channels that an output channel sees: those of its group.
  package let inputs: Int
  /// The number of groups.
  package let groups: Int
  /// The number of positions of the kernel.
  package let taps: Int
  /// Distances of neighbours in elements, and lengths, of the two axes of channels.
  private let outputAxis: (stride: Int, length: Int)
  private let inputAxis: (stride: Int, length: Int)
  private let tapOffsets: [Int]
  private let isTransposed: Bool

  /// - Returns: nil for weights in stacks and packed ones, and where the lengths do not go together.
  package init?(_ form: LinearForm, dimensions: [Int]) {
    guard form.stackAxes == 0, form.kind == .scaling || form.weightInput != nil,
      dimensions.allSatisfy({ $0 > 0 }), form.groups > 0
    else { return nil }
    var strides = [Int](repeating: 1, count: dimensions.count), count = 1
    for axis in dimensions.indices.reversed() {
      strides[axis] = count
      let (product, overflow) = count.multipliedReportingOverflow(by: dimensions[axis])
      guard !overflow else { return nil }
      count = product
    }
    func axis(_ axis: Int?) -> (stride: Int, length: Int)? {
      guard let axis else { return (0, 1) }
      return dimensions.indices.contains(axis) ? (strides[axis], dimensions[axis]) : nil
    }
    guard let output = axis(form.weightOutput), let input = axis(form.weightInput) else {
      return nil
    }
    isTransposed = form.kind == .transposedConvolution
    let whole = isTransposed ? input.length : output.length
    guard whole % form.groups == 0 else { return nil }
    outputs = isTransposed ? output.length * form.groups : output.length
    inputs = isTransposed ? input.length / form.groups : input.length
    groups = form.groups
    outputAxis = output
    inputAxis = input
    var offsets = [0]
    for axis in dimensions.indices where axis != form.weightOutput && axis != form.weightInput {
      offsets = offsets.flatMap { start in
        (0..<dimensions[axis]).map { start + $0 * strides[axis] }
      }
    }
    taps = offsets.count
    tapOffsets = offsets
  }

  /// The number of elements of a row.
  package var length: Int { inputs * taps }

  /// The place of an element in the weight: `column` counts the group's input channels and, within
  /// each, the kernel's positions.
  package func place(output: Int, column: Int) -> Int {
    let share = outputs / groups
    let input = column / taps
    let (o, i) = isTransposed ? (output % share, output / share * inputs + input) : (output, input)
    return o * outputAxis.stride + i * inputAxis.stride + tapOffsets[column % taps]
  }

  /// The channels, of all groups, that the element at a place leads to and comes from.
  package func channels(at place: Int) -> (output: Int, input: Int) {
    let o = outputAxis.stride == 0 ? 0 : place / outputAxis.stride % outputAxis.length
    let i = inputAxis.stride == 0 ? 0 : place / inputAxis.stride % inputAxis.length
    return isTransposed
      ? (i / inputs * outputAxis.length + o, i) : (o, o / (outputs / groups) * inputs + i)
  }
}
