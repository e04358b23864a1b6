internal import IR
internal import Passes

/// A stage that has been run: what came of it, to be taken again.
struct MadeStage: Stage {
  let name: String
  let result: String
  let requires: Set<ModelProperty>
  let excludes: Set<ModelProperty>
  let ensures: Set<ModelProperty>
  let needsCalibration: String? = nil
  let seconds: Double
  private let state: ModelState
  private let proof: StageProof?
  /// Notes that the stage found there, which are not its own.
  private let earlier: Int

  /// Runs a stage and keeps what came of it.
  init(
    _ stage: any Stage, _ state: inout ModelState, _ setting: StageSetting
  ) throws(ModelError) {
    name = stage.name
    result = stage.result
    (requires, excludes, ensures) = (stage.requires, stage.excludes, stage.ensures)
    earlier = state.notes.count
    let clock = ContinuousClock()
    let start = clock.now
    proof = try noting(stage.name) { () throws(ModelError) in try stage.run(&state, setting) }
    seconds = stage.seconds + (clock.now - start) / .seconds(1)
    self.state = state
  }

  /// Bytes that it keeps, those of constants.
  var byteCount: Int {
    let graph = state.model.graph
    return graph.initializers.reduce(0) { $0 + (graph[$1].initializer?.byteCount ?? 0) }
  }

  /// Changes the model of a state as the stage did.
  func run(_ state: inout ModelState, _ setting: StageSetting) throws(ModelError) -> StageProof? {
    let notes = state.notes + self.state.notes.dropFirst(earlier)
    state = self.state
    state.notes = notes
    return proof
  }
}
