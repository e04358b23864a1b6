internal import IR
internal import Operators

extension TypedGraph {
  /// The numbers of the weight behind a node's input, be they constant, made from constants, such as
  /// by dequantization, or integers whose scale the node itself reads.
  func weight(_ node: NodeID, _ port: Port) -> Tensor? {
    guard case .input(let slot) = port, let value = graph[node].inputs[safe: slot] ?? nil,
      let tensor = numbers(of: value, depth: 4)
    else { return nil }
    guard !tensor.elementType.isFloatingPoint, let op = op(node) else { return tensor }
    for case .quantized(slot, let scale, let zeroPoint, let axis)
      in op.channels(inputs(node), outputs(node)).relations
    {
      func operand(_ index: Int?) -> Tensor? {
        index.flatMap { graph[node].inputs[safe: $0] ?? nil }.flatMap { numbers(of: $0, depth: 1) }
      }
      return tensor.dequantized(
        scale: operand(scale), zeroPoint: operand(zeroPoint), axis: axis)
    }
    return tensor
  }

  /// Whether there is a weight behind a node's input.
  func hasWeight(_ node: NodeID, _ port: Port) -> Bool {
    guard case .input(let slot) = port, let value = graph[node].inputs[safe: slot] ?? nil else {
      return false
    }
    return isConstant(value, depth: 4)
  }

  /// The axis of a node's activation that a weight is summed over with along one of its own; nil where
  /// there is none, as for the state's weights of a recurrent layer.
  func activation(_ node: NodeID, of weight: Axis) -> Axis? {
    guard let op = op(node), hasWeight(node, weight.port) else { return nil }
    for relation in op.channels(inputs(node), outputs(node)).relations {
      let other: Axis
      switch relation {
      case .same(weight, let b): other = b
      case .same(let a, weight): other = a
      case .groupedColumns(weight, _, let channels, _): other = channels
      default: continue
      }
      // The first input is the data, unless it is the weight itself; others may be states.
      guard case .input(let slot) = other.port, slot == 0 || weight.port == .input(0),
        !hasWeight(node, other.port)
      else { continue }
      return other
    }
    return nil
  }

  private func isConstant(_ value: ValueID, depth: Int) -> Bool {
    if graph[value].initializer != nil || constant(value) != nil { return true }
    guard depth > 0, let node = graph[value].producer, op(node) != nil else { return false }
    let inputs = graph[node].inputs.compactMap { $0 }
    return !inputs.isEmpty && inputs.allSatisfy { isConstant($0, depth: depth - 1) }
  }

  private func numbers(of value: ValueID, depth: Int) -> Tensor? {
    if let tensor = graph[value].initializer ?? constant(value) { return tensor }
    guard isConstant(value, depth: depth), let node = graph[value].producer, let op = op(node),
      let place = graph[node].outputs.firstIndex(of: value)
    else { return nil }
    let operands = graph[node].inputs.map { input in
      input.flatMap { numbers(of: $0, depth: depth - 1) }
    }
    let results = try? evaluateConstant(
      op, label: graph.label(node), inputs: operands, outputs: graph[node].outputs.count)
    return results.flatMap { $0[safe: place] }
  }
}

extension Tensor {
  /// The numbers that integers stand for; the integers themselves where a parameter does not fit.
  fileprivate func dequantized(scale: Tensor?, zeroPoint: Tensor?, axis: Int) -> Tensor {
    guard let values = integers, dimensions.indices.contains(axis) else { return self }
    let span = AxisSpan(dimensions, axis: axis)
    func numbers(_ tensor: Tensor?) -> [Float]? {
      let found = tensor.flatMap { $0.floats ?? $0.integers?.map { Float($0) } }
      return found.flatMap { [1, span.length].contains($0.count) ? $0 : nil }
    }
    let scales = numbers(scale) ?? [1], zeros = numbers(zeroPoint) ?? [0]
    let floats = values.indices.map { index -> Float in
      let place = span.index(of: index)
      let zero = zeros[zeros.count == 1 ? 0 : place]
      return (Float(values[index]) - zero) * scales[scales.count == 1 ? 0 : place]
    }
    return Tensor(floats: floats, dimensions)
  }
}
