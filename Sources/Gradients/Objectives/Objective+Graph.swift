import IR
internal import Operators

/// Names of the inputs that an objective adds to a model, and of its result.
struct ObjectiveNames {
  /// For each pair, the input that takes the teacher's values.
  var targets: [String] = []
  /// The input that takes a row of zeros and a one for each label.
  var labels: String?
}

extension Objective {
  /// What scores are divided by to judge what was learnt from labels. A model that learns them by heart grows
  /// too sure long before it errs more often, so that the cross entropy rises while fewer samples are mistaken;
  /// at the temperature that suits it best it says which model errs less (Guo et al., "On calibration of modern
  /// neural networks", 2017).
  static let temperatures = [1, 1.4, 2, 2.8, 4, 5.7, 8]

  /// Appends the objective to a student's graph.
  ///
  /// - Parameters:
  ///   - variances: of the teacher's values, one a pair.
  /// - Returns: the loss, a scalar; the same at the other temperatures, where labels count; and the names of
  ///   new inputs.
  func append(
    to builder: GraphBuilder, _ typed: TypedGraph, variances: [Double]
  ) throws(ModelError) -> (loss: Term, softer: [Term], names: ObjectiveNames) {
    var names = ObjectiveNames()
    var parts: [Term] = []
    var entropies: [Term] = []
    var inputs: [(pair: Pair, student: Term, target: Term, variance: Double)] = []
    for (place, pair) in pairs.enumerated() {
      let student = try value(pair.student, builder, typed)
      let target = builder.input("teacher_\(place)", student.type)
      names.targets.append(builder.graph[target.id].name)
      inputs.append((pair, student, target, max(variances[place], 1e-12)))
    }
    for kind in kinds {
      switch kind {
      case .response, .feature:
        let wanted = Set((kind == .response ? responses : features).map(\.student))
        for entry in inputs where wanted.contains(entry.pair.student) {
          parts.append((entry.student - entry.target).squared.overall / entry.variance)
        }
      case .relation:
        guard
          let entry = inputs.last(where: { features.map(\.student).contains($0.pair.student) })
            ?? inputs.first
        else { continue }
        let difference = entry.student.relations - entry.target.relations
        parts.append(difference.squared.overall / (entry.variance * entry.variance))
      case .labels:
        guard let output = responses.first else { continue }
        let scores = try value(output.student, builder, typed)
        let rank = scores.type.shape?.rank ?? 2
        let truth = builder.input("labels", scores.type)
        names.labels = builder.graph[truth.id].name
        entropies = Self.temperatures.map { temperature in
          let softened = scores / temperature
          return -(truth * softened.logSoftmax(rank - 1)).sum([rank - 1]).overall
        }
      }
    }
    let sums = entropies.isEmpty ? [parts] : entropies.map { parts + [$0] }
    let losses = sums.compactMap { sum in
      sum.first.map { first in sum.dropFirst().reduce(first) { $0 + $1 } }
    }
    guard let first = losses.first else {
      throw ModelError(
        .request, "tuning: expected something to compare with the teacher, found none",
        hint: "give --loss response")
    }
    return (first, Array(losses.dropFirst()), names)
  }

  private func value(
    _ name: String, _ builder: GraphBuilder, _ typed: TypedGraph
  ) throws(ModelError) -> Term {
    guard let id = builder.graph.value(named: name), let type = typed.graph[id].tensorType,
      type.elementType == .float
    else {
      throw ModelError(.request, "'\(name)': expected a tensor of floats to compare, found none")
    }
    return Term(builder, id, type)
  }
}

extension Term {
  /// The mean over all elements, a scalar.
  fileprivate var overall: Term { reshaped([-1]).mean([0], keepsAxes: false) }

  /// Products between the samples, each divided by their length.
  fileprivate var relations: Term {
    let rows = reshaped([0, -1])
    return rows.times(rows.transposed([1, 0])) / rows.length(1)
  }
}
