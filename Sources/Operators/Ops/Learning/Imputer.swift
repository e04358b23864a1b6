package import IR

/// Values in place of a given one, NaN for missing ones, the same for all features or one each
/// (https://onnx.ai/onnx/operators/onnx_aionnxml_Imputer.html).
package struct Imputer: Learned {
  package static let schema = Schema(
    "Imputer", domain: "ai.onnx.ml", opsets: 1...5, inputs: 1...1)
  private let values: [Double]
  private let replaced: Double

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    if let floats = try node.floats("imputed_value_floats"), !floats.isEmpty {
      values = floats.map { Double($0) }
      replaced = Double(try node.float("replaced_value_float", default: 0))
    } else if let integers = try node.ints("imputed_value_int64s"), !integers.isEmpty {
      values = integers.map { Double($0) }
      replaced = Double(try node.int("replaced_value_int64", default: 0))
    } else {
      throw ModelError(.invalid, "\(node.label): expected values to put in, found none")
    }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let (_, width, given) = try context.rows()
    try context.require(
      values.count == 1 || values.count == width, 0, "\(values.count) features a row")
    let y = given.enumerated().map { place, value in
      let isReplaced = value == replaced || value.isNaN && replaced.isNaN
      return isReplaced ? values[values.count == 1 ? 0 : place % width] : value
    }
    try context.write(y, try context.input(0).elementType, try context.input(0).shape)
  }
}
