public import Passes

extension Recipe {
  /// The stages that the recipe asks for, in order.
  ///
  /// - Parameter hasCalibration: whether there is data to recover with.
  public func stages(hasCalibration: Bool) -> [any Stage] {
    var stages: [any Stage] = []
    if fuses { stages.append(FuseStage(fusion)) }
    if let drop { stages.append(DropStage(drop, adapts: recovers)) }
    if let pruning {
      if factors, recovers, hasCalibration, case .macs(let fraction) = pruning.target {
        stages.append(
          ShrinkStage(
            pruning, macs: fraction, choosesImportance: choosesImportance,
            dropsBlocks: dropsBlocks && drop == nil))
      } else {
        stages.append(
          PruneStage(
            pruning, choosesImportance: choosesImportance && recovers && hasCalibration))
        if recovers, hasCalibration { stages.append(RecoverStage()) }
        if !ranks.isEmpty, hasCalibration { stages.append(FactorStage(ranks)) }
      }
    } else if drop != nil, recovers, hasCalibration {
      stages.append(RecoverStage())
    }
    if pruning != nil || drop != nil {
      if let tuning, hasCalibration { stages.append(TuneStage(tuning, isAsked: tunesAlways)) }
    }
    if let quantization {
      stages.append(QuantizeStage(quantization))
      if let tuning, tuning.isQuantized, hasCalibration {
        stages.append(TuneIntegersStage(tuning))
      }
    }
    if let half { stages.append(HalfStage(half)) }
    return stages
  }
}
