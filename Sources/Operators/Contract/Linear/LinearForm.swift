package import Kernels

/// An operator that is linear in one of its inputs, the weight, channel by channel:
///
///     y[…, o, …] = alpha · Σᵢ weight[o, i, …] · x[…, i, …] + factor · bias[o]
///
/// Convolutions and products of matrices sum over channels of the activation; a normalisation's scale
/// multiplies one channel each (`Kind.scaling`). Axes that may be negative count from the end.
package struct LinearForm: Sendable {
  /// What sums a channel of the output is made of.
  package enum Kind: Sendable {
    /// A product of matrices: each position of the activation by itself.
    case product
    /// What a window over the activation sees.
    case convolution
    /// Each position of the activation adds to a window of the output.
    case transposedConvolution
    /// Nothing is summed: the weight has one factor a channel, and the activation stands for what the
    /// operator makes of it before.
    case scaling
  }

  /// A place for one number a channel that is added.
  package struct Bias: Sendable {
    /// The input that is the bias, or would be.
    package let slot: Int
    /// What the operator multiplies it by.
    package let factor: Double
    /// Whether it broadcasts, so that one element serves all channels.
    package let broadcasts: Bool

    package init(_ slot: Int, factor: Double = 1, broadcasts: Bool = false) {
      self.slot = slot
      self.factor = factor
      self.broadcasts = broadcasts
    }
  }

  package let kind: Kind
  /// The input that is multiplied by the weight.
  package let activation: Int
  /// The input that the operator is linear in.
  package let weight: Int
  /// Where a bias is or could be; nil where the operator has no place for one.
  package var bias: Bias?

  /// The axis of the weight along which output channels lie; nil for a vector, which makes one output
  /// without an axis of its own.
  package var weightOutput: Int?
  /// The axis of the weight that is summed over; nil where none is (`scaling`), and where the weight
  /// is packed.
  package var weightInput: Int?
  /// The axis of the activation along which its channels lie.
  package var activationAxis: Int
  /// The axis of the output along which its channels lie; nil where the weight is a vector.
  package var outputAxis: Int?

  /// Equal runs of channels that see only each other. A convolution's weight has the output channels
  /// of all groups along its output axis and the input channels of one along the other; a transposed
  /// one's has it the other way round.
  package var groups = 1
  /// So many leading axes of the weight are of a stack of matrices, whose channels are no channels of
  /// the whole.
  package var stackAxes = 0
  /// What the sums are multiplied by.
  package var alpha = 1.0
  /// Whether the operator transposes the activation, so that its channels are not where its kind has
  /// them otherwise.
  package var transposesActivation = false
  /// Whether the border sees zeros that are no elements of the activation.
  package var readsPadding = false
  /// Whether the output is the sums and the bias alone: no further addend, function or rounding
  /// follows, and the weight's elements are the numbers themselves.
  package var isPlain = true
  /// The lengths of a convolution for shapes of activation and weight.
  package var lengths: (@Sendable (_ activation: [Int], _ weight: [Int]) -> ConvolutionShape?)?

  package init(
    _ kind: Kind, activation: Int, weight: Int, bias: Bias? = nil, output: Int?, input: Int?,
    along activationAxis: Int, to outputAxis: Int?
  ) {
    self.kind = kind
    self.activation = activation
    self.weight = weight
    self.bias = bias
    weightOutput = output
    weightInput = input
    self.activationAxis = activationAxis
    self.outputAxis = outputAxis
  }

  /// A normalisation's scale, input 1, one factor a channel along an axis.
  package static func scaling(along axis: Int, bias: Bias?) -> LinearForm {
    LinearForm(
      .scaling, activation: 0, weight: 1, bias: bias, output: 0, input: nil, along: axis, to: axis)
  }

  /// The axis made non-negative for a tensor of the given rank; nil where it has none such.
  package static func place(_ axis: Int?, rank: Int) -> Int? {
    guard let axis, axis >= -rank, axis < rank else { return nil }
    return axis < 0 ? axis + rank : axis
  }

  /// The sums as a convolution of the activation and the weight of the given shapes; for a transposed
  /// one the shape's window is that of the convolution that it is the transpose of. A product of
  /// matrices is a convolution without spatial axes; the positions behind its channels' axis make one.
  /// Nil where the shapes do not go together, and for weights that are no matrix.
  package func convolution(activation x: [Int], weight w: [Int]) -> ConvolutionShape? {
    if let lengths { return lengths(x, w) }
    guard kind == .product, stackAxes == 0, let weightInput, w.indices.contains(weightInput),
      let axis = Self.place(activationAxis, rank: x.count), w[weightInput] == x[axis]
    else { return nil }
    let outputs = weightOutput.flatMap { w.indices.contains($0) ? w[$0] : nil } ?? 1
    let inner = axis == x.count - 1 ? [] : [x[(axis + 1)...].reduce(1, *)]
    let ones = inner.map { _ in 1 }, zeros = inner.map { _ in 0 }
    return ConvolutionShape(
      batch: x[..<axis].reduce(1, *), inputChannels: x[axis], outputChannels: outputs, group: 1,
      window: Window(
        input: inner, kernel: ones, strides: ones, dilations: ones, padsBegin: zeros,
        padsEnd: zeros, output: inner))
  }

  /// What the output sees of the activation, a row a position; rows of the weight (`WeightLayout`)
  /// times these are the sums.
  package func patches(activation x: [Int], weight w: [Int]) -> Patches? {
    convolution(activation: x, weight: w).map {
      Patches($0, transposed: kind == .transposedConvolution)
    }
  }
}
