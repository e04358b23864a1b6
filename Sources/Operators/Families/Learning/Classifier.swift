package import IR
import Kernels

/// An operator that names a class for each row of features, and scores every class.
package protocol Classifier: Learned, ValueOperator {
  /// What classes are called.
  var labels: ClassLabels { get }
  /// How many scores each row gets: one a class, unless said otherwise.
  var scoreCount: Int { get }
  /// For each row the place of its class among the labels, and its scores.
  func classify(_ rows: Evaluation) throws(ModelError) -> [(label: Int, scores: [Double])]
}

extension Classifier {
  package var scoreCount: Int { labels.count }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let rows = inputs.rowCount
    return [
      Inferred(labels.elementType, Shape([rows])),
      Inferred(.float, Shape([rows, .known(scoreCount)])),
    ]
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "compares numbers with those of its attributes")
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let x = try call.tensor(0)
    guard let storage = x.storage else { throw call.mismatch(0, expected: "numbers") }
    let rows = try storage.withUnsafeBytes { bytes throws(ModelError) in
      let view = TensorView(x.elementType, x.dimensions, bytes)
      return try classify(
        Evaluation(label: call.label, inputs: [view], outputs: [true]) {
          _, _, shape throws(ModelError) in
          throw ModelError(.unsupported, "\(call.label): no output of shape \(shape) is made here")
        })
    }
    let scores = rows.flatMap { $0.scores.map { Float($0) } }
    return [
      .tensor(labels.tensor(rows.map(\.label))),
      .tensor(Tensor(floats: scores, [rows.count, scoreCount])),
    ]
  }
}

/// What the classes of a classifier are called: integers or texts.
package struct ClassLabels: Sendable {
  private let integers: [Int]
  private let texts: [[UInt8]]

  /// - Parameters:
  ///   - integers: the attribute that lists integers.
  ///   - least: how many there are at least.
  init(_ node: NodeView, integers name: String, atLeast least: Int) throws(ModelError) {
    integers = try node.ints(name) ?? []
    texts = try node.strings("classlabels_strings") ?? []
    guard integers.isEmpty != texts.isEmpty, max(integers.count, texts.count) >= least else {
      throw ModelError(
        .invalid,
        "\(node.label): expected \(least) classes or more, all of them numbers or all of them texts,"
          + " found \(integers.count) numbers and \(texts.count) texts")
    }
  }

  package var count: Int { max(integers.count, texts.count) }
  package var elementType: ElementType { texts.isEmpty ? .int64 : .string }

  /// The names of these classes.
  func tensor(_ places: [Int]) -> Tensor {
    texts.isEmpty
      ? Tensor(int64: places.map { integers[$0] }, [places.count])
      : Tensor(strings: places.map { texts[$0] }, [places.count])
  }
}

extension [Double] {
  /// The place of the largest, the first of equals; 0 where there is none.
  var largestPlace: Int {
    var place = 0
    for index in indices where self[index] > self[place] { place = index }
    return place
  }
}
