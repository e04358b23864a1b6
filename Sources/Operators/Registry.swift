package import IR
private import Synchronization

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
    BeforeOpset7<Add>.self,
    AffineGrid.self,
    And.self,
    BeforeOpset7<And>.self,
    ArgMax.self,
    ArgMin.self,
    Asin.self,
    Asinh.self,
    Atan.self,
    Atanh.self,
    Attention.self,
    AveragePool.self,
    BatchNormalization.self,
    Bernoulli.self,
    BitCast.self,
    BitShift.self,
    BitwiseAnd.self,
    BitwiseNot.self,
    BitwiseOr.self,
    BitwiseXor.self,
    BlackmanWindow.self,
    Cast.self,
    CastLike.self,
    CausalConvWithState.self,
    Ceil.self,
    Celu.self,
    CenterCropPad.self,
    Clip.self,
    Col2Im.self,
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
    CumProd.self,
    CumSum.self,
    DFT.self,
    DeformConv.self,
    DepthToSpace.self,
    DequantizeLinear.self,
    Det.self,
    Div.self,
    BeforeOpset7<Div>.self,
    Dropout.self,
    DynamicQuantizeLinear.self,
    Einsum.self,
    Elu.self,
    Equal.self,
    BeforeOpset7<Equal>.self,
    Erf.self,
    Exp.self,
    Expand.self,
    EyeLike.self,
    Flatten.self,
    FlexAttention.self,
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
    GradientOf.self,
    Greater.self,
    BeforeOpset7<Greater>.self,
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
    ImageDecoder.self,
    InstanceNormalization.self,
    IsInf.self,
    IsNaN.self,
    LRN.self,
    LSTM.self,
    LabelEncoder.self,
    LayerNormalization.self,
    LeakyRelu.self,
    Less.self,
    BeforeOpset7<Less>.self,
    LessOrEqual.self,
    LinearAttention.self,
    Log.self,
    LogSoftmax.self,
    Loop.self,
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
    BeforeOpset7<Mul>.self,
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
    BeforeOpset7<Or>.self,
    PRelu.self,
    BeforeOpset7<PRelu>.self,
    Pad.self,
    Pow.self,
    BeforeOpset7<Pow>.self,
    QLinearConv.self,
    QLinearMatMul.self,
    QuantizeLinear.self,
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
    RegexFullMatch.self,
    Relu.self,
    Reshape.self,
    Resize.self,
    ReverseSequence.self,
    RoiAlign.self,
    RotaryEmbedding.self,
    Round.self,
    STFT.self,
    Scan.self,
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
    SimplifiedLayerNormalization.self,
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
    BeforeOpset7<Sub>.self,
    Sum.self,
    SwiGLU.self,
    Swish.self,
    Tan.self,
    Tanh.self,
    TensorScatter.self,
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
    BeforeOpset7<Xor>.self,
    ArrayFeatureExtractor.self,
    Binarizer.self,
    FeatureVectorizer.self,
    Imputer.self,
    LinearClassifier.self,
    LinearRegressor.self,
    Normalizer.self,
    OneHotEncoder.self,
    SVMClassifier.self,
    SVMRegressor.self,
    Scaler.self,
    TreeEnsemble.self,
    TreeEnsembleClassifier.self,
    TreeEnsembleRegressor.self,
    ConvolutionData.self,
    ConvolutionWeights.self,
    GatheredBack.self,
    MovedBack.self,
    PooledBack.self,
    QuantizationBack.self,
    RecurrentBack.self,
    ResampledBack.self,
    Slope.self,
    SumLike.self,
    Microsoft.Attention.self,
    Microsoft.BiasGelu.self,
    Microsoft.DequantizeLinear.self,
    Microsoft.DynamicQuantizeLSTM.self,
    Microsoft.DynamicQuantizeMatMul.self,
    Microsoft.EmbedLayerNormalization.self,
    Microsoft.ExpandDims.self,
    Microsoft.FastGelu.self,
    Microsoft.FusedConv.self,
    Microsoft.FusedGemm.self,
    Microsoft.FusedMatMul.self,
    Microsoft.Gelu.self,
    Microsoft.GroupQueryAttention.self,
    Microsoft.MatMulIntegerToFloat.self,
    Microsoft.MatMulNBits.self,
    Microsoft.MultiHeadAttention.self,
    Microsoft.QGemm.self,
    Microsoft.QLinearAdd.self,
    Microsoft.QLinearAveragePool.self,
    Microsoft.QLinearConcat.self,
    Microsoft.QLinearGlobalAveragePool.self,
    Microsoft.QLinearLeakyRelu.self,
    Microsoft.QLinearMul.self,
    Microsoft.QLinearSigmoid.self,
    Microsoft.QLinearSoftmax.self,
    Microsoft.QuantizeLinear.self,
    Microsoft.QuickGelu.self,
    Microsoft.RotaryEmbedding.self,
    Microsoft.SkipLayerNormalization.self,
    Microsoft.SkipSimplifiedLayerNormalization.self,
  ]

  private static let byName: [OperatorName: [any Operator.Type]] =
    Dictionary(grouping: operators) { $0.schema.op }

  /// Names of all operators, sorted.
  package static var names: [OperatorName] {
    byName.keys.sorted { ($0.domain, $0.type) < ($1.domain, $1.type) }
  }

  /// Whether any operator of a domain is known.
  package static func knows(domain: String) -> Bool { domains.contains(domain) }

  private static let domains = Set(byName.keys.map(\.domain))

  /// The opsets at which an operator is known, one range an implementation.
  package static func opsets(of op: OperatorName) -> [ClosedRange<Int>] {
    (byName[op] ?? []).map { $0.schema.opsets }.sorted { $0.lowerBound < $1.lowerBound }
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
    if let signature = signature(of: op, opset: opset) {
      try signature.check(view)
      return try type.init(view, opset: opset)
    }
    try Signature.check(view.label, "inputs", view.inputs.count, type.schema.inputs)
    try Signature.check(view.label, "outputs", view.outputs.count, type.schema.outputs)
    for index in 0..<type.schema.inputs.lowerBound where !view.inputs[index] {
      throw ModelError(.invalid, "\(view.label), input \(index): expected a value, found none")
    }
    return try type.init(view, opset: opset)
  }

  /// An operator at an opset.
  private struct Version: Hashable {
    let op: OperatorName
    let opset: Int
  }

  /// Signatures that have been asked for; reading their texts takes longer than finding them.
  private static let signatures = Mutex<[Version: Signature?]>([:])

  /// The operands and attributes that an operator takes at an opset; nil where that is not stated.
  package static func signature(of op: OperatorName, opset: Int) -> Signature? {
    let version = Version(op: op, opset: opset)
    return signatures.withLock { known in
      if let signature = known[version] { return signature }
      let signature = find(op, opset: opset).flatMap { $0.schema.signature?.signature(at: opset) }
      known[version] = .some(signature)
      return signature
    }
  }

  /// The values that attributes have at an opset when they are left out: what the signature says, and
  /// what the operator adds to it.
  package static func defaults(of op: OperatorName, opset: Int) -> [String: AttributeValue] {
    let stated = signature(of: op, opset: opset)?.defaults ?? [:]
    let implied = find(op, opset: opset)?.traits.attributeDefaults ?? [:]
    return stated.merging(implied) { $1 }
  }
}
