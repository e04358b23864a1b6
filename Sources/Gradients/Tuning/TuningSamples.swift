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

  /// The number of groups of samples.
  var count: Int { data.groupCount }

  init(
    _ data: Dataset, _ teacher: TeacherValues, _ names: ObjectiveNames, _ student: Model
  ) throws(ModelError) {
    self.data = data
    self.teacher = teacher
    self.names = names
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
  func pieces(_ groups: [Int]) throws(ModelError) -> [Piece] {
    let size = data.batch == nil ? Tuner.piece : 1
    return try stride(from: 0, to: groups.count, by: size).map { start throws(ModelError) in
      try piece(Array(groups[start..<min(start + size, groups.count)]))
    }
  }

  private func piece(_ groups: [Int]) throws(ModelError) -> Piece {
    var (inputs, labels) = try data.picked(groups)
    for (name, tensor) in zip(names.targets, try teacher.values(groups)) { inputs[name] = tensor }
    if let name = names.labels, let classes, let labels {
      var rows = [Float](repeating: 0, count: labels.count * classes)
      for (row, label) in labels.enumerated() {
        guard label >= 0, label < classes else {
          throw ModelError(
            .request, "labels: expected a class from 0 to \(classes - 1), found \(label)")
        }
        rows[row * classes + label] = 1
      }
      inputs[name] = Tensor(floats: rows, [labels.count, classes])
    }
    return Piece(inputs: inputs, count: groups.count)
  }
}
