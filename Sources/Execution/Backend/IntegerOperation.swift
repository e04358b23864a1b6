package import IR

/// An operation on 8-bit integers that stand for numbers, `(q - zeroPoint)·scale`: it computes with
/// the integers and rounds its result to integers of another scale.
package struct IntegerOperation {
  /// What is computed.
  package enum Kind {
    /// A convolution or a product of input 0 with input 1, plus the int32 input 2, which is in units
    /// of the product of their scales.
    case weighted
    /// The sum of inputs 0 and 1.
    case sum
  }

  /// How integers stand for numbers.
  package struct Parameters: Equatable {
    package var elementType: ElementType
    /// One for the tensor, or one for each output channel.
    package var scales: [Float]
    /// One for the tensor, or one for each output channel.
    package var zeroPoints: [Int32]

    /// The only scale and zero-point.
    package var single: (scale: Float, zeroPoint: Int32)? {
      guard scales.count == 1, zeroPoints.count == 1 else { return nil }
      return (scales[0], zeroPoints[0])
    }
  }

  package let kind: Kind
  /// Of input 0 and input 1.
  package let a: Parameters
  package let b: Parameters
  /// Functions of the result before it is rounded.
  package let functions: [ElementFunction]
  /// Of the result; nil for the sums themselves, as int32.
  package let y: Parameters?
}
