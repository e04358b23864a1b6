package import Kernels

/// What an operator computes, said so that whoever reads it can compute the same without knowing the
/// operator: sessions join steps by it, and backends look for fast code.
///
/// Inputs are those of the operator, by position. What an operator computes beside output 0 is not
/// said, but for recurrent layers.
package enum Computation: Sendable {
  /// A function of each element of input 0.
  case function(UnaryFunction)
  /// Each element of input 0 between two bounds: the given ones, or else the single elements of inputs
  /// 1 and 2 where these are given.
  case clamp(ClosedRange<Float>?)
  /// A function of the elements of two inputs, with multidirectional broadcasting. The operator may
  /// have another number of inputs; then this says nothing.
  case binary(BinaryFunction)
  /// A convolution or a transposed one: the form's lengths are those of the sums.
  case convolution(LinearForm, of: ProductNumbers)
  /// A product of two inputs as matrices, whether one is constant or none.
  case product(ProductForm, of: ProductNumbers)
  /// A reduction of windows over the axes from 2 on.
  case pool(PoolForm)
  /// `(x - mean) / √(variance + epsilon) · scale + bias` with inputs scale, bias, mean and variance, an
  /// element for each index of axis 1 of input 0.
  case channelNormalization(epsilon: Float)
  /// The last axes of input 0 normalised, times input 1, plus input 2 where it is given.
  case rowNormalization(RowNormalizationForm)
  /// `eˣ / Σeˣ` over runs of elements, or its logarithm.
  case softmax(AxisRuns, isLogarithm: Bool)
  /// The axes in another order: for each of the output the one of input 0; nil reverses all.
  case transposition([Int]?)
  /// All inputs side by side along an axis, which may be negative.
  case concatenation(axis: Int)
  /// A layer that carries a state along a sequence, with all of its outputs (`Recurrent`).
  case recurrence(Recurrence.Cell, RecurrentSettings)
  /// Numbers to integers by the scale and the zero-point in inputs 1 and 2.
  case quantization(LinearQuantizationSettings)
  /// Integers to numbers by the scale and the zero-point in inputs 1 and 2.
  case dequantization(LinearQuantizationSettings)

  /// Input 0 times the derivative of a function at input 1, element by element.
  case slope(UnaryFunction)
  /// A cotangent of a convolution, input 0 being that of its result.
  case convolutionGradient(any BackwardConvolution)

  /// Whether each element of the output comes of one element of one operand and of constants.
  package var isElementwise: Bool {
    switch self {
    case .function, .clamp: true
    default: false
    }
  }
}

/// What the operands of a product stand for.
package enum ProductNumbers: Sendable {
  /// For themselves.
  case plain
  /// 8-bit integers less the zero-points in the given inputs; the sums are int32.
  case integers(leftZeroPoint: Int, rightZeroPoint: Int)
  /// 8-bit integers that stand for numbers by a scale and a zero-point, which are the two inputs behind
  /// each of them. Sums are rounded to such again.
  case quantized(QuantizedOperands)
}

/// Where an operator on quantized numbers has its operands.
package struct QuantizedOperands: Sendable {
  /// The inputs that are multiplied: the scale and the zero-point of each follow it.
  package let left: Int
  package let right: Int
  /// The input that is the result's scale, followed by its zero-point.
  package let result: Int
  /// The input that is an int32 bias in units of the product of the scales; nil for none.
  package let bias: Int?

  /// Operands as ONNX's operators on quantized numbers have them.
  package init(left: Int = 0, right: Int = 3, result: Int = 6, bias: Int? = nil) {
    self.left = left
    self.right = right
    self.result = result
    self.bias = bias
  }
}
