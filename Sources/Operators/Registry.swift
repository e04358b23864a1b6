package import IR

/// Every operator that the project knows, found by name and opset.
package enum Registry {
  /// One line an operator.
  private static let operators: [any Operator.Type] = [
    Abs.self,
    Acos.self,
    Acosh.self,
    Adagrad.self,
    Adam.self,
    Add.self,
    And.self,
    ArgMax.self,
    ArgMin.self,
    Asin.self,
    Asinh.self,
    Atan.self,
    Atanh.self,
    AveragePool.self,
    BatchNormalization.self,
    Bernoulli.self,
    BitShift.self,
    BlackmanWindow.self,
    Cast.self,
    CastLike.self,
    Ceil.self,
    Celu.self,
    Clip.self,
    Compress.self,
    Concat.self,
    ConcatFromSequence.self,
    Constant.self,
    ConstantOfShape.self,
    Conv.self,
    ConvInteger.self,
    ConvTranspose.self,
    Cos.self,
    Cosh.self,
    CumSum.self,
    DFT.self,
    DepthToSpace.self,
    DequantizeLinear.self,
    Det.self,
    Div.self,
    Dropout.self,
    DynamicQuantizeLinear.self,
    Einsum.self,
    Elu.self,
    Equal.self,
    Erf.self,
    Exp.self,
    Expand.self,
    EyeLike.self,
    Flatten.self,
    Floor.self,
    GRU.self,
    Gather.self,
    GatherElements.self,
    GatherND.self,
    Gelu.self,
    Gemm.self,
    GlobalAveragePool.self,
    GlobalLpPool.self,
    GlobalMaxPool.self,
    Greater.self,
    GreaterOrEqual.self,
    GridSample.self,
    GroupNormalization.self,
    HammingWindow.self,
    HannWindow.self,
    HardSigmoid.self,
    HardSwish.self,
    Hardmax.self,
    Identity.self,
    If.self,
    InstanceNormalization.self,
    LabelEncoder.self,
    Loop.self,
    IsInf.self,
    IsNaN.self,
    LRN.self,
    LSTM.self,
    LayerNormalization.self,
    LeakyRelu.self,
    Less.self,
    LessOrEqual.self,
    Log.self,
    LogSoftmax.self,
    LpNormalization.self,
    LpPool.self,
    MatMul.self,
    MatMulInteger.self,
    Max.self,
    MaxPool.self,
    MaxRoiPool.self,
    MaxUnpool.self,
    Mean.self,
    MeanVarianceNormalization.self,
    MelWeightMatrix.self,
    Min.self,
    Mish.self,
    Mod.self,
    Momentum.self,
    Mul.self,
    Multinomial.self,
    Neg.self,
    NegativeLogLikelihoodLoss.self,
    NonMaxSuppression.self,
    NonZero.self,
    Not.self,
    OneHot.self,
    OptionalGetElement.self,
    OptionalHasElement.self,
    OptionalOf.self,
    Or.self,
    PRelu.self,
    Pad.self,
    Pow.self,
    QLinearConv.self,
    QLinearMatMul.self,
    QuantizeLinear.self,
    RegexFullMatch.self,
    RMSNormalization.self,
    RNN.self,
    RandomNormal.self,
    RandomNormalLike.self,
    RandomUniform.self,
    RandomUniformLike.self,
    RangeOf.self,
    Reciprocal.self,
    ReduceL1.self,
    ReduceL2.self,
    ReduceLogSum.self,
    ReduceLogSumExp.self,
    ReduceMax.self,
    ReduceMean.self,
    ReduceMin.self,
    ReduceProd.self,
    ReduceSum.self,
    ReduceSumSquare.self,
    Relu.self,
    Reshape.self,
    Resize.self,
    ReverseSequence.self,
    RoiAlign.self,
    Round.self,
    Scan.self,
    STFT.self,
    Scatter.self,
    ScatterElements.self,
    ScatterND.self,
    Selu.self,
    SequenceAt.self,
    SequenceConstruct.self,
    SequenceEmpty.self,
    SequenceErase.self,
    SequenceInsert.self,
    SequenceLength.self,
    SequenceMap.self,
    ShapeOf.self,
    Shrink.self,
    Sigmoid.self,
    Sign.self,
    Sin.self,
    Sinh.self,
    Size.self,
    Slice.self,
    Softmax.self,
    SoftmaxCrossEntropyLoss.self,
    Softplus.self,
    Softsign.self,
    SpaceToDepth.self,
    Split.self,
    SplitToSequence.self,
    Sqrt.self,
    Squeeze.self,
    StringConcat.self,
    StringNormalizer.self,
    StringSplit.self,
    Sub.self,
    Sum.self,
    Tan.self,
    Tanh.self,
    TfIdfVectorizer.self,
    ThresholdedRelu.self,
    Tile.self,
    TopK.self,
    Transpose.self,
    Trilu.self,
    Unique.self,
    Unsqueeze.self,
    Upsample.self,
    Where.self,
    Xor.self,
  ]

  private static let byName: [OperatorName: [any Operator.Type]] =
    Dictionary(grouping: operators) { $0.schema.op }

  /// Names of all operators, sorted.
  package static var names: [OperatorName] {
    byName.keys.sorted { ($0.domain, $0.type) < ($1.domain, $1.type) }
  }

  /// The implementation for a name at an opset, or nil when it is unknown: never a guess.
  package static func find(_ op: OperatorName, opset: Int) -> (any Operator.Type)? {
    byName[op]?.first { $0.schema.opsets.contains(opset) }
  }

  /// Makes the operator of a node: checks its arity and decodes its attributes. Nil when the
  /// operator is unknown.
  package static func make(
    _ op: OperatorName, opset: Int, _ view: NodeView
  ) throws(ModelError) -> (any Operator)? {
    guard let type = find(op, opset: opset) else { return nil }
    try check(view.label, "inputs", view.inputs.count, type.schema.inputs)
    try check(view.label, "outputs", view.outputs.count, type.schema.outputs)
    for index in 0..<type.schema.inputs.lowerBound where !view.inputs[index] {
      throw ModelError(.invalid, "\(view.label), input \(index): expected a value, found none")
    }
    return try type.init(view, opset: opset)
  }

  private static func check(
    _ label: String, _ what: String, _ count: Int, _ allowed: ClosedRange<Int>
  ) throws(ModelError) {
    guard !allowed.contains(count) else { return }
    let wanted =
      allowed.upperBound == .max
      ? "at least \(allowed.lowerBound)"
      : allowed.count == 1
        ? "\(allowed.lowerBound)" : "\(allowed.lowerBound) to \(allowed.upperBound)"
    throw ModelError(.invalid, "\(label): expected \(wanted) \(what), found \(count)")
  }
}
