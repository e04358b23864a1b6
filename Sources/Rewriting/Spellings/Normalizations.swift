internal import IR
package import Operators

/// LayerNormalization and RMSNormalization over the last axes: with d = x − mean(x),
/// `d/√(mean(d²) + ε)` and `x/√(mean(x²) + ε)`. The roots are divided by in many spellings. A scale
/// and a bias follow as a product and a sum with constants.
extension Spellings {
  /// The value of the pattern is `d/√(mean(d²) + ε)`; nodes `mean` and `variance`, constant
  /// `epsilon`.
  package static let layerNormalization: Pattern = {
    let centred = Pattern.op("Sub", x, .op("ReduceMean", x, name: "mean"), name: "d")
    let spelling = normalized(.value("d"), mean: .square("d"), name: "variance")
    return .either([
      .with(spelling, "d", centred),
      // The centre is computed twice.
      normalized(centred, mean: .square(centred), name: "variance"),
    ])
  }()

  /// The value of the pattern is `x/√(mean(x²) + ε)`; node `mean`, constant `epsilon`.
  package static let rmsNormalization = normalized(x, mean: .square("x"), name: "mean")

  /// The same with what follows it: constant `scale`.
  package static let scaledRMSNormalization = Pattern.op(
    "Mul", rmsNormalization, .constant("scale"))

  /// The operator that a scaled RMSNormalization over the last axis spells.
  package static func rmsOperator(epsilon: Float) -> (any Operator)? {
    let name = OperatorName("RMSNormalization")
    guard let opset = Registry.opsets(of: name).last?.upperBound else { return nil }
    let view = NodeView(
      label: name.type, attributes: [Attribute("epsilon", .float(epsilon))], inputs: [true, true],
      outputs: [true])
    return (try? Registry.make(name, opset: opset, view)) ?? nil
  }

  /// What follows the core of a LayerNormalization: constants `scale` and `bias`.
  package static func scaledAndShifted(_ core: Pattern) -> Pattern {
    .op("Add", .op("Mul", core, .constant("scale")), .constant("bias"))
  }

  /// `d/√(mean(square) + ε)` in its spellings.
  private static func normalized(_ d: Pattern, mean square: Pattern, name: String) -> Pattern {
    let v = Pattern.op("Add", .op("ReduceMean", square, name: name), .scalar("epsilon"))
    return .either([
      .op("Div", d, .op("Sqrt", v)), .op("Div", d, .op("Pow", v, .number(0.5))),
      .op("Mul", d, .op("Reciprocal", .op("Sqrt", v))),
      .op("Mul", d, .op("Div", .number(1), .op("Sqrt", v))),
      .op("Mul", d, .op("Pow", v, .number(-0.5))),
    ])
  }
}
