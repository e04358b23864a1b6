public import IR
internal import Operators
public import Samples

/// Puts what turns a picture's bytes into the model's numbers into the model:
/// `(pixel · scale - mean) / deviation`, and the order of colours.
///
/// Resizing and cropping stay outside: the input keeps its size.
public struct InsertPreprocessing: GraphEdit {
  /// The edit's name.
  public let name = "preprocess"
  private let input: String?
  private let preprocessing: Preprocessing
  private let elementType: ElementType

  /// Makes the edit.
  ///
  /// - Parameters:
  ///   - input: the input; nil for the only one that has three axes or more.
  ///   - elementType: what the input takes from then on: `uint8`, or a float type.
  public init(
    _ preprocessing: Preprocessing, on input: String? = nil,
    taking elementType: ElementType = .uint8
  ) {
    self.preprocessing = preprocessing
    self.input = input
    self.elementType = elementType
  }

  /// What is known of the input and of each colour's numbers.
  private struct Site {
    let index: Int
    let value: ValueID
    let name: String
    let type: TensorType
    /// The axis of colours.
    let axis: Int
    /// What a pixel is multiplied with, and what is added, a number for each colour as the model has
    /// them.
    let factors: [Double]
    let shifts: [Double]
    /// Whether red and blue change places.
    let swaps: Bool
  }

  private func site(_ graph: Graph) throws(ModelError) -> Site {
    let index = try graph.pictureInput(input)
    let info = graph.inputs[index]
    let called = graph[info.value].name
    guard let type = info.type?.tensor, let shape = type.shape, shape.rank == 4,
      [.float, .float16, .double].contains(type.elementType)
    else {
      throw ModelError(
        .request,
        "input '\(called)': expected a batch of pictures in floats, found \(info.type.map { "\($0)" } ?? "no type")"
      )
    }
    let found = shape.dimensions.map(\.value)
    func isColours(_ axis: Int) -> Bool { found[axis] == 3 || found[axis] == 1 }
    let layout = preprocessing.layout ?? (!isColours(1) && isColours(3) ? .nhwc : .nchw)
    let axis = layout == .nchw ? 1 : 3
    let colours = found[axis] ?? 3
    guard colours == 1 || colours == 3 else {
      throw ModelError(
        .request, "input '\(called)': expected 1 or 3 colours along axis \(axis), found \(type)",
        hint: "layout=… says how pixels lie")
    }
    guard preprocessing.order != .grey || colours == 1 else {
      throw ModelError(
        .request, "--preprocess: expected an input with one value a pixel for grey, found \(type)")
    }
    for (word, numbers) in [("mean", preprocessing.mean), ("std", preprocessing.deviation)] {
      guard numbers.count == 1 || numbers.count == colours else {
        throw ModelError(
          .request,
          "--preprocess: expected 1 or \(colours) numbers in '\(word)', found \(numbers.count)")
      }
    }
    func number(_ list: [Double], _ colour: Int) -> Double { list[list.count == 1 ? 0 : colour] }
    return Site(
      index: index, value: info.value, name: called, type: type, axis: axis,
      factors: (0..<colours).map { preprocessing.scale / number(preprocessing.deviation, $0) },
      shifts: (0..<colours).map {
        -number(preprocessing.mean, $0) / number(preprocessing.deviation, $0)
      },
      swaps: preprocessing.order == .bgr && colours == 3)
  }

