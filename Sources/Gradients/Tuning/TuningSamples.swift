import IR
internal import Samples

/// Samples in pieces: a model's inputs, the teacher's values and labels.
struct TuningSamples {
  /// Some samples as inputs of the training graph.
  struct Piece {
    let inputs: [String: Tensor]
    /// The number of groups.
    let count: Int
  }

  private let data: Dataset
  private let teacher: TeacherValues
  private let names: ObjectiveNames
  /// The number of classes, where labels count.
  private let classes: Int?
  /// How samples are changed; nil where they stay.
  private let alterer: SampleAlterer?

  /// The number of groups of samples.
  var count: Int { data.groupCount }

  init(
    _ data: Dataset, _ teacher: TeacherValues, _ names: ObjectiveNames, _ student: Model,
    alterer: SampleAlterer? = nil
  ) throws(ModelError) {
    self.data = data
    self.teacher = teacher
    self.names = names
    self.alterer = alterer
    guard names.labels != nil else {
      classes = nil
      return
    }
    guard data.labels != nil else {
      throw ModelError(.request, "tuning: expected an array 'labels' in the data, found none")
    }
    let output = student.graph.outputs.first.flatMap {
      $0.type?.tensor?.shape?.dimensions.last?.value
    }
    guard let output else {
      throw ModelError(
        .request, "tuning: expected a first output with a known number of classes, found another")
    }
    classes = output
  }

  /// Pieces of samples, in order; samples that only run alone are a piece each.
  ///
  /// - Parameter step: the step that they are for; nil where samples are to be as they are.
  func pieces(_ groups: [Int], step: Int? = nil) throws(ModelError) -> [Piece] {
    if let alterer, let step { return try altered(groups, by: alterer, step) }
    let size = data.batch == nil ? Tuner.piece : 1
    return try stride(from: 0, to: groups.count, by: size).map { start throws(ModelError) in
      try piece(Array(groups[start..<min(start + size, groups.count)]))
    }
  }

  /// Pieces of changed samples with what the teacher makes of these, and labels mixed as they are (Zhang et
  /// al., "mixup: beyond empirical risk minimization", 2018).
  private func altered(
    _ groups: [Int], by alterer: SampleAlterer, _ step: Int
  ) throws(ModelError) -> [Piece] {
    let (given, labels) = try data.picked(groups)
    let changed = alterer.run(given.merging(try truth(labels)) { own, _ in own }, step: step)
    let values = try teacher.values(of: changed.filter { given[$0.key] != nil })
    return stride(from: 0, to: groups.count, by: Tuner.piece).map { start in
      let rows = start..<min(start + Tuner.piece, groups.count)
      var part = changed.mapValues { $0.rows(rows) }
      for (name, tensor) in zip(names.targets, values) { part[name] = tensor.rows(rows) }
      return Piece(inputs: part, count: rows.count)
    }
  }

  private func piece(_ groups: [Int]) throws(ModelError) -> Piece {
    var (inputs, labels) = try data.picked(groups)
    for (name, tensor) in zip(names.targets, try teacher.values(groups)) { inputs[name] = tensor }
    inputs.merge(try truth(labels)) { own, _ in own }
    return Piece(inputs: inputs, count: groups.count)
  }

  /// The labels as an input: a row for each, 1 at its class; nothing where labels do not count.
  private func truth(_ labels: [Int]?) throws(ModelError) -> [String: Tensor] {
    guard let name = names.labels, let classes, let labels else { return [:] }
    var rows = [Float](repeating: 0, count: labels.count * classes)
    for (row, label) in labels.enumerated() {
      guard label >= 0, label < classes else {
        throw ModelError(
          .request, "labels: expected a class from 0 to \(classes - 1), found \(label)")
      }
      rows[row * classes + label] = 1
    }
    return [name: Tensor(floats: rows, [labels.count, classes])]
  }
}
