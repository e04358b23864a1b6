package import IR

/// Elements picked along the last axis
/// (https://onnx.ai/onnx/operators/onnx_aionnxml_ArrayFeatureExtractor.html).
package struct ArrayFeatureExtractor: Learned {
  package static let schema = Schema(
    "ArrayFeatureExtractor", domain: "ai.onnx.ml", opsets: 1...5, inputs: 2...2)
  package static let traits = Traits(takesStrings: true, auxiliaryInputs: [1])

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    try inputs.requireRank(0, 1...Int.max)
    guard let shape = type.shape else { return [Inferred(type.elementType, nil)] }
    let count = inputs.shape(1)?.elementCount ?? .unknown
    let leading = shape.rank == 1 ? [.known(1)] : Array(shape.dimensions.dropLast())
    return [Inferred(type.elementType, Shape(leading + [count]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.input(0).shape
    let places = try context.requiredIntegers(1)
    guard let width = shape.last else {
      throw context.mismatch(0, expected: "at least one axis", found: "a scalar")
    }
    try context.require(
      places.allSatisfy { (0..<width).contains($0) }, 1, "places below \(width)")
    let leading = shape.count == 1 ? [1] : Array(shape.dropLast())
    let rows = try context.elementCount(leading)
    let offsets = (0..<rows).flatMap { row in places.map { row * width + $0 } }
    try context.gather(offsets, run: 1, shape: leading + [places.count])
  }
}