  /// Inserts the arithmetic behind the input.
  ///
  /// - Throws: `ModelError` for an input that is no batch of pictures.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    let site = try site(model.graph)
    guard elementType == .uint8 || elementType == site.type.elementType else {
      throw ModelError(
        .request, "expected uint8 or \(site.type.elementType) as the new type, found \(elementType)"
      )
    }
    let new = try model.graph.handOnName(of: site.value, calling: "\(site.name)_prepared")
    model.graph.replaceInput(
      at: site.index, with: new, .tensor(TensorType(elementType, site.type.shape)))
    var chain = Chain(model.graph, site.name)
    var value = new
    if elementType != site.type.elementType {
      value = chain.add(site.type.elementType, site.type.shape) {
        SurgeryNodes.cast(value, to: site.type.elementType, into: $0, name: $1)
      }
    }
    if site.swaps {
      let order = chain.graph.addInitializer(
        "\(site.name)_colours", Tensor(int64: [2, 1, 0], [3]))
      value = chain.add(site.type.elementType, site.type.shape) {
        SurgeryNodes.pick(order, of: value, axis: site.axis, into: $0, name: $1)
      }
    }
    if site.factors.contains(where: { $0 != 1 }) {
      let factor = chain.constant("scale", site.factors, axis: site.axis, site.type.elementType)
      value = chain.add(site.type.elementType, site.type.shape) {
        SurgeryNodes.multiply(value, factor, into: $0, name: $1)
      }
    }
    if site.shifts.contains(where: { $0 != 0 }) {
      let shift = chain.constant("shift", site.shifts, axis: site.axis, site.type.elementType)
      value = chain.add(site.type.elementType, site.type.shape) {
        SurgeryNodes.add(value, shift, into: $0, name: $1)
      }
    }
    model.graph = chain.finish(into: site.value)
    if preprocessing.resize != nil || preprocessing.crop != nil {
      report.declined.append(
        .init(
          node: "input '\(site.name)'",
          text: "resizing and cropping stay outside of the model, which takes \(site.type)"))
    }
    report.applied.append(
      .init(
        node: "input '\(site.name)'",
        text: "takes \(TensorType(elementType, site.type.shape)) instead of \(site.type)"))
    return report
  }

  /// Nodes between a new input and the value that it took the name of.
  private struct Chain {
    var graph: Graph
    let stem: String
    private var names: Set<String>
    private let first: NodeID?
    private var last: NodeID?

    init(_ graph: Graph, _ stem: String) {
      self.graph = graph
      self.stem = stem
      names = graph.nodeNames
      first = graph.nodeIDs.first
    }

    mutating func add(
      _ type: ElementType, _ shape: Shape?, _ make: (ValueID, String) -> Node
    ) -> ValueID {
      let output = graph.addFreshValue("\(stem)_pixels", type: .tensor(TensorType(type, shape)))
      last = graph.add(make(output, freshName("\(stem)_pixels", &names)), before: first)
      return output
    }

    /// A number for each colour, shaped to broadcast along an axis of four.
    mutating func constant(
      _ word: String, _ numbers: [Double], axis: Int, _ type: ElementType
    ) -> ValueID {
      var dimensions = [1, 1, 1, 1]
      dimensions[axis] = numbers.count
      let storage =
        switch type {
        case .double: Storage(numbers)
        case .float16: Storage(numbers.map { Float16($0) })
        default: Storage(numbers.map { Float($0) })
        }
      return graph.addInitializer("\(stem)_\(word)", Tensor(type, dimensions, storage))
    }

    /// The graph in which the last node computes `target`.
    func finish(into target: ValueID) -> Graph {
      var graph = graph
      if let last {
        graph.setOutput(last, slot: 0, to: target)
      } else {
        // Nothing to compute: the new input takes the place of the old one as it is.
        var names = names
        let source = graph.inputs.first { graph[$0.value].name == stem }?.value
        if let source {
          graph.add(
            SurgeryNodes.identity(source, into: target, name: freshName("\(stem)_same", &names)),
            before: first)
        }
      }
      return graph
    }
  }

  /// Runs the edited model on random bytes, and the one before on the numbers that they become,
  /// computed apart in double precision.
  public func prove(
    _ before: Model, _ after: Model, _ verification: Verification
  ) throws(ModelError) -> EditProof {
    let runs = EditRuns(verification: verification)
    let site = try site(before.graph)
    let names = before.graph.tensorOutputs
    var generator = SplitMix64(seed: verification.seed)
    let sample = try runs.sample(after, outputs: names) { name, tensor in
      guard name == site.name else { return tensor }
      let bytes = (0..<tensor.count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      guard elementType != .uint8 else { return Tensor(.uint8, tensor.dimensions, Storage(bytes)) }
      return Self.tensor(bytes.map { Double($0) }, elementType, tensor.dimensions)
    }
    guard let sample, let pixels = sample.inputs[site.name], let raw = pixels.doubles else {
      return .notRunnable
    }
    var inputs = sample.inputs
    inputs[site.name] = Self.tensor(
      Self.prepared(raw, pixels.dimensions, site), site.type.elementType, pixels.dimensions)
    guard let old = try runs.run(before, inputs, outputs: names) else { return .notRunnable }
    return EditProof(
      try runs.compare(names.map { ($0, old[$0], sample.outputs[$0]) }), on: " on random pixels")
  }

  private static func prepared(_ raw: [Double], _ dimensions: [Int], _ site: Site) -> [Double] {
    let colours = dimensions[site.axis]
    let inner = dimensions[(site.axis + 1)...].reduce(1, *)
    return raw.indices.map { index in
      let colour = index / inner % colours
      // The picture has red first; where the model has blue first, the other end is read.
      let source = site.swaps ? index + (colours - 1 - 2 * colour) * inner : index
      let place = site.factors.count == 1 ? 0 : colour
      return raw[source] * site.factors[place] + site.shifts[place]
    }
  }

  private static func tensor(
    _ values: [Double], _ type: ElementType, _ dimensions: [Int]
  ) -> Tensor {
    switch type {
    case .double: Tensor(type, dimensions, Storage(values))
    case .float16: Tensor(type, dimensions, Storage(values.map { Float16($0) }))
    default: Tensor(type, dimensions, Storage(values.map { Float($0) }))
    }
  }
}
