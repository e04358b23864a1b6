package import IR

/// What is so of an operator whatever its attributes and operands. A file states only what differs
/// from the defaults.
package struct Traits: Sendable {
  /// Whether float16 and bfloat16 operands are widened to float before `evaluate` and its results
  /// rounded back; false for operators that take these types themselves.
  package var widensHalf: Bool
  /// Whether the operator only moves and compares elements, so that it takes strings as their ranks in
  /// dictionary order (`StringRanks`).
  package var takesStrings: Bool
  /// Whether the operator takes elements of less than a byte as they lie in memory. Otherwise they
  /// come and go as bytes.
  package var readsPackedElements: Bool
  /// Inputs whose constants are no trained parameters: running statistics, bounds, scales,
  /// zero-points.
  package var auxiliaryInputs: Set<Int>
  /// Inputs whose constants are trained even where they have one element only, which elsewhere in
  /// elementwise arithmetic is a number of a formula.
  package var trainedInputs: Set<Int>
  /// Inputs whose integer constants are quantized weights.
  package var quantizedInputs: Set<Int>
  /// Outputs whose integers stand for numbers, so that cotangents go through them.
  package var quantizedOutputs: Set<Int>
  /// Inputs whose absence means zeros.
  package var zeroInputs: Set<Int>
  /// Whether rounding its operands to 16 bits changes which elements it picks, how many it makes or what
  /// its scales mean, so that a model in 16 bits computes it in float.
  package var keepsFloat: Bool
  /// Whether the inputs may be given in any order.
  package var isCommutative: Bool
  /// Whether elements of input 0 that are multiplied by a number above 0, the same for a channel, give
  /// elements of the output that are multiplied by it, their channels along the same axis.
  package var isHomogeneous: Bool
  /// Attributes whose absence means the same as the given value, though the signature gives them no
  /// default. A list of one number stands for a list of any length with that number throughout.
  package var attributeDefaults: [String: AttributeValue]

  package init(
    widensHalf: Bool = true, takesStrings: Bool = false, readsPackedElements: Bool = false,
    auxiliaryInputs: Set<Int> = [], trainedInputs: Set<Int> = [], quantizedInputs: Set<Int> = [],
    quantizedOutputs: Set<Int> = [], zeroInputs: Set<Int> = [], keepsFloat: Bool = false,
    isCommutative: Bool = false, isHomogeneous: Bool = false,
    attributeDefaults: [String: AttributeValue] = [:]
  ) {
    self.widensHalf = widensHalf
    self.takesStrings = takesStrings
    self.readsPackedElements = readsPackedElements
    self.auxiliaryInputs = auxiliaryInputs
    self.trainedInputs = trainedInputs
    self.quantizedInputs = quantizedInputs
    self.quantizedOutputs = quantizedOutputs
    self.zeroInputs = zeroInputs
    self.keepsFloat = keepsFloat
    self.isCommutative = isCommutative
    self.isHomogeneous = isHomogeneous
    self.attributeDefaults = attributeDefaults
  }

  /// The same with other quantized inputs.
  package func with(quantizedInputs: Set<Int>) -> Traits {
    var traits = self
    traits.quantizedInputs = quantizedInputs
    return traits
  }

  /// The same with other quantized outputs.
  package func with(quantizedOutputs: Set<Int>) -> Traits {
    var traits = self
    traits.quantizedOutputs = quantizedOutputs
    return traits
  }
}
