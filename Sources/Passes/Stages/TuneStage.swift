public import Gradients
public import IR
internal import Operators
internal import Samples

/// Lets the weights of a cut model learn, step by step, what the original computed.
public struct TuneStage: Stage {
  /// What recipes call it.
  public let name = "tune"
  /// What reports call the model after it.
  public let result = "tuned"
  /// What must hold before it.
  public let requires: Set<ModelProperty> = [.cut]
  /// What must not hold before it.
  public let excludes: Set<ModelProperty> = [.quantized]
  private let options: TuningOptions
  /// Fewer samples than this are learnt by heart; a stage that nobody asked for leaves them alone.
  public static let fewest = 256
  /// Multiply-accumulates beyond which a stage that nobody asked for leaves a model alone: some
  /// three to nine minutes on two cores. A bound in seconds would give other bytes on another machine.
  public static let mostWork = 3e12
  private let isAsked: Bool

  /// A stage with options.
  ///
  /// - Parameter isAsked: whether somebody asked for it, so that it runs on few samples too.
  public init(_ options: TuningOptions = TuningOptions(), isAsked: Bool = false) {
    self.options = options
    self.isAsked = isAsked
  }

  /// Changes the model of a state and says how that was proved.
  public func run(
    _ state: inout ModelState, _ setting: StageSetting
  ) throws(ModelError) -> StageProof? {
    guard let cut = state.cut, let fit = setting.fit, let proof = setting.proof else { return nil }
    let count = fit.count + (proof.part == .heldOut ? proof.count : 0)
    guard isAsked || count >= Self.fewest && fit.part != .random else { return nil }
    var options = options
    if !isAsked {
      guard
        let steps = Self.steps(
          macs: cut.macs, teacher: cut.teacherMacs, samples: fit.count, batch: options.batch)
      else {
        state.notes.append(
          "tune: left out, since it would take long; ask for it in a recipe, or use tune")
        return nil
      }
      options.steps = options.steps ?? steps
    }
    let teacher = cut.descent.teacher
    let objective = try Objective(
      kinds: options.kinds, student: state.model, teacher: teacher,
      kept: { cut.descent.kept(of: $0, rank: $1) })
    let before = try setting.signal(of: state.model, against: state.original)
    let outcome: Tuner.Outcome
    do {
      outcome = try Tuner(
        state.model, teacher: teacher, objective: objective, options: options,
        session: setting.options
      ).run(
        on: fit, proof: proof, progress: { setting.progress($0.within("tuning")) })
    } catch {
      // A model that cannot be run or differentiated keeps its weights as they are.
      guard error.code == .unsupported else { throw error }
      state.notes.append("tune: left out: \(error.message)")
      return nil
    }
    state.replace(with: outcome.model)
    state.notes.append(
      "tune: \(outcome.steps) steps, the weights of step \(outcome.best) kept; compared "
        + objective.summary.joined(separator: "; "))
    state.notes += outcome.notes.map { "tune: \($0)" }
    return try setting.signal(of: outcome.model, against: state.original, before: before)
  }

  /// The usual number of steps, or fewer where these would take too long; nil where it does not pay.
  ///
  /// - Parameters:
  ///   - macs: multiply-accumulates of the model for one sample.
  ///   - teacher: those of the model that it learns from.
  static func steps(macs: Int, teacher: Int, samples: Int, batch: Int) -> Int? {
    // A step runs the teacher, and the model forwards, backwards to its data and to its weights.
    let work = 3 * Double(macs) + Double(teacher)
    let most = mostWork / max(1, work * Double(min(batch, samples)))
    guard most >= Double(TuningOptions.fewestSteps) else { return nil }
    let usual = TuningOptions.usualSteps(samples: samples)
    return most < Double(usual) ? Int(most) : usual
  }
}
