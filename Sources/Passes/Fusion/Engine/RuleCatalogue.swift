/// All rules, in the order in which they are tried.
///
/// Within a stage the first rule that applies at a node wins. Each stage also tries the rules of the
/// stages before it. Spelled-out operators are recognised before constants are folded into weights,
/// which would take their spelling apart.
enum RuleCatalogue {
  /// Rules that look at a graph as a whole, at the beginning of each round.
  static let sweeps: [any SweepRule.Type] = [
    DeduplicateInitializers.self, DeduplicateNodes.self,
  ]

  /// Rules that bring the graphs that nodes hold into the graph around them, at the end of a round.
  static let bodies: [any BodyRule.Type] = [InlineIf.self]

  /// Rules that look at one node, stage by stage.
  static let stages: [[any FusionRule.Type]] = [
    [
      RemoveDeadCode.self, ConstantsToInitializers.self, RemoveIdentities.self, FoldConstants.self,
      FoldReshapeTarget.self, ArithmeticIdentities.self, CancelInverses.self, DropExpand.self,
      UnwrapStridedGather.self,
      MergeCasts.self, CancelSplit.self, FlattenConcat.self, MergeTransposes.self,
      MergeReshapes.self, WhereNot.self,
    ],
    [
      FuseHardSigmoid.self, FuseHardSwish.self, FuseGelu.self, FuseMicrosoftGelu.self,
      FuseLayerNormalization.self, FuseRMSNormalization.self, FuseLogSoftmax.self, FuseSwish.self,
      FuseFunctions.self, MergeClamps.self,
    ],
    [
      FoldBatchNormalization.self, FoldScaleShift.self, FoldAffineBefore.self,
      ScaleBeforeShift.self,
      MergeConstants.self,
      MatMulAdd.self, SimplifyGemm.self, FoldPad.self, MergeSlices.self,
      MergeGathers.self, ReciprocalToDiv.self, SqueezeReduction.self, TransposeAsReshape.self,
      SinkTransposes.self, UnwrapElementwise.self, ProjectionsToGemm.self,
    ],
    [SlicesToSplit.self],
  ]

  /// What `--list` shows of a rule.
  struct Entry {
    let name: String
    let summary: String
    let targets: [FusionTarget]
  }

  /// Every rule, in order.
  static var entries: [Entry] {
    let all = FusionTarget.allCases
    return sweeps.map { Entry(name: $0.name, summary: $0.summary, targets: all) }
      + stages.joined().map { Entry(name: $0.name, summary: $0.summary, targets: $0.targets) }
      + bodies.map { Entry(name: $0.name, summary: $0.summary, targets: all) }
  }
}
