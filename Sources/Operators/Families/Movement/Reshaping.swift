package import IR

/// Operators whose output has the elements of input 0 in the same order under another shape.
package protocol Reshaping: Operator {
  /// The output's shape; nil when not known.
  func shape(_ inputs: Inputs) throws(ModelError) -> Shape?
}

extension Reshaping {
  package var conditioning: Conditioning { .relative }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.elementType(0), try shape(inputs), data: inputs.data(0))]
  }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool {
    guard let from = inputs.shape(0), let to = outputs.first?.shape else { return false }
    return from == to && !from.dimensions.contains(.unknown)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let from = inputs.shape(0) else { return .barrier("shape of input 0 is not known") }
    guard let to = outputs.first?.shape else { return .barrier("shape of output 0 is not known") }
    return .movement(passing: preservedAxes(from, to))
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .shared(inputs: [0]) }
}

/// Axes that a change of shape obviously leaves alone: equal lengths from the front, then, among
/// the others, equal lengths from the back.
func preservedAxes(_ from: Shape, _ to: Shape) -> [(input: Int, output: Int)] {
  let shorter = min(from.rank, to.rank)
  func same(_ a: Int, _ b: Int) -> Bool { from[a] == to[b] && from[a] != .unknown }
  var front = 0
  while front < shorter, same(front, front) { front += 1 }
  var back = 0
  while back < shorter - front, same(from.rank - 1 - back, to.rank - 1 - back) { back += 1 }
  return (0..<front).map { ($0, $0) }
    + (0..<back).reversed().map {
      (from.rank - 1 - $0, to.rank - 1 - $0)
    }
}
