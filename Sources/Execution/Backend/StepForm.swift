package import IR
package import Kernels

/// What a step computes where that is not its node's operator alone.
package enum StepForm {
  /// The operator.
  case plain
  /// Functions of each element of input 0, one after another.
  case function([ElementFunction])
  /// The rows along an axis of input 0, its last, brought to mean 0 and variance 1, times input 1,
  /// plus input 2; both are constant.
  case rowNormalization(epsilon: Float, axis: Int)
  /// The output of the operator, which has the first `inputs` inputs, carried on by further
  /// operations.
  case chain([PostOperation], inputs: Int)
  /// The inputs side by side along axis 1, times a factor and plus an offset for each of its indices;
  /// results below zero become zero where that is asked for.
  case normalizedParts(factor: [Float], offset: [Float], clamps: Bool)
  /// The operator on 8-bit integers instead of the numbers that they stand for; it only moves them.
  case onIntegers
  /// Bytes of input 0, each replaced by one of 256, which are integers of a type.
  case table([UInt8], ElementType)
  /// The operator on 8-bit integers, rounded to such again.
  case integer(IntegerOperation)
}

/// What follows an operator within one step.
package enum PostOperation {
  /// A function of each element.
  case function(ElementFunction)
  /// An operation with an input of the step, which stretches to the shape of the result.
  case binary(BinaryFunction, input: Int)
  /// A factor and an offset for each index of axis 1.
  case affine(factor: [Float], offset: [Float])

  /// Whether this is a function of each element alone.
  package var isFunction: Bool {
    if case .function = self { true } else { false }
  }

  /// Whether this clamps at zero.
  package var isRelu: Bool {
    guard case .function(let function) = self else { return false }
    return function.isRelu
  }
}
